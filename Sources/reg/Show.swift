// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import RegKit

struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show one version: author, time, commits, files.",
        usage: "reg show <ref> [<option> ...]",
        discussion: """
              reg show detector
              reg show detector@v3 --json
            """)

    @Argument(
        help: ArgumentHelp(
            "NAME, NAME@v7, NAME@ALIAS, NAME@run-ID, NAME@sha256:PREFIX or NAME@REVISION.", valueName: "ref"),
        transform: textArgument)
    var reference: String
    @OptionGroup var shared: SharedOptions

    func run() throws {
        try shared.report { session in try session.show(reference) }
    }
}
