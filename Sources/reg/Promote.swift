// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import RegKit
internal import RegLog

struct Promote: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "promote",
        abstract: "Move an alias to a version, if its gate allows.",
        usage: "reg promote <ref> --to <alias> [<option> ...]",
        discussion: """
            The gate is the table [gate.ALIAS] in the reg.toml of the commit that is
            checked out; metrics come from runs, or from 'reg push --metrics'. Nothing
            moves where a condition is not met: the exit code is then 10.

              reg promote detector@v7 --to prod --dry-run
              reg promote detector --to prod
              reg promote detector@v6 --to prod --no-gate "v7 crashes on site 4"
            """)

    @Argument(
        help: ArgumentHelp(
            "NAME, NAME@v7, NAME@ALIAS, NAME@run-ID, NAME@sha256:PREFIX or NAME@REVISION.", valueName: "ref"),
        transform: textArgument)
    var reference: String
    @Option(
        name: .customLong("to"), help: ArgumentHelp("The alias, such as prod.", valueName: "alias"),
        transform: aliasArgument)
    var alias: Alias
    @Option(
        help: ArgumentHelp("This gate, instead of the one named like the alias.", valueName: "name"),
        transform: textArgument)
    var gate: String?
    @Option(
        name: .customLong("no-gate"),
        help: ArgumentHelp("Ask no gate, and record why.", valueName: "reason"), transform: textArgument)
    var reason: String?
    @Flag(name: .customLong("dry-run"), help: "Only look what the gate says.")
    var isDryRun = false
    @OptionGroup var shared: SharedOptions

    func validate() throws {
        if gate != nil && reason != nil { throw ValidationError("--gate and --no-gate exclude each other") }
    }

    func run() throws {
        var request = PromoteRequest(reference, to: alias)
        request.gate = gate
        request.reason = reason
        request.isDryRun = isDryRun
        let report = try shared.report { session in try session.promote(request) }
        if let failure = report.failure { throw failure }
    }
}
