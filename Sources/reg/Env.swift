// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import RegKit

struct Env: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "env",
        abstract: "Make the directory of a pin, to work there by hand.",
        usage: "reg env --pin <file|id> [<option> ...]",
        discussion: """
            Prints the variables that a run would find, as lines for a shell: for work by
            hand, or an IDE's remote interpreter. The directory stays.

              reg env --pin job.pin
              eval "$(reg env --pin job.pin)" && cd "$REG_INPUTS"
            """)

    @Option(
        name: .customLong("pin"),
        help: ArgumentHelp("The pin: its file, or its id.", valueName: "file|id"),
        completion: .file(), transform: textArgument)
    var pin: String
    @OptionGroup var shared: SharedOptions

    func run() throws {
        try shared.report { session in try session.environment(ofPin: pin) }
    }
}
