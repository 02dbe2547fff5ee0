// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import RegKit
internal import RegLock

struct Log: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log",
        abstract: "Show the history, newest first.",
        usage: "reg log [<name>] [<option> ...]",
        discussion: """
              reg log -n 10
              reg log detector
            """)

    @Argument(help: ArgumentHelp("The artifact.", valueName: "name"), transform: nameArgument)
    var name: ArtifactName?
    @Option(
        name: .customShort("n"), help: ArgumentHelp("At most this many entries.", valueName: "number"),
        transform: countArgument)
    var limit: Int?
    @OptionGroup var shared: SharedOptions

    func run() throws {
        try shared.report { session in
            HistoryAnswer(entries: try session.history(of: name, limit: limit ?? .max))
        }
    }
}
