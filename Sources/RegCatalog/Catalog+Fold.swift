// SPDX-License-Identifier: Apache-2.0
package import RegHash
package import RegLock
package import RegLog
internal import RegPin

extension Catalog: FoldState {
    package func newest(of name: ArtifactName) throws -> (version: UInt64, maker: RandomName?)? {
        try database.first("SELECT newest, maker FROM artifact WHERE name = ?", name.description) {
            (try $0.unsigned(0), try $0.name(1))
        }
    }

    package func hasVersion(of name: ArtifactName, digest: Digest) throws -> Bool {
        try version(of: name, digest: digest) != nil
    }

    package func set(of commit: CommitID, project: RandomName) throws -> Digest? {
        try database.first(
            "SELECT artifact_set FROM binding WHERE project = ? AND commit_id = ?", project.bytes, commit.hex
        ) { try $0.digest(0) }
    }

    package func isDeleted(manifest: Digest) throws -> Bool { try isDeleted(manifest.bytes) }

    package func isDeleted(pack: RandomName) throws -> Bool { try isDeleted(pack.bytes) }

    private func isDeleted(_ object: [UInt8]) throws -> Bool {
        try database.first("SELECT 1 FROM deleted WHERE object = ?", object) { _ in true } ?? false
    }

    package func transaction(_ body: (inout Catalog) throws -> Bool) throws {
        var state = self
        try database.transaction { try body(&state) }
    }

    package func apply(_ operation: Operation, of record: Record) throws {
        switch operation {
        case .push(let push): try apply(push, of: record)
        case .bind(let bind): try apply(bind, of: record)
        case .pin(let pin): try apply(pin, of: record)
        case .run(let run): try apply(run, of: record)
        case .measure(let measure): try apply(measure, of: record)
        case .promote(let promote): try apply(promote, of: record)
        case .delete(let delete):
            for object in delete.packs.map(\.bytes) + delete.manifests.map(\.bytes) {
                try database.run("INSERT OR IGNORE INTO deleted VALUES (?)", object)
            }
        }
    }

    private func apply(_ push: Operation.Push, of record: Record) throws {
        try database.run(
            """
            INSERT INTO artifact VALUES (?1, ?2, ?3)
            ON CONFLICT (name) DO UPDATE SET newest = excluded.newest
            """, push.name.description, record.project?.bytes, Int64(push.version))
        try database.run(
            "INSERT INTO version VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", push.name.description,
            Int64(push.version), push.digest.bytes, push.type.rawValue, push.manifest.bytes,
            Int64(push.byteCount), Int64(push.fileCount), push.message, Int64(record.number))
    }

    private func apply(_ bind: Operation.Bind, of record: Record) throws {
        guard let project = record.project else { return }  // the fold has refused such a record
        try database.run(
            "INSERT OR IGNORE INTO artifact_set VALUES (?, ?)", bind.set.bytes, bind.lock.serialized)
        for entry in bind.lock.entries {
            guard case .stored(let digest, _, _) = entry.content else { continue }
            try database.run(
                "INSERT OR IGNORE INTO member VALUES (?, ?, ?)", entry.name.description, digest.bytes,
                bind.set.bytes)
        }
        try database.run(
            "INSERT OR IGNORE INTO binding VALUES (?, ?, ?, ?)", project.bytes, bind.commit.hex,
            bind.set.bytes,
            Int64(record.number))
    }

    // MARK: How far the fold is

    /// How far the log of registry `id` is folded; nil where nothing of it is.
    package func tail(of id: RandomName) throws -> Tail? {
        try tail("SELECT number, hash FROM fold WHERE registry = ?", id)
    }

    /// The newest record of registry `id` that this clone has ever seen.
    package func newestSeen(of id: RandomName) throws -> Tail? {
        try tail("SELECT number, hash FROM seen WHERE registry = ?", id)
    }

    private func tail(_ sql: String, _ id: RandomName) throws -> Tail? {
        try database.first(sql, id.bytes) { Tail(number: try $0.unsigned(0), hash: try $0.digest(1)) }
    }

    /// Forgets all that was folded, and starts with the registry `id`, of which nothing but `registry.json` is read.
    package func restartFold(of id: RandomName, genesis: Digest) throws {
        try database.transaction {
            for table in [
                "fold", "record", "operation", "artifact", "version", "artifact_set", "binding", "member",
                "deleted", "pin", "pin_artifact", "kept_tree", "run", "run_output", "measure", "promotion",
            ] {
                try database.run("DELETE FROM \(table)")
            }
            try database.run("INSERT INTO fold VALUES (?, 0, ?)", id.bytes, genesis.bytes)
            return true
        }
    }

