// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegCatalog
internal import RegFiles
internal import RegHash
internal import RegJSON
internal import RegLock
internal import RegLog
internal import RegManifest
internal import RegMetrics
internal import RegPin
internal import RegProcess

/// What the registry got of a run.
struct ArchivedRun {
    let run: Operation.Run
    /// Nil where it was there already.
    let record: UInt64?
    let problems: [String]
    /// Of the problems, the outputs that had to be there and are not.
    let missing: [String]
}

extension Session {
    /// Brings a run that has ended into the registry, in one record, and removes its directory.
    ///
    /// `ended`: without an ending where nobody saw one.
    func archive(_ directory: RunDirectory, _ ended: RunState, pin: Pin) throws -> ArchivedRun {
        var state = ended
        let registry = try registry()
        // It was opened before the command ran, hours ago perhaps.
        try registry.checkThere()
        try holdStore(.shared)
        try registry.catchUpToWrite()
        let known = try catalog.run(state.id)
        if let known, known.attempt != state.attempt || known.started != state.started {
            try checkUnfinished(known, directory)
            try checkNewer(state, known, directory)
            state.attempt = max(state.attempt, known.attempt + 1)
        }
        try directory.undoArchive()
        var findings = RunFindings(state)
        let outputs = try presentOutputs(of: state, in: directory, &findings)
        let metrics = try metrics(of: directory, &findings)
        let tree = try WorkingTree(directory.path, catalog: catalog, jobs: jobs)
        let candidates = findings.status == .succeeded ? try store(outputs, in: tree, registry) : []
        try writeArchive(in: directory, state, pin, findings, keepsOutputs: candidates.isEmpty)
        let storing = try storing(into: registry, tree: tree)
        let stored = try storing.store(archiveTarget)
        guard let manifest = try storing.finish([stored])[stored.digest] else {
            throw RegError(.internalError, "the archive of \(state.id.shortRun) was not stored")
        }
        if let known, known.attempt == state.attempt {
            if known.archive == stored.digest {
                try directory.remove()  // an earlier run of this did all but that
                return ArchivedRun(
                    run: try operation(known), record: nil, problems: [], missing: [])
            }
            try checkUnfinished(known, directory)
            state.attempt += 1
            return try self.archive(directory, state, pin: pin)
        }
        let archive = NamedTree(digest: stored.digest, manifest: manifest.id)
        var run: Operation.Run?
        let record = try registry.append(journal: nil) {
            let pushes = try candidates.flatMap { candidate in
                try self.pushes(
                    of: [candidate], message: state.id.shortRun,
                    isShared: candidate.name == RunState.standardOutputs.first?.name, project: pin.project)
            }
            let made = Operation.Run(
                id: state.id, attempt: state.attempt, pin: pin.id, status: findings.status,
                exit: state.ending?.exit, started: state.started,
                ended: state.ending?.ended ?? timestampNow(), archive: archive,
                outputs: try candidates.map { try output($0, pushing: pushes) }, metrics: metrics,
                original: state.original, job: state.job)
            run = made
            let pins: [Operation] =
                try catalog.hasPin(pin.id)
                ? [] : [.pin(Operation.PinRecord(pin: pin, trees: try trees(of: pin, registry)))]
            return Registry.Draft(
                project: pin.project, author: state.author,
                operations: pins + pushes.map(Operation.push) + [.run(made)])
        }
        guard let run else { throw RegError(.internalError, "\(state.id.shortRun) was not recorded") }
        for candidate in candidates { try registry.keepPresent(candidate.packs) }
        try tidySpool(of: registry)
        do { try directory.remove() } catch {
            options.notice("\(state.id.shortRun) is archived; \(RegError.explaining(error).message)")
        }
        return ArchivedRun(
            run: run, record: record, problems: findings.problems, missing: findings.missing)
    }

    /// - Throws: where another attempt has succeeded, that nobody here knew of.
    private func checkUnfinished(_ known: RunEntry, _ directory: RunDirectory) throws {
        if known.status != .succeeded { return }
        throw RegError(
            .conflict, "\(known.id.shortRun) has succeeded elsewhere, and was run here as well",
            hint: "what this one wrote is in \(printable(directory.path)); keep or remove that")
    }

