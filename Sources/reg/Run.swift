// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import RegBytes
internal import RegKit
internal import RegLock

struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run a command under a pin and archive what comes out.",
        usage: "reg run --pin <file|id> [--out <name=path> ...] [<option> ...] [-- <command> ...]",
        discussion: """
            The command starts in a fresh directory with the pin's code (writable) and its
            artifacts (read-only), and nothing else. It finds REG_RUN_ID, REG_PIN,
            REG_INPUTS, REG_OUTPUTS (a directory to write to) and REG_METRICS (a file).
            Outputs, metrics, log, exit status and times become one record.

              reg run --pin job.pin --out detector=best.safetensors
              reg run --pin sha256:5d20c1 -- python3 evaluate.py
              reg run --resume run-1f2e3d4c5b6a

            Ends as the command does; with 126 or 127 where it cannot be started, and with
            a code of reg's own (reg --help) where the command succeeds and reg does not.
            """)

    @Option(
        name: .customLong("pin"),
        help: ArgumentHelp("The pin: its file, or its id.", valueName: "file|id"),
        completion: .file(), transform: textArgument)
    var pin: String?
    @Option(
        name: .customLong("out"),
        help: ArgumentHelp(
            "What of REG_OUTPUTS becomes a version of which artifact; may be repeated.",
            valueName: "name=path"),
        transform: outputArgument)
    var outputs: [RunRequest.Output] = []
    @Option(
        name: .customLong("inputs"),
        help: ArgumentHelp("Whether artifacts are links into the cache or copies.", valueName: "link|copy"),
        completion: .list(InputForm.allCases.map(\.rawValue)))
    var inputs = InputForm.link
    @Option(
        name: .customLong("writable"),
        help: ArgumentHelp("An artifact that the command may change; may be repeated.", valueName: "name"),
        transform: nameArgument)
    var writable: [ArtifactName] = []
    @Option(
        name: .customLong("resume"),
        help: ArgumentHelp("Go on with a run that did not succeed, and its outputs.", valueName: "run"),
        transform: textArgument)
    var resumed: String?
    @Argument(parsing: .postTerminator, help: ArgumentHelp("Instead of the pin's.", valueName: "command"))
    var command: [String] = []
    @OptionGroup var shared: SharedOptions

    enum InputForm: String, CaseIterable, ExpressibleByArgument {
        case link, copy
    }

    private var request: RunRequest {
        var request = RunRequest()
        request.pin = pin
        request.command = command.map { argumentBytes($0).bytes }
        request.outputs = outputs
        request.inputs.copies = inputs == .copy
        request.inputs.writable = Set(writable.map(\.text))
        request.resumed = resumed
        request.sparesOutput = shared.isJSON
        return request
    }

    func run() throws {
        let report = try shared.inSession(showing: shared.progressForm) { try $0.run(request) }
        try shared.tell(report)
        if let failure = report.failure, report.commandExit == 0 { throw failure }
        if report.exit != 0 { throw CommandEnd(exitCode: report.exit) }
    }
}

extension SharedOptions {
    /// Says what became of a command that has had standard output to itself.
    func tell(_ report: some Answer) throws {
        if isJSON { return try StandardOutput().print(report, isJSON: true, isVerbose: isVerbose) }
        if isQuiet { return }
        var style = TextStyle.ofStandardError
        style.isVerbose = isVerbose
        writeToStandardError(report.lines(style).map { $0 + "\n" }.joined())
    }
}
