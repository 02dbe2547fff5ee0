// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegCatalog
internal import RegFiles
internal import RegHash
internal import RegJSON
internal import RegLock
internal import RegLog
internal import RegManifest
internal import RegPin

/// A run that did not succeed, and what the next attempt needs of it.
struct ResumableRun {
    let id: RandomName
    let attempt: UInt64
    let pin: Pin
    let command: [[UInt8]]?
    let outputs: [RunState.Output]?
    /// What the registry has of it, with its outputs; nil where they lie in a directory.
    let recorded: RunEntry?
    /// Where that is; nil for one that is not here.
    let place: RunPlace?
}

extension ResumableRun {
    /// One whose directory is on this host.
    init(_ here: RunHere, pin: Pin) {
        let state = here.state
        self.init(
            id: here.id, attempt: state.attempt, pin: pin, command: state.command, outputs: state.outputs,
            recorded: nil, place: here.place)
    }
}

/// What a run's description says that was run, and for which outputs.
struct RecordedCommand {
    let command: [[UInt8]]
    let outputs: [RunRequest.Output]

    init(_ description: JSON) {
        command = (description["command"]?.arrayValue ?? []).compactMap {
            $0.stringValue.map { Array($0.utf8) }
        }
        outputs = (description["outputs"]?.arrayValue ?? []).compactMap { output in
            guard let name = output["name"]?.stringValue.flatMap({ ArtifactName($0) }),
                let path = output["path"]?.stringValue
            else { return nil }
            return RunRequest.Output(name: name, path: BytePath(path))
        }
    }
}

extension Session {
    /// The run that somebody wants to go on with, from this host or else from the registry.
    func resumable(_ text: String) throws -> ResumableRun {
        let digits = text.hasPrefix("run-") ? String(text.dropFirst(4)) : text
        let local = try runsHere().filter { $0.id.hex.hasPrefix(digits) }
        if local.count > 1 {
            throw RegError(.usage, "'\(printable(text))' fits several runs", hint: "give more digits")
        }
        if let here = local.first { return try resumable(here) }
        let entry = try runEntry(text)
        guard entry.status != .succeeded else {
            throw RegError(
                .conflict, "\(entry.id.shortRun) has succeeded",
                hint: "run it once more: reg rerun \(entry.id.shortRun)")
        }
        return try resumable(entry)
    }

    func resumable(_ here: RunHere) throws -> ResumableRun {
        guard let directory = try here.abandoned() else { throw RegError.isRunning(here) }
        return ResumableRun(here, pin: try directory.pin())
    }

    func resumable(_ entry: RunEntry) throws -> ResumableRun {
        guard let pin = try catalog.pin(entry.pin) else {
            throw RegError(.internalError, "the pin of \(entry.id.shortRun) is not recorded")
        }
        let recorded = RecordedCommand(try description(of: entry))
        return ResumableRun(
            id: entry.id, attempt: entry.attempt, pin: pin, command: recorded.command,
            outputs: recorded.outputs.isEmpty
                ? nil
                : recorded.outputs.map { RunState.Output(name: $0.name, path: $0.path, isRequired: true) },
            recorded: entry, place: nil)
    }

    /// The run of the registry that a text names: `run-` and its first digits, or those alone.
    func runEntry(_ text: String) throws -> RunEntry {
        let digits = text.hasPrefix("run-") ? String(text.dropFirst(4)) : text
        guard (4...32).contains(digits.utf8.count), digits.allSatisfy({ $0.isHexDigit && !$0.isUppercase })
        else {
            throw RegError(.usage, "'\(printable(text))' is no run: run- and 4 to 32 hex digits")
        }
        try registry().catchUpOnce()
        let found = try catalog.runs(idPrefix: digits)
        if found.count > 1 {
            throw RegError(.usage, "'\(printable(text))' fits several runs", hint: "give more digits")
        }
        guard let entry = found.first else {
            let isHere = try runsHere().contains { $0.id.hex.hasPrefix(digits) }
            throw RegError(
                .notFound, "the run \(printable(text)) is not in \(try registryLocation().text)",
                hint: isHere
                    ? "it is on this host: reg push archives it, reg run --resume goes on with it"
                    : "see what there is: reg runs")
        }
        return entry
    }

    /// Brings the outputs and the metrics that an archive has into the directory of the next attempt.
    func bringOutputs(of archive: Digest, into directory: RunDirectory) throws {
        guard let name = ArtifactName("archive") else { return }
        let library = try library()
        let subject = "the archive of \(directory.id.shortRun)"
        guard let manifest = try library.manifest(of: archive, subject: subject) else {
            throw RegError(.notFound, "\(subject) is not in \(try registryLocation().text)")
        }
        var isOutput: [Bool] = []
        try library.forEachItem(of: manifest, subject: subject) { item in
            guard case .row(let row, _) = item else { return }
            isOutput.append(
                row.path.isWithin(RunDirectory.outputsName) || row.path == RunArchiveFiles.metrics)
        }
        guard isOutput.contains(true) else { return }
        let target = PullTarget(
            version: ResolvedVersion(name: name, digest: archive, type: nil, version: nil, place: nil),
            base: BytePath([]), shown: RunDirectory.outputsName)
        let wanted = isOutput
        try pull(rows: { wanted.indices.contains($0) && wanted[$0] }, of: target, into: directory.path)
        if try directory.root.status(of: RunArchiveFiles.metrics) != nil {
            try directory.root.rename(RunArchiveFiles.metrics, to: RunDirectory.metricsName)
        }
    }
}

extension RegError {
    static func isRunning(_ here: RunHere) -> RegError {
        RegError(
            .conflict, "\(here.id.shortRun) is still running on \(here.state.host)",
            hint: "wait for its end, or end it")
    }
}
