// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import RegKit

struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls",
        abstract: "List the artifacts, or the files of one version.",
        usage: "reg ls [<ref>] [<option> ...]",
        discussion: """
              reg ls
              reg ls detector@v3
              reg ls detector --json
            """)

    @Argument(
        help: ArgumentHelp("The version whose files to list.", valueName: "ref"), transform: textArgument)
    var reference: String?
    @OptionGroup var shared: SharedOptions

    func run() throws {
        if let reference {
            try shared.report { session in FileListAnswer(report: try session.show(reference)) }
        } else {
            try shared.report { session in try session.list() }
        }
    }
}
