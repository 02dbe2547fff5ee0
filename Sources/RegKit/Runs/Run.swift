// SPDX-License-Identifier: Apache-2.0
package import RegBytes
internal import RegCache
internal import RegCatalog
internal import RegFiles
internal import RegGit
package import RegHash
internal import RegJSON
internal import RegJobs
package import RegLock
package import RegLog
package import RegMetrics
internal import RegPin
internal import RegProcess

package struct RunRequest: Sendable {
    /// An output that becomes a version of `name`: `path` below `REG_OUTPUTS`.
    package struct Output: Sendable {
        package let name: ArtifactName
        package let path: BytePath

        package init(name: ArtifactName, path: BytePath) {
            self.name = name
            self.path = path
        }
    }

    /// A pin's id, or the path of its file; nil where a run is resumed, which has one.
    package var pin: String?
    /// The program and its arguments; empty for the pin's.
    package var command: [[UInt8]] = []
    package var outputs: [Output] = []
    package var inputs = InputOptions()
    /// The run to go on with.
    package var resumed: String?
    /// Whether the command's output goes to our standard error.
    package var sparesOutput = false
    /// The run that this one repeats.
    package var original: RandomName?

    package init() {}

    func command(of pin: Pin) -> [[UInt8]] {
        command.isEmpty ? pin.command.map { Array($0.utf8) } : command
    }
}

package struct RunReport: Sendable {
    package let id: RandomName
    package let attempt: UInt64
    package let pin: Digest
    /// Nil where another rank records it.
    package let status: Operation.Run.Status?
    /// That of the command.
    package let commandExit: UInt8
    /// That of reg: the command's, or what else is wrong.
    package let exit: Int32
    package let outputs: [Operation.Run.Output]
    package let metrics: Metrics
    /// Nil where the run is not archived yet.
    package let record: UInt64?
    package let problems: [String]
    /// Of the problems, the outputs that had to be there and are not.
    package let missing: [String]
    /// Why it is not archived.
    package let failure: RegError?
    package let notes: [String]
}

extension Session {
    /// Runs a command on a clean copy of what a pin names, and archives what comes out.
    package func run(_ request: RunRequest) throws -> RunReport {
        let earlier = try verb { try earlierStart(request) }
        if let report = try verb({ try finishedRun(earlier) }) { return report }
        let run = try verb { try preparedRun(request, earlier) }
        // Not within a verb, which may run twice.
        let state = try execute(run, sparesOutput: request.sparesOutput)
        return run.isRecorder
            ? try archived(run.directory, state) : try explained { try leave(run, state) }
    }

    /// Archives a run that has ended; where that fails, it waits in its directory.
    func archived(
        _ directory: RunDirectory, _ state: RunState, notes: [String] = []
    ) throws -> RunReport {
        let ending = try state.commandEnding
        let pin = try explained { try directory.pin() }
        var archived: ArchivedRun?
        var failure: RegError?
        do { archived = try verb { try archive(directory, state, pin: pin) } } catch let error as RegError {
            failure = error
        }
        let missing = archived?.missing ?? []
        let kind =
            ending.isTainted ? RegError.Kind.corrupt : failure?.kind ?? (missing.isEmpty ? nil : .notFound)
        return RunReport(
            id: state.id, attempt: state.attempt, pin: pin.id, status: archived?.run.status,
            commandExit: ending.exit, exit: ending.exit != 0 ? Int32(ending.exit) : kind?.exitCode ?? 0,
            outputs: archived?.run.outputs ?? [], metrics: archived?.run.metrics ?? Metrics(),
            record: archived?.record, problems: archived?.problems ?? ending.problems, missing: missing,
            failure: failure, notes: notes)
    }

    /// What a rank does that does not record the run.
    private func leave(_ run: PreparedRun, _ state: RunState) throws -> RunReport {
        let ending = try state.commandEnding
        try run.directory.leave()
        return RunReport(
            id: state.id, attempt: state.attempt, pin: run.files.pin.id, status: nil,
            commandExit: ending.exit,
            exit: ending.exit != 0
                ? Int32(ending.exit) : ending.isTainted ? RegError.Kind.corrupt.exitCode : 0, outputs: [],
            metrics: Metrics(), record: nil, problems: ending.problems, missing: [], failure: nil,
            notes: ["rank 0 records the run"])
    }
}

/// A run whose directory is ready.
private struct PreparedRun {
    let directory: RunDirectory
    let files: PinnedFiles
    let inputs: InputOptions
    var state: RunState
    /// That of this process; the first one records the run.
    let rank: Int
    let isShared: Bool
    /// Whether an earlier attempt has left something.
    let isResumed: Bool
    /// Keeps the inputs from being taken for leftovers.
    let inputsGuard: Descriptor

