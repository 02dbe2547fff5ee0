// SPDX-License-Identifier: Apache-2.0
package import RegHash
internal import RegJSON
package import RegLock
package import RegLog
package import RegMetrics
package import RegPin

// What the fold asks for.
extension Catalog {
    package func digest(of name: ArtifactName, version: UInt64) throws -> Digest? {
        try self.version(of: name, number: version)?.digest
    }

    package func hasPin(_ id: Digest) throws -> Bool {
        try database.first("SELECT 1 FROM pin WHERE id = ?", id.bytes) { _ in true } ?? false
    }

    package func newestAttempt(of run: RandomName) throws -> (number: UInt64, pin: Digest, succeeded: Bool)? {
        try database.first("SELECT attempt, pin, status FROM run WHERE id = ?", run.bytes) {
            (
                try $0.unsigned(0), try $0.digest(1),
                $0.text(2) == Operation.Run.Status.succeeded.rawValue
            )
        }
    }

    package func holder(of alias: Alias, name: ArtifactName) throws -> UInt64? {
        try database.first(
            """
            SELECT version FROM promotion WHERE name = ? AND alias = ?
            ORDER BY record DESC, position DESC LIMIT 1
            """, name.text, alias.text
        ) { try $0.unsigned(0) }
    }
}

// What the fold writes.
extension Catalog {
    func apply(_ operation: Operation.PinRecord, of record: Record) throws {
        let pin = operation.pin
        try database.run(
            "INSERT INTO pin VALUES (?, ?, ?, ?)", pin.id.bytes, Int64(record.number), pin.commit.hex,
            pin.canonical)
        for entry in pin.lock.entries {
            guard case .stored(let digest, _, _) = entry.content else { continue }
            try database.run(
                "INSERT INTO pin_artifact VALUES (?, ?, ?)", pin.id.bytes, entry.name.text, digest.bytes)
        }
        for tree in operation.trees { try keep(tree, of: record) }
    }

    private func keep(_ tree: NamedTree, of record: Record) throws {
        try database.run(
            "INSERT OR IGNORE INTO kept_tree VALUES (?, ?, ?)", Int64(record.number), tree.digest.bytes,
            tree.manifest.bytes)
    }

    func apply(_ run: Operation.Run, of record: Record) throws {
        try database.run("DELETE FROM run WHERE id = ?", run.id.bytes)
        try database.run("DELETE FROM run_output WHERE run = ?", run.id.bytes)
        try database.run(
            "INSERT INTO run VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", run.id.bytes, Int64(run.attempt),
            run.pin.bytes, run.status.rawValue, run.exit.map(Int64.init), run.started, run.ended,
            run.archive.digest.bytes, run.metrics.json.compact, run.original?.bytes, run.job,
            Int64(record.number))
        for output in run.outputs {
            try database.run(
                "INSERT OR REPLACE INTO run_output VALUES (?, ?, ?)", run.id.bytes, output.name.text,
                Int64(output.version))
        }
        try keep(run.archive, of: record)
    }

    func apply(_ measure: Operation.Measure, of record: Record) throws {
        try database.run(
            "INSERT OR REPLACE INTO measure VALUES (?, ?, ?, ?)", measure.name.text, Int64(measure.version),
            measure.metrics.json.compact, Int64(record.number))
    }

    func apply(_ promote: Operation.Promote, of record: Record) throws {
        // One record may move an alias twice.
        let position = record.operations.firstIndex(of: .promote(promote)) ?? 0
        try database.run(
            "INSERT OR REPLACE INTO promotion VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", promote.name.text,
            promote.alias.text, Int64(record.number), Int64(position), promote.from.map(Int64.init),
            Int64(promote.to), promote.gate?.json.compact, promote.reason, promote.isRollback ? 1 as Int64 : 0
        )
    }
}

/// The newest attempt of a run, as the log has it.
package struct RunEntry: Equatable, Sendable {
    package let id: RandomName
    package let attempt: UInt64
    package let pin: Digest
    package let status: Operation.Run.Status
    package let exit: UInt8?
    package let started: String
    package let ended: String
    package let archive: Digest
    package let metrics: Metrics
    package let original: RandomName?
    package let job: String?
    /// The number of the record that archived it.
    package let record: UInt64
}

