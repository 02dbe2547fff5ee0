// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import RegBytes
internal import RegKit

struct Cat: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cat",
        abstract: "Write the bytes of one file to standard output.",
        usage: "reg cat <name[@version]:path> [<option> ...]",
        discussion: """
            With --range only what those bytes need is fetched. The bytes come as they
            are; --json only shapes a failure.

              reg cat configs:train.yaml
              reg cat detector@v3:model.safetensors --range 0-7
            """)

    @Argument(
        help: ArgumentHelp("The version and the file's path in it.", valueName: "name[@version]:path"),
        transform: pathArgument)
    var file: BytePath
    @Option(
        help: ArgumentHelp("Only the bytes from A to B, both included, the first being 0.", valueName: "a-b"),
        transform: rangeArgument)
    var range: ClosedRange<UInt64>?
    @OptionGroup var shared: SharedOptions

    func run() throws {
        let output = StandardOutput()
        // A bar would be drawn into the bytes where both are on the terminal.
        let form = output.isTerminal ? .none : shared.progressForm
        do {
            try shared.inSession(showing: form) { session in
                try session.cat(file, range: range) { try output.write($0) }
            }
        } catch {
            // A reader that has gone wanted no more.
            if !output.isClosed { throw error }
        }
    }
}
