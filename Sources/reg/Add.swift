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

              reg add data/train/ weights/model.safetensors
              reg add runs/7/best.safetensors --as detector --type weights
              reg add
            """)

    @Argument(
        help: ArgumentHelp("Files and directories.", valueName: "path"), completion: .file(),
        transform: pathArgument)
    var paths: [BytePath] = []
    @OptionGroup var naming: NamingOptions
    @OptionGroup var shared: SharedOptions

    func run() throws {
        try shared.report { session in
            try session.add(paths: paths, name: naming.name, type: naming.type)
        }
    }
}