/// One move of an alias.
package struct Promotion: Equatable, Sendable {
    package let name: ArtifactName
    package let alias: Alias
    package let record: UInt64
    package let from: UInt64?
    package let to: UInt64
    package let gate: Operation.Promote.Gate?
    package let reason: String?
    package let isRollback: Bool
    package let time: String
    package let author: String
}

// What verbs ask for.
extension Catalog {
    /// The pin of that id.
    package func pin(_ id: Digest) throws -> Pin? {
        try database.first("SELECT content FROM pin WHERE id = ?", id.bytes, read: { try Catalog.pin($0) })
    }

    static func pin(_ row: Row, _ column: Int32 = 0) throws -> Pin {
        guard let text = row.text(column), let json = try? JSON.parse(Array(text.utf8)),
            let pin = try? Pin(json)
        else { throw corruptValue }
        return pin
    }

    /// Pins whose id begins with these hex digits, at most two of them.
    package func pins(idPrefix prefix: String) throws -> [Pin] {
        try database.all(
            "SELECT content FROM pin WHERE hex(id) >= ?1 AND hex(id) < ?1 || 'g' ORDER BY record DESC LIMIT 2",
            prefix.uppercased(), read: { try Catalog.pin($0) })
    }

    /// The pins of a project's commit, newest first, each with the manifests of its own trees.
    package func pins(of commit: CommitID, project: RandomName) throws -> [(pin: Pin, trees: [NamedTree])] {
        try database.all(
            "SELECT content, record FROM pin WHERE commit_id = ? ORDER BY record DESC", commit.hex
        ) { (pin: try Catalog.pin($0), record: $0.integer(1)) }
        .filter { $0.pin.project == project && $0.pin.commit == commit }
        .map { row in
            let kept = try database.all(
                "SELECT digest, manifest FROM kept_tree WHERE record = ?", row.record
            ) { NamedTree(digest: try $0.digest(0), manifest: try $0.digest(1)) }
            return (row.pin, kept.filter { tree in row.pin.trees.contains { $0.digest == tree.digest } })
        }
    }

    static let runColumns =
        "id, attempt, pin, status, exit, started, ended, archive, metrics, original, job, record"

    static func run(_ row: Row) throws -> RunEntry {
        guard let id = try row.name(0),
            let status = row.text(3).flatMap({ Operation.Run.Status(rawValue: $0) }),
            let started = row.text(5), let ended = row.text(6), let metrics = try row.metrics(8)
        else { throw corruptValue }
        return RunEntry(
            id: id, attempt: try row.unsigned(1), pin: try row.digest(2), status: status,
            exit: row.isNull(4) ? nil : UInt8(truncatingIfNeeded: row.integer(4)), started: started,
            ended: ended, archive: try row.digest(7), metrics: metrics, original: try row.name(9),
            job: row.text(10), record: try row.unsigned(11))
    }

    package func run(_ id: RandomName) throws -> RunEntry? {
        try database.first(
            "SELECT \(Catalog.runColumns) FROM run WHERE id = ?", id.bytes, read: Catalog.run)
    }

    /// Runs whose id begins with these hex digits, at most two of them.
    package func runs(idPrefix prefix: String) throws -> [RunEntry] {
        try database.all(
            """
            SELECT \(Catalog.runColumns) FROM run WHERE hex(id) >= ?1 AND hex(id) < ?1 || 'g'
            ORDER BY record DESC LIMIT 2
            """, prefix.uppercased(), read: Catalog.run)
    }

    /// The runs whose newest attempts were started last, newest first.
    package func runs(limit: Int) throws -> [RunEntry] {
        try database.all(
            "SELECT \(Catalog.runColumns) FROM run ORDER BY started DESC, record DESC LIMIT ?", Int64(limit),
            read: Catalog.run)
    }

    /// The runs of a pin that the engine's job started, newest first, twenty at most.
    package func runs(ofJob job: String, pin: Digest) throws -> [RunEntry] {
        try database.all(
            "SELECT \(Catalog.runColumns) FROM run WHERE job = ? AND pin = ? ORDER BY record DESC LIMIT 20",
            job,
            pin.bytes, read: Catalog.run)
    }

    /// What a run has written.
    package func outputs(of run: RandomName) throws -> [Version] {
        try database.all(
            "SELECT name, version FROM run_output WHERE run = ? ORDER BY name", run.bytes
        ) { (name: $0.text(0).flatMap { ArtifactName($0) }, number: try $0.unsigned(1)) }
        .compactMap { row in try row.name.flatMap { try version(of: $0, number: row.number) } }
    }

