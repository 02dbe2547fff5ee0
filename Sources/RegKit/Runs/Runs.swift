// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegCatalog
internal import RegFiles
package import RegHash
package import RegJSON
package import RegLock
package import RegLog
internal import RegManifest
package import RegMetrics
package import RegPin
internal import RegProcess
internal import RegStore

/// One run, of the registry or of this host.
package struct RunSummary: Sendable {
    package enum State: Equatable, Sendable {
        case recorded(Operation.Run.Status)
        /// Its process lives on this host.
        case running
        /// It has ended on this host, and the registry does not have it yet; nil where nobody saw its end.
        case waiting(exit: UInt8?)
    }

    package let id: RandomName
    package let attempt: UInt64
    package let pin: Digest?
    package let state: State
    package let exit: UInt8?
    package let started: String
    package let ended: String?
    package let metrics: Metrics
    package let outputs: [Operation.Run.Output]
    package let original: RandomName?
    package let job: String?
    package let author: String
    package let commit: String?
}

package struct RunListReport: Sendable {
    package let runs: [RunSummary]
    /// Whether there are more.
    package let isCut: Bool
}

/// All about one run.
package struct RunDetails: Sendable {
    /// What it had as input.
    package struct Input: Sendable {
        package let name: ArtifactName
        /// Nil where the log has none with this content.
        package let version: UInt64?
        package let digest: Digest
    }

    package let summary: RunSummary
    package let record: UInt64?
    package let pin: Pin?
    package let inputs: [Input]
    package let archive: Digest?
    /// What the archive says of it: command, host, packages, problems.
    package let description: JSON
}

extension Session {
    /// The runs that were started last: those of the registry, and those of this host that it does not have.
    package func runs(limit: Int) throws -> RunListReport {
        try verb {
            var runs: [RunSummary] = try localRuns()
            if runs.isEmpty { _ = try registryLocation() }  // throws where none is set
            if let registry = try registryIfThere() {
                try registry.catchUpOnce()
                let known = Set(runs.map(\.id))
                runs += try catalog.runs(limit: limit + 1).filter { !known.contains($0.id) }.map {
                    try summary(of: $0)
                }
            }
            // A stable order: of one second, the newest record comes first.
            let sorted = runs.enumerated().sorted {
                ($1.element.started, $0.offset) < ($0.element.started, $1.offset)
            }
            return RunListReport(
                runs: sorted.prefix(limit).map(\.element), isCut: runs.count > limit)
        }
    }

    private func localRuns() throws -> [RunSummary] {
        try runsHere().reversed().map { here in
            let state = here.state
            let isAlive = try here.abandoned() == nil
            // One that is damaged is no reason not to list the run.
            let pin = try? here.pin()
            return RunSummary(
                id: here.id, attempt: state.attempt, pin: pin?.id,
                state: isAlive && state.ending == nil ? .running : .waiting(exit: state.ending?.exit),
                exit: state.ending?.exit, started: state.started, ended: state.ending?.ended,
                metrics: Metrics(), outputs: [], original: state.original, job: state.job,
                author: state.author, commit: pin?.commit.hex)
        }
    }

    func summary(of entry: RunEntry) throws -> RunSummary {
        RunSummary(
            id: entry.id, attempt: entry.attempt, pin: entry.pin, state: .recorded(entry.status),
            exit: entry.exit, started: entry.started, ended: entry.ended, metrics: entry.metrics,
            outputs: try catalog.outputs(of: entry.id).map {
                Operation.Run.Output(name: $0.name, version: $0.number, digest: $0.digest)
            }, original: entry.original, job: entry.job, author: try catalog.author(ofRecord: entry.record),
            commit: try catalog.pin(entry.pin)?.commit.hex)
    }

    /// All about a run of the registry.
    package func show(run text: String) throws -> RunDetails {
        try verb {
            let entry = try runEntry(text)
            let pin = try catalog.pin(entry.pin)
            return RunDetails(
                summary: try summary(of: entry), record: entry.record, pin: pin,
                inputs: try pin.map { try inputs(of: $0) } ?? [], archive: entry.archive,
                description: try description(of: entry))
        }
    }

    private func inputs(of pin: Pin) throws -> [RunDetails.Input] {
        try pin.lock.entries.compactMap { entry in
            guard case .stored(let digest, _, _) = entry.content else { return nil }
            let version = try catalog.version(of: entry.name, digest: digest)
            return RunDetails.Input(name: entry.name, version: version?.number, digest: digest)
        }
    }

    /// What a run's archive says of it.
    func description(of entry: RunEntry) throws -> JSON {
        let subject = "the archive of \(entry.id.shortRun)"
        let bytes = try smallFile(RunArchiveFiles.description, of: entry.archive, subject, limit: 64 << 20)
        guard let json = try? JSON.parse(bytes) else {
            throw RegError(
                .corrupt, "\(subject) has a \(printable(RunArchiveFiles.description)) that is not JSON")
        }
        return json
    }

    /// A file of a stored tree, checked chunk by chunk.
    private func smallFile(_ path: BytePath, of tree: Digest, _ subject: String, limit: UInt64) throws
        -> [UInt8]
    {
        let library = try library()
        guard let manifest = try library.manifest(of: tree, subject: subject) else {
            throw RegError(.notFound, "\(subject) is not in \(try registryLocation().text)")
        }
        let block = PullBlock()
        var bytes: [UInt8] = []
        try library.forEachItem(of: manifest, subject: subject) { item in
            guard item.path == path else { return }
            for chunk in item.chunks {
                guard UInt64(bytes.count) + UInt64(chunk.rawLength) <= limit else {
                    throw RegError(.refused, "\(printable(path)) of \(subject) is longer than \(limit) bytes")
                }
                guard try block.isSound(chunk, copies: library.copies) else {
                    throw RegError(.corrupt, "\(printable(path)) of \(subject) is damaged")
                }
                bytes += block.bytes(of: 0..<1)
            }
        }
        return bytes
    }
}
