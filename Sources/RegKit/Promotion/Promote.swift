// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegCatalog
internal import RegGit
internal import RegHash
package import RegLock
package import RegLog
package import RegMetrics

package struct PromoteRequest: Sendable {
    package var reference: String
    package var alias: Alias
    /// The gate to take, instead of the one that is named like the alias.
    package var gate: String?
    /// Why no gate is asked.
    package var reason: String?
    package var isDryRun = false

    package init(_ reference: String, to alias: Alias) {
        self.reference = reference
        self.alias = alias
    }
}

package struct PromoteReport: Sendable {
    /// What the gate made of the version.
    package struct Judgement: Sendable {
        package let gate: String
        /// The commit whose `reg.toml` has it.
        package let commit: CommitID
        package let results: [GateResult]
        /// Where the metrics are from; nil where there are none.
        package let source: Measured?
        /// Of the version that the alias holds.
        package let holderSource: Measured?

        package var isMet: Bool { results.allSatisfy { $0.verdict != .failed } }
    }

    package let name: ArtifactName
    package let alias: Alias
    /// The version that the alias held before; nil for none.
    package let from: UInt64?
    package let to: UInt64
    /// Nil where no gate applied.
    package let judgement: Judgement?
    /// Why a gate was passed by.
    package let reason: String?
    /// The number of the record; nil where nothing was written.
    package let record: UInt64?
    package let isDryRun: Bool
    package let notes: [String]

    /// Whether the alias held the version already.
    package var isThereAlready: Bool { from == to }

    /// Why the alias does not move; nil where it may.
    package let failure: RegError?
}

extension Session {
    /// Moves an alias to a version if its gate allows, and if nobody else moves it meanwhile.
    ///
    /// A failed gate is no error: the report has it as `failure`.
    package func promote(_ request: PromoteRequest) throws -> PromoteReport {
        try verb {
            let registry = try registryToAppend()
            let version = try pushedVersion(request.reference)
            let (name, alias) = (version.name, request.alias)
            let holder = try catalog.holder(of: alias, name: name)
            var notes: [String] = []
            var judgement: PromoteReport.Judgement?
            if holder != version.number, request.reason == nil {
                judgement = try judge(version, holder: holder, request, notes: &notes)
            }
            var failure: RegError?
            if let judgement, !judgement.isMet { failure = try explain(judgement, of: version, alias) }
            var record: UInt64?
            if holder != version.number, failure == nil, !request.isDryRun {
                record = try move(
                    alias,
                    by: Operation.Promote(
                        name: name, alias: alias, from: holder, to: version.number,
                        gate: judgement?.operationGate, reason: request.reason, isRollback: false),
                    in: registry)
            }
            return PromoteReport(
                name: name, alias: alias, from: holder, to: version.number, judgement: judgement,
                reason: request.reason, record: record, isDryRun: request.isDryRun, notes: notes,
                failure: failure)
        }
    }

    /// The registry, its log folded to the end, with nothing of an earlier run open.
    func registryToAppend() throws -> Registry {
        let registry = try registry()
        for journal in journals { try registry.settle(journal) }
        try registry.catchUpToWrite()
        return registry
    }

    /// The version of the log that a reference names.
    func pushedVersion(_ reference: String) throws -> Version {
        let resolved = try resolveOne(reference)
        try registry().catchUpOnce()
        if let version = try resolved.version ?? catalog.version(of: resolved.name, digest: resolved.digest) {
            return version
        }
        throw RegError(
            .notFound, "\(resolved.subject) is no version in \(try registryLocation().text)",
            hint: "push it first: reg push \(resolved.name)")
    }

    /// Appends a move of an alias.
    ///
    /// - Throws: `conflict` where the alias is not at `operation.from` any more.
    func move(_ alias: Alias, by operation: Operation.Promote, in registry: Registry) throws -> UInt64? {
        try registry.append(journal: journals.first) {
            let holder = try catalog.holder(of: alias, name: operation.name)
            guard holder == operation.from else { throw try moved(alias, operation) }
            return Registry.Draft(
                project: settings.project, author: author, operations: [.promote(operation)])
        }
    }

    /// Somebody else moved an alias meanwhile.
    private func moved(_ alias: Alias, _ operation: Operation.Promote) throws -> RegError {
        let subject = "\(operation.name)@\(alias)"
        let now = try catalog.promotions(of: alias, name: operation.name).first
        let before = operation.from.map { "from v\($0) " } ?? ""
        let what = now.map {
            "to v\($0.to) by \(printable($0.author)) at \(printable($0.time)) (record \($0.record))"
        }
        return RegError(
            .conflict, "\(subject) moved meanwhile \(before)\(what ?? "")",
            hint: "see what it is now: reg history \(subject)")
    }
}