    /// Folds the next entries of the log of registry `id` in, in one transaction.
    ///
    /// - Throws: `newerVersion` at an entry that only a later reg understands; those before it are folded.
    package func fold(_ entries: [LogEntry], of id: RandomName) throws {
        if entries.isEmpty { return }
        var failure: LogError?
        try database.transaction {
            failure = try foldNext(entries, of: id)
            return true
        }
        if let failure { throw failure }
    }

    /// Folds what `body` gives, as often as it does, in one transaction that is taken back if it throws.
    ///
    /// No savepoint for each call, as nested transactions would have: 10,000 records in one were measured to take ten times as
    /// long.
    package func foldTogether(
        of id: RandomName, _ body: (_ fold: ([LogEntry]) throws -> Void) throws -> Void
    ) throws {
        try database.transaction {
            try body { entries in
                if let failure = try foldNext(entries, of: id) { throw failure }
            }
            return true
        }
    }

    /// - Returns: why the fold ends before the last of `entries`.
    private func foldNext(_ entries: [LogEntry], of id: RandomName) throws -> LogError? {
        guard let start = try tail(of: id) else { return nil }
        var newest = start
        var failure: LogError?
        // Another process that shares this database may have been faster.
        for entry in entries where entry.number == newest.number + 1 {
            if case .beyond(let what) = entry.reading {
                failure = .newerVersion("\(what), in record \(entry.number)")
                break
            }
            try fold(entry.reading, number: entry.number)
            newest = entry.tail
        }
        if newest != start { try keepTail(newest, of: id) }
        return failure
    }

    private func fold(_ reading: RecordReading, number: UInt64) throws {
        switch reading {
        case .record(let record):
            var state = self
            try store(record, void: try Fold.apply(record, to: &state))
        case .void(let reason):
            try database.run("INSERT INTO record VALUES (?, NULL, NULL, '', '', ?)", Int64(number), reason)
        case .beyond: break  // nothing that this reg could fold
        }
    }

    private func keepTail(_ tail: Tail, of id: RandomName) throws {
        try database.run("UPDATE fold SET number = ?, hash = ?", Int64(tail.number), tail.hash.bytes)
        try database.run(
            """
            INSERT INTO seen VALUES (?1, ?2, ?3) ON CONFLICT (registry)
            DO UPDATE SET number = excluded.number, hash = excluded.hash WHERE excluded.number > seen.number
            """, id.bytes, Int64(tail.number), tail.hash.bytes)
    }

    private func store(_ record: Record, void reason: String?) throws {
        try database.run(
            "INSERT INTO record VALUES (?, ?, ?, ?, ?, ?)", Int64(record.number), record.id.bytes,
            record.project?.bytes, record.author, record.time, reason)
        for (position, operation) in record.operations.enumerated() {
            var name: String?
            var version: Int64?
            var digest: Digest?
            var commit: String?
            switch operation {
            case .push(let push):
                (name, version, digest) = (push.name.description, Int64(push.version), push.digest)
                commit =
                    record.operations.lazy.compactMap {
                        if case .bind(let bind) = $0 { bind.commit.hex } else { nil }
                    }.first
            case .bind(let bind): (digest, commit) = (bind.set, bind.commit.hex)
            case .pin(let pin): (digest, commit) = (pin.pin.id, pin.pin.commit.hex)
            case .run(let run): digest = run.pin
            case .measure(let measure): (name, version) = (measure.name.text, Int64(measure.version))
            case .promote(let promote): (name, version) = (promote.name.text, Int64(promote.to))
            case .delete: break
            }
            try database.run(
                "INSERT INTO operation VALUES (?, ?, ?, ?, ?, ?, ?)", Int64(record.number), Int64(position),
                operation.kind, name, version, digest?.bytes, commit)
        }
    }
}

extension Catalog {
    /// The registry that this clone has seen at `location`; nil for none.
    package func registry(at location: String) throws -> RandomName? {
        try database.first("SELECT registry FROM place WHERE location = ?", location) { try $0.name(0) }
            ?? nil
    }

    /// Remembers that registry `id` is at `location`.
    package func note(registry id: RandomName, at location: String) throws {
        if try registry(at: location) == id { return }
        try database.run("INSERT OR REPLACE INTO place VALUES (?, ?)", location, id.bytes)
    }

    /// Forgets what this clone has seen of registry `id`: somebody said that it was rolled back on purpose.
    package func forgetSeen(of id: RandomName) throws {
        try database.run("DELETE FROM seen WHERE registry = ?", id.bytes)
    }
}