    /// - Throws: where a later attempt went on elsewhere, whose outputs these must not replace.
    private func checkNewer(_ state: RunState, _ known: RunEntry, _ directory: RunDirectory) throws {
        if state.started >= known.started { return }
        throw RegError(
            .conflict, "\(known.id.shortRun) went on elsewhere, in attempt \(known.attempt)",
            hint: "what this one wrote is in \(printable(directory.path)); keep or remove that")
    }

    private var archiveTarget: AddTarget {
        get throws {
            guard let name = ArtifactName("archive") else { throw RegError(.internalError, "no name") }
            return AddTarget(
                name: name, type: .other, path: RunArchiveFiles.directory, isDirectory: true, isInGit: false,
                base: nil)
        }
    }

    // MARK: Outputs

    /// The outputs that are there; those that had to be and are not are findings.
    private func presentOutputs(
        of state: RunState, in directory: RunDirectory, _ findings: inout RunFindings
    ) throws -> [RunState.Output] {
        let root = try directory.root.openBeneath(RunDirectory.outputsName, .directory)
        return try state.outputs.filter { output in
            let isThere =
                try output.path.isEmpty
                ? !root.isEmptyDirectory() : root.status(ofPath: output.path) != nil
            if !isThere && output.isRequired {
                findings.miss(
                    "output \(output.name) is not there: nothing has written $REG_OUTPUTS/\(printable(output.path))"
                )
            }
            return isThere
        }
    }

    private func store(
        _ outputs: [RunState.Output], in tree: WorkingTree, _ registry: Registry
    ) throws -> [PushCandidate] {
        try outputs.map { output in
            let path = RunDirectory.outputsName.appending(output.path)
            let isDirectory = try tree.root.status(ofPath: path)?.kind == .directory
            var target = AddTarget(
                name: output.name, type: try TypeGuess(path: path, root: tree.root).type, path: path,
                isDirectory: isDirectory, isInGit: false, base: nil)
            target.links = .keep
            let storing = try storing(into: registry, tree: tree)
            let stored = try storing.store(target)
            guard let manifest = try storing.finish([stored])[stored.digest] else {
                throw RegError(.internalError, "output \(output.name) was not stored")
            }
            var candidate = PushCandidate(
                name: output.name, type: target.type, digest: stored.digest,
                byteCount: stored.totals.byteCount, fileCount: stored.totals.fileCount,
                source: .files(tree, target))
            candidate.take(manifest, of: stored)
            return candidate
        }
    }

    private func output(_ candidate: PushCandidate, pushing pushes: [Operation.Push]) throws
        -> Operation.Run.Output
    {
        let known = try catalog.version(of: candidate.name, digest: candidate.digest)?.number
        guard let version = known ?? pushes.first(where: { $0.name == candidate.name })?.version else {
            throw RegError(.internalError, "output \(candidate.name) has no version")
        }
        return Operation.Run.Output(name: candidate.name, version: version, digest: candidate.digest)
    }

    func operation(_ entry: RunEntry) throws -> Operation.Run {
        Operation.Run(
            id: entry.id, attempt: entry.attempt, pin: entry.pin, status: entry.status, exit: entry.exit,
            started: entry.started, ended: entry.ended,
            archive: NamedTree(digest: entry.archive, manifest: entry.archive),
            outputs: try catalog.outputs(of: entry.id).map {
                Operation.Run.Output(name: $0.name, version: $0.number, digest: $0.digest)
            }, metrics: entry.metrics, original: entry.original, job: entry.job)
    }

    /// The manifests of a pin's own trees, which the registry must have.
    private func trees(of pin: Pin, _ registry: Registry) throws -> [NamedTree] {
        let library = ManifestLibrary(store: nil, registry: registry.store)
        return try pin.trees.map { tree in
            guard
                let manifest = try library.reliableManifest(
                    of: tree.digest, in: registry.store, catalog: catalog, subject: "the pin's code")
            else {
                throw RegError(
                    .notFound, "the code of pin \(pin.id.short) is not in \(registry.location.text)",
                    hint: "pin the commit there: reg pin")
            }
            return NamedTree(digest: tree.digest, manifest: manifest.id)
        }
    }