// The gate.
extension Session {
    /// What the gate of HEAD's `reg.toml` makes of a version; nil where there is none for the alias.
    private func judge(
        _ version: Version, holder: UInt64?, _ request: PromoteRequest, notes: inout [String]
    ) throws -> PromoteReport.Judgement? {
        guard let git = workspace?.git, let head = try git.head() else {
            throw RegError(
                .usage, "there is no commit here whose reg.toml could have a gate for \(request.alias)",
                hint: "run this in a clone of the project, or give --no-gate REASON")
        }
        let committed = try gates(of: head, git: git)
        let name = request.gate ?? request.alias.text
        if settings.gates[name] != committed[name] {
            notes.append(
                "gate \(name) is not the same in the edited reg.toml; the one that is committed counts")
        }
        guard let gate = committed[name] else {
            if request.gate == nil {
                notes.append("there is no gate \(name) in reg.toml of commit \(head.short)")
                return nil
            }
            let names = committed.keys.sorted().joined(separator: ", ")
            throw RegError(
                .usage, "reg.toml of commit \(head.short) has no gate '\(printable(name))'",
                hint: names.isEmpty
                    ? "it has none at all; gates are committed tables [gate.NAME]" : "it has: \(names)")
        }
        let datasets = try datasets(of: gate, name: name)
        let source = try measured(version, on: datasets)
        var holderSource: Measured?
        if let holder, gate.conditions.contains(where: \.comparesWithHolder),
            let held = try catalog.version(of: version.name, number: holder)
        {
            holderSource = try measured(held, on: datasets)
        }
        let baseline = holder.map { _ in holderSource?.metrics ?? Metrics() }
        return PromoteReport.Judgement(
            gate: name, commit: head,
            results: gate.conditions.map { $0.judge(source?.metrics ?? Metrics(), holder: baseline) },
            source: source, holderSource: holderSource)
    }

    private func gates(of head: CommitID, git: Git) throws -> [String: Gate] {
        let path = BytePath(Settings.fileName)
        guard let bytes = try git.blob(at: path, in: head) else { return [:] }
        return try Settings.parse(bytes, of: path).gates
    }

    /// The datasets of a gate, with the digests that HEAD's lock has for them.
    private func datasets(of gate: Gate, name: String) throws -> [(name: ArtifactName, digest: Digest)] {
        if gate.datasets.isEmpty { return [] }
        let lock = try lock(of: "HEAD", text: "HEAD")
        return try gate.datasets.map { dataset in
            guard let entry = lock[dataset] else {
                throw RegError(
                    .usage,
                    "gate \(name) asks for metrics on \(dataset), which the reg.lock of HEAD does not have",
                    hint: "add and commit it, or change the gate")
            }
            guard case .stored(let digest, _, _) = entry.content else {
                throw RegError(
                    .usage,
                    "gate \(name) asks for metrics on \(dataset), which git keeps, and HEAD is not bound",
                    hint: "bind it: reg push")
            }
            return (dataset, digest)
        }
    }

    /// Why a gate is not met, in one line, and what to do about it.
    private func explain(
        _ judgement: PromoteReport.Judgement, of version: Version, _ alias: Alias
    ) throws -> RegError {
        let failed = judgement.results.filter { $0.verdict == .failed }
        let subject = "\(version.name)@v\(version.number)"
        let message =
            "\(subject) does not meet gate \(judgement.gate): "
            + failed.map(\.sentence).joined(separator: "; ")
        return RegError(.gate, message, hint: try hint(for: failed, judgement, of: version))
    }

    private func hint(
        for failed: [GateResult], _ judgement: PromoteReport.Judgement, of version: Version
    ) throws -> String? {
        guard let missing = failed.flatMap(\.missing).first else { return nil }
        guard let source = judgement.source else {
            let any = try measured(version, on: [])
            return any == nil
                ? "nothing was measured of it; state it: reg push \(version.name) --metrics FILE"
                : "no run on the datasets that the gate names has measured it; what else was measured does not count"
        }
        let near = nearNames(missing, among: source.metrics.names)
        return near.isEmpty
            ? "\(source.text) has no such metric"
            : "\(source.text) has \(near.map { printable($0) }.joined(separator: ", "))"
    }
}

/// Names that somebody may have meant who wrote `name`: at most three, the nearest first.
func nearNames(_ name: String, among names: [String]) -> [String] {
    func last(_ name: String) -> String {
        (name.split(separator: ".").last.map(String.init) ?? name).lowercased()
    }
    let wanted = last(name)
    let near = names.prefix(Metrics.limit).map { candidate in
        let other = last(candidate)
        let isPart = other.contains(wanted) || wanted.contains(other)
        return (
            name: candidate,
            distance: isPart ? 0 : editDistance(Array(other.utf8.prefix(64)), Array(wanted.utf8.prefix(64)))
        )
    }
    return near.filter { $0.distance <= max(2, wanted.utf8.count / 3) }
        .sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }.prefix(3).map(\.name)
}

extension Measured {
    /// For messages: `run-1234abcd (record 5)`.
    package var text: String {
        switch source {
        case .run(let id): "\(id.shortRun) (record \(record))"
        case .statement: "what was stated in record \(record)"
        }
    }
}

extension GateResult {
    /// Why it failed: `map50 is 0.79, not >= 0.81`.
    fileprivate var sentence: String {
        let texts = texts
        if let name = missing.first { return "\(printable(name)) was not measured" }
        if let name = missingInHolder.first {
            return "\(printable(name)) was not measured of the version that the alias holds"
        }
        let held = texts.baseline.map { " (the alias has \($0))" } ?? ""
        return "\(printable(metric)) is \(texts.value ?? "?"), not \(comparison.rawValue) "
            + "\(texts.bound ?? "?")\(held)"
    }
}

extension PromoteReport.Judgement {
    fileprivate var operationGate: Operation.Promote.Gate {
        Operation.Promote.Gate(
            name: gate, commit: commit.hex,
            conditions: results.map { result in
                Operation.Promote.Gate.Condition(
                    text: result.condition.text, value: result.value,
                    bound: result.verdict == .skipped ? nil : result.bound, isMet: result.verdict != .failed)
            })
    }
}
