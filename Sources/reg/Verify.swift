// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import RegKit

struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check the registry; with --data every byte of it.",
        usage: "reg verify [<ref>] [<option> ...]",
        discussion: """
            Never writes. Problems are printed, and the exit code is then 4.

              reg verify
              reg verify detector@v3 --data
            """)

    @Argument(
        help: ArgumentHelp("Only what this version needs.", valueName: "ref"), transform: textArgument)
    var reference: String?
    @Flag(name: .customLong("data"), help: "Read everything back and compare its hashes.")
    var isDataChecked = false
    @OptionGroup var shared: SharedOptions

    func run() throws {
        let report = try shared.report { session in
            try session.verify(reference, isDataChecked: isDataChecked)
        }
        guard report.problems.isEmpty else { throw report.failure }
    }
}
