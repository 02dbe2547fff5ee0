// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import RegBytes
internal import RegKit

struct Pin: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pin",
        abstract: "Freeze a commit and all that a run of it needs.",
        usage: "reg pin [<revision>] [<option> ...] [-- <command> ...]",
        discussion: """
            Records the commit's files, the artifacts of its reg.lock by their digests, and
            as far as they are given: command, image, seed, variables. The same inputs give
            the same id. Without a revision the working tree must not differ from HEAD.

              reg pin -o job.pin -- python3 train.py
              reg pin --with detector@v8 --image team/train@sha256:5d20...
            """)

    @Argument(
        help: ArgumentHelp("The commit to pin, instead of HEAD.", valueName: "revision"),
        transform: textArgument)
    var revision: String?
    @Option(
        name: .customLong("with"),
        help: ArgumentHelp("A version in place of the lock's, such as a candidate.", valueName: "ref"),
        transform: textArgument)
    var candidates: [String] = []
    @Option(
        help: ArgumentHelp("The image that runs it, by digest.", valueName: "ref@digest"),
        transform: textArgument)
    var image: String?
    @Option(help: ArgumentHelp("A seed, which the run finds in REG_SEED.", valueName: "number"))
    var seed: UInt64?
    @Option(
        name: .customLong("env"),
        help: ArgumentHelp("A variable whose value runs record; may be repeated.", valueName: "name"),
        transform: textArgument)
    var environment: [String] = []
    @Flag(name: .customLong("with-patch"), help: "Take changed files as they are now.")
    var takesChanges = false
    @Option(
        name: .shortAndLong, help: ArgumentHelp("Write the pin to a file.", valueName: "file"),
        completion: .file(), transform: pathArgument)
    var output: BytePath?
    @Argument(
        parsing: .postTerminator, help: ArgumentHelp("What a run starts.", valueName: "command"))
    var command: [String] = []
    @OptionGroup var shared: SharedOptions

    private var request: PinRequest {
        var request = PinRequest()
        request.revision = revision
        request.candidates = candidates
        request.command = command
        request.environment = environment
        request.image = image
        request.seed = seed
        request.takesChanges = takesChanges
        request.output = output
        return request
    }

    func run() throws {
        try shared.report { session in try session.pin(request) }
    }
}
