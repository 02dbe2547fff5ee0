// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
package import RegHash
package import RegLock
package import RegLog
package import RegMetrics
internal import RegPin

/// One version of an artifact, as the log has it.
package struct Version: Equatable, Sendable {
    package let name: ArtifactName
    package let number: UInt64
    package let digest: Digest
    package let type: ArtifactType
    /// The id of the manifest object that its push named.
    package let manifest: Digest
    package let byteCount: UInt64
    package let fileCount: UInt64
    package let message: String?
    /// The number of the record that made it.
    package let record: UInt64
}

extension Catalog {
    private static let columns = "name, version, digest, type, manifest, bytes, files, message, record"

    private static func version(_ row: Row) throws -> Version {
        guard let name = row.text(0).flatMap({ ArtifactName($0) }),
            let type = row.text(3).flatMap({ ArtifactType(rawValue: $0) })
        else { throw corruptValue }
        return Version(
            name: name, number: try row.unsigned(1), digest: try row.digest(2), type: type,
            manifest: try row.digest(4), byteCount: try row.unsigned(5), fileCount: try row.unsigned(6),
            message: row.text(7), record: try row.unsigned(8))
    }

    /// All names of the registry, sorted.
    package func names() throws -> [ArtifactName] {
        try database.all("SELECT name FROM artifact ORDER BY name") { $0.text(0) }
            .compactMap { $0.flatMap { ArtifactName($0) } }
    }

    package func version(of name: ArtifactName, number: UInt64) throws -> Version? {
        guard let number = Int64(exactly: number) else { return nil }
        return try database.first(
            "SELECT \(Catalog.columns) FROM version WHERE name = ? AND version = ?", name.description, number,
            read: Catalog.version)
    }

    package func newestVersion(of name: ArtifactName) throws -> Version? {
        try database.first(
            "SELECT \(Catalog.columns) FROM version WHERE name = ? ORDER BY version DESC LIMIT 1",
            name.description, read: Catalog.version)
    }

    /// The newest version of `name` that has this digest.
    package func version(of name: ArtifactName, digest: Digest) throws -> Version? {
        try database.first(
            """
            SELECT \(Catalog.columns) FROM version INDEXED BY version_digest
            WHERE name = ? AND digest = ? ORDER BY version DESC LIMIT 1
            """, name.description, digest.bytes, read: Catalog.version)
    }

    /// The versions of `name` whose digest begins with the hex digits `prefix`; newest first, one for each digest.
    package func versions(of name: ArtifactName, digestPrefix prefix: String) throws -> [Version] {
        let padding = String(repeating: "0", count: max(0, 2 * Digest.byteCount - prefix.utf8.count))
        guard let lower = Digest(hex: prefix + padding),
            let upper = Digest(hex: prefix + padding.map { _ in "f" })
        else { return [] }
        var seen: Set<Digest> = []
        return try database.all(
            """
            SELECT \(Catalog.columns) FROM version INDEXED BY version_digest
            WHERE name = ? AND digest BETWEEN ? AND ? ORDER BY version DESC
            """, name.description, lower.bytes, upper.bytes, read: Catalog.version
        ).filter { seen.insert($0.digest).inserted }
    }

    /// Versions of any name that have one of these pages' or packs' trees: those whose digest is `digest`.
    package func versions(digest: Digest) throws -> [Version] {
        try database.all(
            "SELECT \(Catalog.columns) FROM version WHERE digest = ? ORDER BY name, version", digest.bytes,
            read: Catalog.version)
    }

    /// All versions, by name and number.
    package func allVersions() throws -> [Version] {
        try database.all(
            "SELECT \(Catalog.columns) FROM version ORDER BY name, version", read: Catalog.version)
    }

    /// The ids of the manifests that versions name.
    package func versionManifests() throws -> Set<Digest> {
        Set(try database.all("SELECT DISTINCT manifest FROM version") { try $0.digest(0) })
    }

    /// The artifact set that a commit of `project` is bound to, its full id or a unique beginning of it given.
    ///
    /// Without a project, any project's binding of the commit counts. More than one match gives them all.
    package func bindings(commit prefix: String, project: RandomName?) throws -> [(
        commit: String, set: Digest
    )] {
        try database.all(
            """
            SELECT DISTINCT commit_id, artifact_set FROM binding INDEXED BY binding_commit
            WHERE commit_id >= ?1 AND commit_id < ?2 AND (?3 IS NULL OR project = ?3) LIMIT 2
            """, prefix, prefix + "g", project?.bytes
        ) { (commit: $0.text(0) ?? "", set: try $0.digest(1)) }
    }

    /// The canonical lock of a set that some commit is bound to.
    package func lock(of set: Digest) throws -> Lock? {
        let bytes = try database.first("SELECT lock FROM artifact_set WHERE digest = ?", set.bytes) {
            $0.blob(0)
        }
        return try bytes.map { try Lock.parse($0) }
    }
}

