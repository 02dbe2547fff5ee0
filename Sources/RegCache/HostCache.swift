// SPDX-License-Identifier: Apache-2.0
package import RegBytes
package import RegFiles
package import RegHash
package import RegManifest

/// Whole files by their SHA-256, and which of them make up which tree, for all work of one user on one machine.
///
/// Nothing in it is the only copy of anything, and nothing needs repair: what does not look as it was left is hashed
/// again or brought anew. Several processes use it at one time. See docs/architecture.md, "The host cache".
package final class HostCache: Sendable {
    package let path: BytePath
    /// The most bytes that its files should take.
    package let quota: UInt64
    let root: Descriptor
    /// `<2 hex>/<64 hex>`: files by their hash.
    let files: Descriptor
    /// The rows of trees by their digest; the time of such a file is that of its last use.
    let trees: Descriptor
    /// Where files come to before they are the cache's, a directory for each tree.
    let incoming: Descriptor
    let locks: Descriptor

    /// Where nobody set one: a fifth of the file system, at most this.
    private static let mostByDefault: UInt64 = 200 << 30

    private init(_ path: BytePath, quota: UInt64) throws {
        self.path = path
        self.quota = quota
        root = try Descriptor.open(path, .directory)
        let root = root
        func subdirectory(_ name: String) throws -> Descriptor {
            try makePrivateDirectory(path.appending(name))
            return try HostCache.checked(root.openBeneath(BytePath(name), .directory))
        }
        files = try subdirectory("files")
        trees = try subdirectory("trees")
        incoming = try subdirectory("incoming")
        locks = try subdirectory("locks")
        _ = try HostCache.checked(root)
    }

    /// Opens the cache at `path`, making what is not there.
    ///
    /// `quota`: nil for the smaller of 200 GiB and a fifth of the file system.
    /// - Throws: `notOwn`, `onNetwork` or a `FileError` where there can be no cache, which callers can do without.
    package static func open(at path: BytePath, quota: UInt64? = nil) throws -> HostCache {
        if try isOnNetworkFileSystem(path) { throw CacheError.onNetwork(path) }
        try makeDirectories(path, mode: 0o700)
        let standard = min(mostByDefault, try fileSystemSpace(path).total / 5)
        return try HostCache(path, quota: quota ?? standard)
    }

    /// A directory that nobody else can have put anything into.
    private static func checked(_ directory: Descriptor) throws -> Descriptor {
        let status = try directory.status()
        guard CachedFile.isTrusted(status), status.permissions & 0o022 == 0 else {
            throw CacheError.notOwn(directory.path)
        }
        return directory
    }

    /// Makes the cache hold a tree, and keeps it there as long as somebody holds the result.
    ///
    /// Of several processes that want a tree at one time one brings what is missing, the others wait for it.
    ///
    /// `rows` gives the rows of the tree in path order; it is called only where the cache does not know them. `fetch`
    /// brings the files that are missing, each to its path in the tree below the directory that it is given, its bytes
    /// checked against its hash; what a killed run has left lies there still.
    /// - Throws: what `rows` and `fetch` throw; `noRoom`, which callers can do without the cache.
    package func prepare(
        _ tree: Digest, rows: ((TreeRow) throws -> Void) throws -> Void,
        fetch: (MissingFiles, _ incoming: Descriptor) throws -> Void
    ) throws -> CachedTree {
        let use = try CacheLock.take(tree.hex, .shared, in: locks)
        let (known, isWhole) = try look(at: tree, orMakeFrom: rows)
        try known.touch()
        if !isWhole {
            let alone = try CacheLock.take(HostCache.fetchLock(of: tree), .exclusive, in: locks)
            defer { withExtendedLifetime(alone) {} }
            // Somebody else may just have brought them.
            let missing = try missingFiles(of: known)
            if !missing.isEmpty { try bring(missing, of: known, fetch) }
        }
        return CachedTree(self, known, use)
    }

    static func fetchLock(of tree: Digest) -> String { tree.hex + ".fetch" }

    private func bring(
        _ missing: MissingFiles, of rows: CachedRows, _ fetch: (MissingFiles, Descriptor) throws -> Void
    ) throws {
        try makeRoom(for: missing.byteCount)
        let name = BytePath(rows.tree.hex)
        try incoming.makeDirectory(name)
        let directory = try incoming.openBeneath(name, .directory)
        try fetch(missing, directory)
        try adopt(missing, of: rows, from: directory)
        try incoming.removeTree(name)
    }

    // MARK: Rows

    /// The rows of a tree, and whether all its files are there.
    private func look(
        at tree: Digest, orMakeFrom source: ((TreeRow) throws -> Void) throws -> Void
    ) throws -> (CachedRows, isWhole: Bool) {
        if let known = try openRows(of: tree) {
            do {
                return (known, try missingFiles(of: known).isEmpty)
            } catch CacheError.wrongRows {}  // then made anew
        }
        try makeRows(of: tree, from: source)
        guard let made = try openRows(of: tree) else { throw CacheError.changed(tree) }
        return (made, try missingFiles(of: made).isEmpty)
    }

    private func makeRows(of tree: Digest, from source: ((TreeRow) throws -> Void) throws -> Void) throws {
        var draft = try CachedRows.Draft(in: trees)
        do {
            try source { try draft.append($0) }
            // Nobody decides meanwhile which files no tree needs.
            let guarding = try CacheLock.take(HostCache.guardName, .shared, in: locks)
            defer { withExtendedLifetime(guarding) {} }
            try draft.publish(as: tree)
        } catch {
            try? draft.discard()  // the first error is the one to tell
            throw error
        }
    }

    func openRows(of tree: Digest) throws(FileError) -> CachedRows? {
        do {
            return CachedRows(tree, try Descriptor.open(BytePath(tree.hex), .read, at: trees))
        } catch {
            if error.isNotFound { return nil }
            throw error
        }
    }

    /// The lock that is held shared while a tree's rows get their name, alone while somebody makes room.
    static let guardName = "guard"
}
