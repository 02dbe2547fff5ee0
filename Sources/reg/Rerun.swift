// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import RegKit

struct Rerun: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rerun",
        abstract: "Run once more what a run did, and compare.",
        usage: "reg rerun <run> [<option> ...]",
        discussion: """
            Needs nothing but the registry: code, artifacts and the command are in it. The
            new run is recorded as a repetition of the old one.

              reg rerun run-1f2e3d4c5b6a
            """)

    @Argument(
        help: ArgumentHelp("run- and the first digits of its id.", valueName: "run"), transform: textArgument)
    var original: String
    @OptionGroup var shared: SharedOptions

    func run() throws {
        let report = try shared.inSession(showing: shared.progressForm) {
            try $0.rerun(original, sparesOutput: shared.isJSON)
        }
        try shared.tell(report)
        if let failure = report.run.failure, report.run.commandExit == 0 { throw failure }
        if report.run.exit != 0 { throw CommandEnd(exitCode: report.run.exit) }
    }
}
