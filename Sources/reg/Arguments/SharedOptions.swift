// SPDX-License-Identifier: Apache-2.0
internal import ArgumentParser
internal import RegKit

/// The flags that every command takes.
struct SharedOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("The registry, instead of the one in reg.toml.", valueName: "url"),
        completion: .directory, transform: textArgument)
    var registry: String?

    @Option(
        help: ArgumentHelp("The S3 server of the registry's bucket, instead of Amazon's.", valueName: "url"),
        transform: textArgument)
    var endpoint: String?

    @Flag(name: .customLong("json"), help: "Print one JSON document.")
    var isJSON = false

    @Flag(name: [.customShort("q"), .customLong("quiet")], help: "No progress, no notes, no confirmations.")
    var isQuiet = false

    @Flag(name: [.customShort("v"), .customLong("verbose")], help: "Print more: whole digests, all files.")
    var isVerbose = false

    @Option(
        name: .shortAndLong, help: ArgumentHelp("Threads to work with.", valueName: "number"),
        transform: countArgument)
    var jobs: Int?

    @Flag(name: .customLong("progress"), help: "Report progress also where standard error is no terminal.")
    var showsProgress = false

    @Flag(name: .customLong("accept-rollback"), help: "Go on with a registry that lost records seen before.")
    var acceptsRollback = false
}

extension SharedOptions {
    /// Runs `verb` in a session and prints its answer.
    @discardableResult
    func report<Report: Answer>(_ verb: (Session) throws -> Report) throws -> Report {
        let answer = try inSession(showing: progressForm, verb)
        if !isJSON && !isQuiet {
            let lines = answer.warnings.map { "warning: \($0)\n" } + answer.notes.map { "note: \($0)\n" }
            writeToStandardError(lines.joined())
        }
        if isJSON || !isQuiet || !answer.isConfirmation {
            try StandardOutput().print(answer, isJSON: isJSON, isVerbose: isVerbose)
        }
        return answer
    }

    /// Runs `verb` in a session; its progress and notices go to standard error meanwhile.
    func inSession<Result>(
        showing form: ProgressDisplay.Form, _ verb: (Session) throws -> Result
    ) throws -> Result {
        let display = ProgressDisplay(form)
        defer { display.finish() }
        return try verb(Session(sessionOptions(display)))
    }

    /// How progress is shown, going by the flags and by what standard error is.
    var progressForm: ProgressDisplay.Form {
        if isQuiet { return .none }
        if Terminal.isInteractive { return .bar }
        return showsProgress ? .lines : .none
    }

    private func sessionOptions(_ display: ProgressDisplay) -> SessionOptions {
        var options = SessionOptions()
        options.registry = registry
        options.endpoint = endpoint
        options.jobs = jobs
        options.acceptsRollback = acceptsRollback
        if display.form != .none { options.progress = { display.update($0) } }
        let isQuiet = isQuiet
        options.notice = { if !isQuiet { display.say($0) } }
        return options
    }
}
