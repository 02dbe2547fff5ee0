// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegCatalog
internal import RegHash
internal import RegLog
internal import RegPin

/// What earlier starts of a job have left: runs to go on with, or nothing more to do.
extension Session {
    /// What this job has done already: its command succeeded, and could not be archived then, or the engine starts it
    /// again although it was.
    func finishedRun(_ request: RunRequest) throws -> RunReport? {
        let note = "the command had succeeded before, and was not run again"
        let here = try verb { () -> (directory: RunDirectory, here: RunHere)? in
            guard let job = try RunJob(environment), !job.isShared,
                let pin = try pinToGoOnWith(job, request),
                let found = try runHere(of: job, under: pin, request.command(of: pin)),
                found.here.state.ending?.exit == 0
            else { return nil }
            return found
        }
        if let here { return try archived(here.directory, here.here.state, notes: [note]) }
        return try verb {
            guard let job = try RunJob(environment), job.restartCount > 0 || job.isShared,
                let pin = try pinToGoOnWith(job, request),
                let known = try recordedRun(of: job, under: pin, request.command(of: pin), isFinished: true)
            else { return nil }
            let run = try operation(known)
            return RunReport(
                id: run.id, attempt: run.attempt, pin: run.pin, status: run.status,
                commandExit: run.exit ?? 0, exit: 0, outputs: run.outputs, metrics: run.metrics,
                record: known.record, problems: [], missing: [], failure: nil, notes: [note])
        }
    }

    /// The run of a job that its engine has started again, as far as it is known.
    func restarted(_ job: RunJob?, _ request: RunRequest) throws -> ResumableRun? {
        guard let job, !job.isShared, let pin = try pinToGoOnWith(job, request) else { return nil }
        let command = request.command(of: pin)
        if let (_, here) = try runHere(of: job, under: pin, command) { return ResumableRun(here, pin: pin) }
        return try recordedRun(of: job, under: pin, command, isFinished: false).map {
            try resumable($0.id.run)
        }
    }

    /// The newest run of a job that the registry has.
    private func recordedRun(
        of job: RunJob, under pin: Pin, _ command: [[UInt8]], isFinished: Bool
    ) throws -> RunEntry? {
        try registry().catchUpOnce()
        return try catalog.runs(ofJob: job.name, pin: pin.id).first {
            try ($0.status == .succeeded) == isFinished
                && RecordedCommand(description(of: $0)).command == command
        }
    }

    /// The pin under which an earlier start of a job may have left a run.
    private func pinToGoOnWith(_ job: RunJob, _ request: RunRequest) throws -> Pin? {
        guard job.mayGoOn, request.resumed == nil else { return nil }
        return try request.pin.map { try pin($0) }
    }

    /// The newest run of a job that has a directory here, where no process has it.
    private func runHere(
        of job: RunJob, under pin: Pin, _ command: [[UInt8]]
    ) throws -> (directory: RunDirectory, here: RunHere)? {
        let fits: (RunHere) -> Bool = { $0.state.job == job.name && $0.state.command == command }
        guard let here = try runsHere().last(where: fits),
            let directory = try here.abandoned(), try directory.pin() == pin
        else { return nil }
        return (directory, here)
    }

    /// The archive that the ranks of a job which was started again go on from.
    func archive(ofRanks run: RandomName, of job: RunJob?) throws -> Digest? {
        guard let job, job.isShared, job.mayGoOn else { return nil }
        try registry().catchUpOnce()
        return try catalog.run(run)?.archive
    }
}