    // MARK: Metrics and the archive

    private func metrics(of directory: RunDirectory, _ findings: inout RunFindings) throws -> Metrics {
        guard try fileStatus(directory.metrics)?.kind == .file else { return Metrics() }
        do { return try readMetrics(directory.metrics) } catch let error as RegError
            where error.kind == .usage
        {
            findings.problems.append("its metrics do not count: \(error.message)")
            return Metrics()
        }
    }

    /// Puts together what becomes the archive: a directory beside what the run has left.
    private func writeArchive(
        in directory: RunDirectory, _ state: RunState, _ pin: Pin, _ findings: RunFindings, keepsOutputs: Bool
    ) throws {
        let name = RunArchiveFiles.directory
        try directory.root.makeDirectory(name)
        let archive = try directory.root.openBeneath(name, .directory)
        try publish(
            Array(
                (description(of: state, pin, findings, host: try directory.host()).pretty + "\n").utf8),
            as: RunArchiveFiles.description, in: archive,
            .replacing)
        let kept = [RunDirectory.logName, RunDirectory.metricsName]
        // Those of other ranks have a number behind.
        for entry in try directory.root.entries() where entry.kind != .directory {
            guard let stem = entry.name.bytes.split(separator: UInt8(ascii: ".")).first else { continue }
            // By its suffix other commands know what it is.
            if entry.name == RunDirectory.metricsName {
                try archive.move(entry.name, of: directory.root, to: RunArchiveFiles.metrics)
            } else if kept.contains(BytePath(stem)) {
                try archive.move(entry.name, of: directory.root, to: entry.name)
            }
        }
        if keepsOutputs, try directory.root.status(of: RunDirectory.outputsName) != nil {
            let outputs = try directory.root.openBeneath(RunDirectory.outputsName, .directory)
            if try !outputs.isEmptyDirectory() {
                try archive.move(RunDirectory.outputsName, of: directory.root, to: RunDirectory.outputsName)
            }
        }
    }

    private func description(
        of state: RunState, _ pin: Pin, _ findings: RunFindings, host: JSON
    ) -> JSON {
        [
            "run": .string(state.id.run), "attempt": .integer(Int64(state.attempt)),
            "instance": .string(state.instance.hex),
            "pin": .string(pin.id.text),
            "status": .string(findings.status.rawValue),
            "exit": state.ending.map { .integer(Int64($0.exit)) } ?? .null,
            "started": .string(state.started), "ended": state.ending.map { .string($0.ended) } ?? .null,
            "author": .string(state.author), "job": state.job.map { .string($0) } ?? .null,
            "command": .array(state.command.map { .string(String(decoding: $0, as: UTF8.self)) }),
            "outputs": .array(
                state.outputs.filter(\.isRequired).map {
                    ["name": .string($0.name.text), "path": .string($0.path.lossy)]
                }), "environment": state.environment, "host": host,
            "problems": .array(findings.problems.map(JSON.string)),
        ]
    }
}

/// The names in a run's archive.
enum RunArchiveFiles {
    static let directory = BytePath("archive")
    static let description = BytePath("run.json")
    static let metrics = BytePath("metrics.jsonl")
}

/// What a look at an ended run has found.
private struct RunFindings {
    var problems: [String]
    private(set) var status: Operation.Run.Status
    private(set) var missing: [String] = []

    init(_ state: RunState) {
        problems = state.ending?.problems ?? ["nobody saw its end"]
        switch state.ending {
        case nil: status = .killed
        case let ending? where ending.isKilled: status = .killed
        case let ending? where ending.exit != 0 || ending.isTainted: status = .failed
        case let ending? where !ending.isChecked:
            status = .killed
            problems.append("reg was killed before it could see whether inputs were changed")
        default: status = .succeeded
        }
    }

    mutating func miss(_ problem: String) {
        guard status == .succeeded else { return }
        problems.append(problem)
        missing.append(problem)
        status = .failed
    }
}

extension Operation.Run.Status {
    /// As it reads after "which".
    var sentence: String {
        switch self {
        case .succeeded: "succeeded"
        case .failed: "failed"
        case .killed: "was killed"
        }
    }
}