    /// The runs that wrote a version, newest first.
    package func runs(writing version: Version) throws -> [RunEntry] {
        try database.all(
            """
            SELECT \(Catalog.runColumns) FROM run WHERE id IN
                (SELECT run FROM run_output WHERE name = ? AND version = ?)
            ORDER BY record DESC
            """, version.name.text, Int64(version.number), read: Catalog.run)
    }

    /// The newest runs whose pin has an artifact of this digest, newest first.
    package func runs(reading name: ArtifactName, digest: Digest, limit: Int) throws -> [RunEntry] {
        try database.all(
            """
            SELECT \(Catalog.runColumns) FROM run WHERE pin IN
                (SELECT pin FROM pin_artifact WHERE name = ? AND digest = ?)
            ORDER BY record DESC LIMIT ?
            """, name.text, digest.bytes, Int64(limit), read: Catalog.run)
    }

    /// Who wrote a record; empty where nobody is known.
    package func author(ofRecord number: UInt64) throws -> String {
        try database.first("SELECT author FROM record WHERE number = ?", Int64(number)) { $0.text(0) ?? "" }
            ?? ""
    }

    /// What somebody stated of a version last, and in which record.
    package func measure(of name: ArtifactName, version: UInt64) throws -> (metrics: Metrics, record: UInt64)?
    {
        try database.first(
            "SELECT metrics, record FROM measure WHERE name = ? AND version = ?", name.text, Int64(version)
        ) { row in
            guard let metrics = try row.metrics(0) else { throw corruptValue }
            return (metrics, try row.unsigned(1))
        }
    }

    /// The aliases of a version's name, with what each holds, sorted.
    package func aliases(of name: ArtifactName) throws -> [(alias: Alias, version: UInt64)] {
        let names = try database.all(
            "SELECT DISTINCT alias FROM promotion WHERE name = ? ORDER BY alias", name.text
        ) { $0.text(0).flatMap { Alias($0) } }
        return try names.compactMap { alias in
            guard let alias, let version = try holder(of: alias, name: name) else { return nil }
            return (alias, version)
        }
    }

    /// The names that have an alias, sorted.
    package func names(with alias: Alias) throws -> [ArtifactName] {
        try database.all(
            "SELECT DISTINCT name FROM promotion WHERE alias = ? ORDER BY name", alias.text
        ) { $0.text(0).flatMap { ArtifactName($0) } }.compactMap { $0 }
    }

    /// How an alias moved, newest first; of one name, or of all.
    package func promotions(of alias: Alias, name: ArtifactName?) throws -> [Promotion] {
        try database.all(
            """
            SELECT p.name, p.alias, p.record, p.former, p.version, p.gate, p.reason, p.rollback, r.time, r.author
            FROM promotion p JOIN record r ON r.number = p.record
            WHERE p.alias = ?1 AND (?2 IS NULL OR p.name = ?2) ORDER BY p.record DESC, p.position DESC
            """, alias.text, name?.text
        ) { row in
            guard let name = row.text(0).flatMap({ ArtifactName($0) }),
                let alias = row.text(1).flatMap({ Alias($0) })
            else { throw corruptValue }
            let gate = row.text(5).flatMap { text in
                (try? JSON.parse(Array(text.utf8))).flatMap { Operation.Promote.Gate($0) }
            }
            return Promotion(
                name: name, alias: alias, record: try row.unsigned(2),
                from: row.isNull(3) ? nil : try row.unsigned(3), to: try row.unsigned(4), gate: gate,
                reason: row.text(6), isRollback: row.integer(7) != 0, time: row.text(8) ?? "",
                author: row.text(9) ?? "")
        }
    }

    /// Trees that pins and runs keep, beside those of versions: each manifest once.
    package func keptTrees() throws -> [NamedTree] {
        try database.all("SELECT DISTINCT digest, manifest FROM kept_tree") {
            NamedTree(digest: try $0.digest(0), manifest: try $0.digest(1))
        }
    }
}

extension Row {
    func metrics(_ column: Int32) throws -> Metrics? {
        guard let text = text(column), let json = try? JSON.parse(Array(text.utf8)) else { return nil }
        return Metrics(json)
    }
}
