// SPDX-License-Identifier: Apache-2.0
package import RegBytes
package import RegFiles
package import RegHash

/// A file that was read: its hash, and how it looked then.
package struct KnownFile: Equatable, Sendable {
    package let path: BytePath
    package let hash: Digest
    /// The hash of what reg last added or wrote at the path; nil where it never did.
    package let own: Digest?
    private let size: Int64
    private let modified: Int64
    private let changed: Int64
    private let inode: Int64

    /// `status`: how the file looked; nil where that says nothing of its bytes, and nothing will match.
    package init(path: BytePath, hash: Digest, status: FileStatus?) {
        self.path = path
        self.hash = hash
        own = nil
        size = status.map { Int64(clamping: $0.size) } ?? -1
        modified = status?.modified ?? 0
        changed = status?.changed ?? 0
        inode = status.map { Int64(bitPattern: $0.inode) } ?? 0
    }

    fileprivate init(_ row: Row) throws {
        path = BytePath(row.blob(0))
        size = row.integer(1)
        modified = row.integer(2)
        changed = row.integer(3)
        inode = row.integer(4)
        hash = try row.digest(5)
        own = row.isNull(6) ? nil : try row.digest(6)
    }

    fileprivate var values: [any DatabaseValue] { [path.bytes, size, modified, changed, inode, hash.bytes] }

    /// Whether the file is, by its status, as it was: then its bytes need not be read again.
    package func matches(_ status: FileStatus) -> Bool {
        size == Int64(clamping: status.size) && modified == status.modified && changed == status.changed
            && inode == Int64(bitPattern: status.inode)
    }
}

/// Between these two, in the order of bytes, lie all paths below `path`.
private func bounds(below path: BytePath) -> (lower: [UInt8], upper: [UInt8]) {
    if path.isEmpty { return ([], [UInt8](repeating: 0xff, count: PathHazard.maximumByteCount + 1)) }
    return (path.bytes + [UInt8(ascii: "/")], path.bytes + [UInt8(ascii: "/") + 1])
}

extension Catalog {
    /// The number under which files of the working tree at `path` are kept.
    package func worktree(_ path: BytePath) throws -> Int64 {
        try database.run("INSERT OR IGNORE INTO worktree (path) VALUES (?)", path.bytes)
        guard
            let id = try database.first(
                "SELECT id FROM worktree WHERE path = ?", path.bytes, read: { $0.integer(0) })
        else { throw corruptValue }
        return id
    }

    /// What is known of the files at `path` and below it, in the order of their paths' bytes: at most `limit` of
    /// them, those after the path `last`.
    package func files(
        below path: BytePath, after last: BytePath?, worktree: Int64, limit: Int
    ) throws -> [KnownFile] {
        let (lower, upper) = bounds(below: path)
        // One lower bound: with two, SQLite would search from the wrong one and pass over the rest row by row.
        let start = last?.bytes ?? path.bytes
        return try database.all(
            """
            SELECT path, size, modified, changed, inode, hash, own FROM file
            WHERE worktree = ?1 AND path \(last == nil ? ">=" : ">") ?2 AND path < ?3 AND (path = ?4 OR path > ?5)
            ORDER BY path LIMIT ?6
            """, worktree, start, upper, path.bytes, lower, Int64(limit), read: KnownFile.init)
    }

    package func file(at path: BytePath, worktree: Int64) throws -> KnownFile? {
        try database.first(
            "SELECT path, size, modified, changed, inode, hash, own FROM file WHERE worktree = ? AND path = ?",
            worktree,
            path.bytes, read: KnownFile.init)
    }

    /// Remembers a file that was read.
    package func keep(_ file: KnownFile, worktree: Int64) throws {
        try database.forEachRow(
            """
            INSERT INTO file VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, NULL) ON CONFLICT DO UPDATE SET
            size = ?3, modified = ?4, changed = ?5, inode = ?6, hash = ?7
            """, [worktree] + file.values
        ) { _ in true }
    }

    /// Remembers a file that reg has added or written.
    package func keepOwn(_ file: KnownFile, worktree: Int64) throws {
        try database.forEachRow(
            "INSERT OR REPLACE INTO file VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)", [worktree] + file.values
        ) { _ in true }
    }

    /// Takes all known files at `path` and below it for what reg added or wrote.
    package func takeForOwn(below path: BytePath, worktree: Int64) throws {
        let (lower, upper) = bounds(below: path)
        try database.run(
            "UPDATE file SET own = hash WHERE worktree = ?1 AND (path = ?2 OR (path > ?3 AND path < ?4))",
            worktree, path.bytes, lower, upper)
    }

    /// Takes the file at `path` for what reg added or wrote, if it has this hash.
    package func takeForOwn(_ path: BytePath, hash: Digest, worktree: Int64) throws {
        try database.run(
            "UPDATE file SET own = hash WHERE worktree = ? AND path = ? AND hash = ?", worktree, path.bytes,
            hash.bytes)
    }

    package func forgetFile(at path: BytePath, worktree: Int64) throws {
        try database.run("DELETE FROM file WHERE worktree = ? AND path = ?", worktree, path.bytes)
    }
}
