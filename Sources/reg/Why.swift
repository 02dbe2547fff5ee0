// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import RegKit

struct Why: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "why",
        abstract: "Tell where a version comes from.",
        usage: "reg why <ref> [<option> ...]",
        discussion: """
            Which run, commit and data made it, what was measured, which gate let it
            through, who and when.

              reg why detector@prod
            """)

    @Argument(
        help: ArgumentHelp(
            "NAME, NAME@v7, NAME@ALIAS, NAME@run-ID, NAME@sha256:PREFIX or NAME@REVISION.", valueName: "ref"),
        transform: textArgument)
    var reference: String
    @OptionGroup var shared: SharedOptions

    func run() throws {
        try shared.report { session in try session.why(reference) }
    }
}