/// One operation of the log, for people.
package struct HistoryEntry: Equatable, Sendable {
    package let record: UInt64
    /// The operation's kind; `void` for a record that changes nothing.
    package let kind: String
    package let time: String
    package let author: String
    package let name: String?
    package let version: UInt64?
    package let digest: Digest?
    package let commit: String?
    /// Why the record is void.
    package let reason: String?
    package let message: String?
    /// Of a promote: what moved, from which version, and back or not.
    package var alias: Alias?
    package var from: UInt64?
    package var isRollback = false
    /// Of a run that no later attempt has replaced.
    package var run: RandomName?
    package var status: String?
    /// Of a measure that no later one has replaced.
    package var metrics: Metrics?
    /// Of a pin: the program and its arguments.
    package var command: [String] = []
}

extension Catalog {
    /// The log's operations, newest first; those of one artifact where a name is given.
    package func history(of name: ArtifactName?, limit: Int) throws -> [HistoryEntry] {
        // Two queries, so that each finds its first rows in an index, however long the log is.
        let rows =
            name == nil
            ? "record r LEFT JOIN operation o ON o.record = r.number"
            : "operation o JOIN record r ON r.number = o.record"
        return try database.all(
            """
            SELECT r.number, CASE WHEN r.void IS NULL THEN o.kind ELSE 'void' END, r.time, r.author, o.name, o.version,
                o.digest, o.commit_id, r.void, coalesce(v.message, p.reason), p.alias, p.former, p.rollback, x.id, x.status,
                m.metrics, n.content
            FROM \(rows)
            LEFT JOIN version v ON v.name = o.name AND v.version = o.version AND v.record = r.number
            LEFT JOIN promotion p ON o.kind = 'promote' AND p.name = o.name AND p.record = o.record
                AND p.position = o.position
            LEFT JOIN run x ON o.kind = 'run' AND x.id = (
                SELECT id FROM run WHERE record = o.record AND pin = o.digest LIMIT 1)
            LEFT JOIN measure m ON o.kind = 'measure' AND m.name = o.name AND m.version = o.version
                AND m.record = o.record
            LEFT JOIN pin n ON o.kind = 'pin' AND n.id = o.digest
            WHERE ?1 IS NULL OR o.name = ?1
            ORDER BY \(name == nil ? "r.number" : "o.record") DESC, o.position DESC LIMIT ?2
            """, name?.description, Int64(limit)
        ) { row in
            HistoryEntry(
                record: try row.unsigned(0), kind: row.text(1) ?? "void", time: row.text(2) ?? "",
                author: row.text(3) ?? "", name: row.text(4),
                version: row.isNull(5) ? nil : try row.unsigned(5),
                digest: row.isNull(6) ? nil : try row.digest(6), commit: row.text(7), reason: row.text(8),
                message: row.text(9), alias: row.text(10).flatMap { Alias($0) },
                from: row.isNull(11) ? nil : try row.unsigned(11), isRollback: row.integer(12) != 0,
                run: try row.name(13), status: row.text(14), metrics: try row.metrics(15),
                command: row.isNull(16) ? [] : try Catalog.pin(row, 16).command)
        }
    }
}

extension Catalog {
    /// Why a record changes nothing; nil for one that was applied, or is not there.
    package func voidReason(of number: UInt64) throws -> String? {
        try database.first("SELECT void FROM record WHERE number = ?", Int64(number)) { $0.text(0) } ?? nil
    }

    /// Who made a record, and when.
    package func record(_ number: UInt64) throws -> (author: String, time: String)? {
        try database.first("SELECT author, time FROM record WHERE number = ?", Int64(number)) {
            (author: $0.text(0) ?? "", time: $0.text(1) ?? "")
        }
    }

    /// Commits whose set holds `name` with this digest, the newest binding first.
    package func commits(with name: ArtifactName, digest: Digest) throws -> [String] {
        try bindings(with: name, digest: digest).map(\.commit)
    }

    /// What the newest bound set that holds `name` with this digest says of it; nil where there is none.
    package func boundEntry(of name: ArtifactName, digest: Digest) throws -> LockEntry? {
        try bindings(with: name, digest: digest).first?.entry
    }

    private func bindings(
        with name: ArtifactName, digest: Digest
    ) throws -> [(commit: String, entry: LockEntry)] {
        try database.all(
            """
            SELECT b.commit_id, s.lock FROM member m JOIN binding b ON b.artifact_set = m.artifact_set
            JOIN artifact_set s ON s.digest = m.artifact_set
            WHERE m.name = ? AND m.digest = ? ORDER BY b.record DESC
            """, name.description, digest.bytes
        ) { (commit: $0.text(0) ?? "", lock: $0.blob(1)) }
        .compactMap { row in
            guard let entry = try Lock.parse(row.lock)[name], case .stored(digest, _, _) = entry.content
            else {
                return nil
            }
            return (row.commit, entry)
        }
    }
}
