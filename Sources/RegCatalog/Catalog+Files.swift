// SPDX-License-Identifier: Apache-2.0
package import RegBytes
package import RegHash

/// Between these two, in the order of bytes, lie all paths below `path`.
private func bounds(below path: BytePath) -> (lower: [UInt8], upper: [UInt8]) {
    if path.isEmpty { return ([], [UInt8](repeating: 0xff, count: PathHazard.maximumByteCount + 1)) }
    return (path.bytes + [UInt8(ascii: "/")], path.bytes + [UInt8(ascii: "/") + 1])
}

extension Catalog {
    /// The number under which files of the working tree at `path` are kept.
    package func worktree(_ path: BytePath) throws -> Int64 {
        let known = {
            try self.database.first("SELECT id FROM worktree WHERE path = ?", path.bytes) { $0.integer(0) }
        }
        if let id = try known() { return id }
        try database.run("INSERT OR IGNORE INTO worktree (path) VALUES (?)", path.bytes)
        guard let id = try known() else { throw corruptValue }
        return id
    }

    private static let columns = "path, kind, hash, own_kind, own, size, modified, changed, inode"

    /// Fills `batch` with what is known of the entries at `path` and below it, in the order of their paths' bytes:
    /// those after the path `last`.
    package func fill(
        _ batch: KnownBatch, below path: BytePath, after last: BytePath?, worktree: Int64
    ) throws {
        batch.clear()
        let (lower, upper) = bounds(below: path)
        // One lower bound: with two, SQLite would search from the wrong one and pass over the rest row by row.
        let start = last?.bytes ?? path.bytes
        try database.forEachRow(
            """
            SELECT \(Catalog.columns) FROM file
            WHERE worktree = ?1 AND path \(last == nil ? ">=" : ">") ?2 AND path < ?3 AND (path = ?4 OR path > ?5)
            ORDER BY path LIMIT ?6
            """, [worktree, start, upper, path.bytes, lower, Int64(batch.limit)]
        ) { row in
            try batch.append(row)
            return true
        }
    }

    package func entry(at path: BytePath, worktree: Int64) throws -> KnownEntry? {
        try database.first(
            "SELECT \(Catalog.columns) FROM file WHERE worktree = ? AND path = ?", worktree, path.bytes
        ) { try KnownEntry($0, from: 1) }
    }

    /// Remembers what an entry is, but not as reg's own.
    package func keep(_ file: KnownFile, worktree: Int64) throws {
        let entry = file.entry
        try database.run(
            """
            INSERT INTO file (worktree, path, kind, hash, size, modified, changed, inode)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO UPDATE SET
            kind = ?3, hash = ?4, size = ?5, modified = ?6, changed = ?7, inode = ?8
            """, worktree, file.path.bytes, Int64(entry.content.kind.rawValue), entry.content.hash.bytes,
            entry.size,
            entry.modified, entry.changed, entry.inode)
    }

    /// Remembers an entry that reg has added or written.
    package func keepOwn(_ file: KnownFile, worktree: Int64) throws {
        let entry = file.entry
        try database.run(
            """
            INSERT OR REPLACE INTO file (worktree, path, kind, hash, own_kind, own, size, modified, changed, inode)
            VALUES (?1, ?2, ?3, ?4, ?3, ?4, ?5, ?6, ?7, ?8)
            """, worktree, file.path.bytes, Int64(entry.content.kind.rawValue), entry.content.hash.bytes,
            entry.size,
            entry.modified, entry.changed, entry.inode)
    }

    /// Takes the known entries at `path` and below it for what reg added or wrote, but for files that changed after
    /// `time`, in nanoseconds since 1970: what is known of those, somebody else may have found out meanwhile.
    ///
    /// - Returns: whether there was no such file.
    package func takeForOwn(below path: BytePath, unchangedSince time: Int64, worktree: Int64) throws -> Bool
    {
        let (lower, upper) = bounds(below: path)
        let range = "worktree = ?1 AND (path = ?2 OR (path > ?3 AND path < ?4))"
        try database.run(
            """
            UPDATE file SET own_kind = kind, own = hash
            WHERE \(range) AND changed <= ?5 AND (own_kind <> kind OR own IS NOT hash)
            """, worktree, path.bytes, lower, upper, time)
        let later = try database.first(
            "SELECT 1 FROM file WHERE \(range) AND changed > ?5 LIMIT 1", worktree, path.bytes, lower, upper,
            time
        ) { _ in true }
        return later == nil
    }

    /// Takes the entry at `path` for what reg added or wrote, if that is what it is.
    package func takeForOwn(_ path: BytePath, _ content: Content, worktree: Int64) throws {
        try database.run(
            "UPDATE file SET own_kind = kind, own = hash WHERE worktree = ? AND path = ? AND kind = ? AND hash = ?",
            worktree, path.bytes, Int64(content.kind.rawValue), content.hash.bytes)
    }

    package func forgetEntry(at path: BytePath, worktree: Int64) throws {
        try database.run("DELETE FROM file WHERE worktree = ? AND path = ?", worktree, path.bytes)
    }

    // MARK: Whole trees

    /// The digest of the tree that the own entries at and below `path` are; nil where they may be none.
    package func ownTree(at path: BytePath, worktree: Int64) throws -> Digest? {
        try database.first(
            "SELECT digest FROM own_tree WHERE worktree = ? AND path = ?", worktree, path.bytes
        ) { try $0.digest(0) }
    }

    /// Says that the own entries at and below `path` are exactly the tree `digest`; nil: that they may be none.
    ///
    /// Whoever changes own entries says nil before, and the digest with the last of them.
    package func setOwnTree(_ digest: Digest?, at path: BytePath, worktree: Int64) throws {
        if let digest {
            try database.run(
                "INSERT OR REPLACE INTO own_tree VALUES (?, ?, ?)", worktree, path.bytes, digest.bytes)
        } else {
            try database.run("DELETE FROM own_tree WHERE worktree = ? AND path = ?", worktree, path.bytes)
        }
    }
}
