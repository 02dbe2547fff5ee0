// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegCatalog
internal import RegHash
internal import RegLog
internal import RegPin

/// The newest run that earlier starts of a job have left.
enum EarlierStart {
    /// One whose directory this host sees, and that no process has.
    case here(RunHere)
    /// One that the registry has.
    case recorded(RunEntry)
}

extension RunState {
    /// Whether what it says of a run came after what the registry has.
    func isNewer(than entry: RunEntry) -> Bool {
        id == entry.id ? (attempt, started) > (entry.attempt, entry.started) : started >= entry.started
    }
}

extension Session {
    /// The newest run of this job, pin and command; nil outside of jobs, and at the first start of one.
    func earlierStart(_ request: RunRequest) throws -> EarlierStart? {
        guard let job = try RunJob(environment), job.mayGoOn, request.resumed == nil,
            request.original == nil, let text = request.pin
        else { return nil }
        let pin = try pin(text)
        let command = request.command(of: pin)
        let here = try job.isShared ? nil : runHere(of: job, under: pin, command)
        var recorded: RunEntry?
        do { recorded = try recordedRun(of: job, under: pin, command) } catch let error as RegError
            where here != nil && (error.kind == .unavailable || error.kind == .notFound)
        {
            options.notice("\(error.message); this host's own run of the job goes on")
        }
        if let here, recorded.map({ here.state.isNewer(than: $0) }) ?? true { return .here(here) }
        return recorded.map(EarlierStart.recorded)
    }

    /// What a job has done already: its command succeeded, and could not be archived then, or the engine starts it
    /// again although it was.
    func finishedRun(_ earlier: EarlierStart?) throws -> RunReport? {
        let note = "the command had succeeded before, and was not run again"
        switch earlier {
        case .here(let here)?:
            guard let ending = here.state.ending, ending.exit == 0, ending.isChecked,
                let directory = try here.abandoned()
            else { return nil }
            return try archived(directory, here.state, notes: [note])
        case .recorded(let entry)?:
            guard entry.status == .succeeded, let job = try RunJob(environment),
                job.restartCount > 0 || job.isShared
            else { return nil }
            let run = try operation(entry)
            return RunReport(
                id: run.id, attempt: run.attempt, pin: run.pin, status: run.status,
                commandExit: run.exit ?? 0, exit: 0, outputs: run.outputs, metrics: run.metrics,
                record: entry.record, problems: [], missing: [], failure: nil, notes: [note])
        case nil: return nil
        }
    }

    /// The run that this start of a job goes on with.
    func restarted(_ earlier: EarlierStart?) throws -> ResumableRun? {
        switch earlier {
        case .here(let here)?: try resumable(here)
        case .recorded(let entry)? where entry.status != .succeeded: try resumable(entry)
        case .recorded?, nil: nil
        }
    }

    private func runHere(of job: RunJob, under pin: Pin, _ command: [[UInt8]]) throws -> RunHere? {
        let here = try runsHere().last { here in
            guard here.state.job == job.name, here.state.command == command else { return false }
            return (try? here.pin()) == pin  // none that is damaged
        }
        if let here, try here.abandoned() == nil { throw RegError.isRunning(here) }
        return here
    }

    private func recordedRun(of job: RunJob, under pin: Pin, _ command: [[UInt8]]) throws -> RunEntry? {
        try registry().catchUpOnce()
        return try catalog.runs(ofJob: job.name, pin: pin.id).first {
            try RecordedCommand(description(of: $0)).command == command
        }
    }
}