    var isRecorder: Bool { rank == 0 }

    /// What a file of this rank is called.
    func name(_ name: BytePath) -> BytePath { isRecorder ? name : BytePath("\(name.lossy).\(rank)") }
}

extension Session {
    private func preparedRun(_ request: RunRequest, _ earlier: EarlierStart?) throws -> PreparedRun {
        let cache = try runCache()
        let job = try RunJob(environment)
        let isShared = job?.isShared ?? false
        let resumed = try request.resumed.map { try resumable($0) } ?? restarted(earlier)
        let place =
            resumed?.place.map { RunPlace(runs: $0.runs, cache: cache.path) }
            ?? place(in: cache, isShared: isShared)
        try RunDirectory.removeLeftovers(in: place) { error in
            options.notice("what an earlier run has left stays: \(RegError.explaining(error).message)")
        }
        guard let text = request.pin ?? resumed?.pin.id.text else {
            throw RegError(.usage, "which pin is to be run?", hint: "name it: reg run --pin FILE -- COMMAND")
        }
        let pin = try resumed?.pin ?? pin(text)
        let command =
            request.command.isEmpty ? resumed?.command ?? request.command(of: pin) : request.command
        guard !command.isEmpty else {
            throw RegError(
                .usage, "the pin has no command", hint: "name one: reg run --pin FILE -- python3 train.py")
        }
        let id =
            resumed?.id ?? job.flatMap { $0.isShared ? $0.sharedRun(of: pin, command) : nil } ?? .random()
        let files = try pinnedFiles(of: pin, in: cache)
        let directory = try opened(id, in: place, isShared: isShared) { directory in
            try prepare(directory, files, request.inputs)
            guard let recorded = resumed?.recorded else { return }
            if let state = try directory.state(), state.isNewer(than: recorded) { return }
            try directory.removeWritten()
            try bringOutputs(of: recorded.archive, into: directory)
        }
        let inputsGuard = try Descriptor.open(directory.inputs, .directory)
        try inputsGuard.lock(.shared)
        let state = RunState(
            id: id, attempt: (resumed?.attempt ?? UInt64(job?.restartCount ?? 0)) + 1, instance: .random(),
            registry: try registryLocation().text,
            command: command, outputs: outputs(of: request) ?? resumed?.outputs ?? RunState.standardOutputs,
            original: request.original, job: job?.name, author: author, host: hostName(),
            environment: values(of: pin.environment), started: timestampNow(), ending: nil)
        return PreparedRun(
            directory: directory, files: files, inputs: request.inputs, state: state, rank: job?.rank ?? 0,
            isShared: isShared, isResumed: try resumed != nil || directory.state() != nil,
            inputsGuard: inputsGuard)
    }

    /// The directory of a run, made ready by this process, or by another rank of the same run.
    private func opened(
        _ id: RandomName, in place: RunPlace, isShared: Bool, prepare: (RunDirectory) throws -> Void
    ) throws -> RunDirectory {
        if isShared { return try RunDirectory.joining(id, in: place, prepare: prepare) }
        guard let directory = try RunDirectory(id, in: place) else {
            throw RegError(
                .conflict, "\(id.shortRun) is still running on this host",
                hint: "wait for its end, or end it; see reg runs")
        }
        try prepare(directory)
        return directory
    }

    /// The values of variables that a pin names, as they are now; of secrets only that there are any.
    private func values(of names: [String]) -> JSON {
        var values = JSONObject()
        for name in names {
            guard let value = environment[name] else { continue }
            values[name] = .string(
                isSecret(name) ? "(not kept)" : String(decoding: value, as: UTF8.self))
        }
        return .object(values)
    }

    private func outputs(of request: RunRequest) -> [RunState.Output]? {
        if request.outputs.isEmpty { return nil }
        return request.outputs.map { RunState.Output(name: $0.name, path: $0.path, isRequired: true) }
    }

    /// Makes the inputs anew, whatever an earlier attempt has done to them.
    private func prepare(_ directory: RunDirectory, _ files: PinnedFiles, _ options: InputOptions) throws {
        let root = directory.root
        try directory.undoArchive()
        try root.makeDirectory(RunDirectory.outputsName)
        try files.materialise(in: directory.emptyInputs(), options, threads: jobs)
        try publish(files.pin.file, as: RunDirectory.pinName, in: root, .replacing)
    }

