// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import RegKit

struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show one version or one run.",
        usage: "reg show <ref> [<option> ...]",
        discussion: """
              reg show detector
              reg show detector@v3 --json
              reg show run-1f2e3d4c5b6a
            """)

    @Argument(
        help: ArgumentHelp(
            "NAME, NAME@v7, NAME@ALIAS, NAME@run-ID, NAME@sha256:PREFIX or NAME@REVISION; or run-ID.",
            valueName: "ref"),
        transform: textArgument)
    var reference: String
    @OptionGroup var shared: SharedOptions

    func run() throws {
        if reference.hasPrefix("run-") && !reference.contains("@") {
            _ = try shared.report { session in try session.show(run: reference) }
            return
        }
        try shared.report { session in try session.show(reference) }
    }
}
