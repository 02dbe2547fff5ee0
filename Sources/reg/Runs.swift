// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import RegKit

struct Runs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "runs",
        abstract: "List runs, those that were started last first.",
        usage: "reg runs [<option> ...]",
        discussion: """
            Those of the registry, and those of this host that it does not have yet.
            -v has all outputs and metrics.

              reg runs
              reg runs -n 100 --json
            """)

    @Option(
        name: .customShort("n"), help: ArgumentHelp("How many at most.", valueName: "number"),
        transform: countArgument)
    var limit = 20
    @OptionGroup var shared: SharedOptions

    func run() throws {
        try shared.report { session in try session.runs(limit: limit) }
    }
}
