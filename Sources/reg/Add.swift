// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import RegBytes
internal import RegKit
internal import RegLock

struct Add: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Store files and update reg.lock.",
        usage: "reg add [<path> ...] [<option> ...]",
        discussion: """
            A directory becomes one artifact. Without a path, what changed is added again.
            Symbolic links are refused unless --symlinks says what to do with them: keep
            stores the links, follow stores what they lead to.

              reg add data/train/ weights/model.safetensors
              reg add runs/7/best.safetensors --as detector --type weights
              reg add
            """)

    @Argument(
        help: ArgumentHelp("Files and directories.", valueName: "path"), completion: .file(),
        transform: pathArgument)
    var paths: [BytePath] = []
    @OptionGroup var naming: NamingOptions
    @Option(
        name: .customLong("symlinks"),
        help: ArgumentHelp("What to do with symbolic links: keep them, or follow them.", valueName: "policy"),
        completion: .list(LinkPolicy.allCases.map(\.rawValue)), transform: linkPolicyArgument)
    var links: LinkPolicy?
    @OptionGroup var deltas: DeltaFlags
    @OptionGroup var shared: SharedOptions

    func run() throws {
        try shared.report { session in
            try session.add(
                paths: paths, name: naming.name, type: naming.type, links: links,
                deltas: deltas.options)
        }
    }
}