    /// Runs the command to its end and remembers how it ended.
    /// - Throws: `CommandNotStarted`, `RegError`.
    private func execute(_ run: PreparedRun, sparesOutput: Bool) throws -> RunState {
        do { return try executed(run, sparesOutput: sparesOutput) } catch let error as CommandNotStarted {
            throw error
        } catch { throw RegError.explaining(error) }
    }

    private func executed(_ run: PreparedRun, sparesOutput: Bool) throws -> RunState {
        var state = run.state
        let directory = run.directory
        let log = try Descriptor.open(directory.path.appending(run.name(RunDirectory.logName)), .append)
        var command: ForegroundCommand
        do throws(ForegroundError) {
            command = try ForegroundCommand(
                state.command.map { Subprocess.Argument($0) }, environment: environment(of: run),
                in: directory.inputs, log: log.raw)
            if sparesOutput { command.output = 2 }
            command.inherited = directory.guardFile.raw
        } catch { throw try notStarted(error, run) }
        if run.isRecorder { try directory.keep(state) }
        let witness = run.isRecorder ? directory.witnessHost(of: state.command, environment) : nil
        let ending: ForegroundCommand.Ending
        do throws(ForegroundError) { ending = try command.run() } catch {
            witness?.join()
            throw try notStarted(error, run)
        }
        state.ending = RunState.Ending(
            ended: timestampNow(), exit: UInt8(clamping: ending.exitCode),
            isKilled: ending.status != .exited(0) && (ending.interruption != nil || ending.exitCode > 128))
        guard run.isRecorder else { return state }
        // Known before anything else can fail.
        try directory.keep(state)
        witness?.join()
        try directory.awaitOthers()
        let found = try run.files.differences(
            in: Descriptor.open(directory.inputs, .directory), run.inputs)
        note(found, of: run, in: &state.ending)
        state.ending?.isChecked = true
        try directory.keep(state)
        return state
    }

    /// A command that did not start is no run.
    private func notStarted(_ error: ForegroundError, _ run: PreparedRun) throws -> any Error {
        if !run.isResumed, run.isRecorder { try run.directory.forget() }
        if run.isShared { try run.directory.leave() } else if !run.isResumed { try run.directory.remove() }
        guard let code = error.exitCode else { return RegError(.local, error.message) }
        return CommandNotStarted(exitCode: code, message: error.message)
    }

    private func environment(of run: PreparedRun) -> ProcessEnvironment {
        var result = environment
        result["REG_RUN_ID"] = Array(run.state.id.run.utf8)
        result["REG_PIN"] = run.directory.pinFile.bytes
        result["REG_INPUTS"] = run.directory.inputs.bytes
        result["REG_OUTPUTS"] = run.directory.outputs.bytes
        result["REG_METRICS"] = run.directory.path.appending(run.name(RunDirectory.metricsName)).bytes
        result["REG_SEED"] = run.files.pin.seed.map { Array("\($0)".utf8) }
        result["PWD"] = run.directory.inputs.bytes
        return result
    }

    private func note(
        _ found: (first: [PinnedFiles.Difference], count: UInt64), of run: PreparedRun,
        in ending: inout RunState.Ending?
    ) {
        let writable = run.inputs.writable
        let inputs = found.first.filter { $0.artifact.map { !writable.contains($0) } ?? false }
        let others = found.first.filter { $0.artifact == nil }
        if !inputs.isEmpty {
            ending?.isTainted = true
            ending?.problems.append("inputs were changed: \(listed(inputs))")
        }
        if !others.isEmpty {
            ending?.problems.append("beside the outputs, the run changed: \(listed(others))")
        }
    }

    private func listed(_ found: [PinnedFiles.Difference]) -> String {
        let first = found.prefix(3).map { "\(printable($0.path)) (\($0.what.rawValue))" }
        return first.joined(separator: ", ") + (found.count > 3 ? " and more" : "")
    }
}

/// A command that is not there, or cannot be executed.
package struct CommandNotStarted: Error {
    package let exitCode: Int32
    package let message: String
}

extension RunState {
    /// How the command ended.
    fileprivate var commandEnding: Ending {
        get throws {
            guard let ending else { throw RegError(.internalError, "the command has no end") }
            return ending
        }
    }

    /// Without any that are named: all of it.
    static var standardOutputs: [Output] {
        ArtifactName("outputs").map { [Output(name: $0, path: BytePath([]), isRequired: false)] } ?? []
    }
}

/// Whether a variable's value should be kept from records, going by its name.
private func isSecret(_ name: String) -> Bool {
    let words = ["KEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL"]
    return words.contains { name.uppercased().contains($0) }
}
