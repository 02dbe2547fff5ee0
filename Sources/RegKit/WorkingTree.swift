// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegCatalog
internal import RegFiles
internal import RegGit
internal import RegHash
internal import RegLock
internal import RegManifest

/// The files below a directory, mostly a workspace, beside what the catalog knows of them.
struct WorkingTree {
    let root: Descriptor
    let catalog: Catalog
    /// The number of this working tree in the catalog.
    let worktree: Int64

    /// The tree at `path`, kept in the catalog under `key`: its path where nothing better names it.
    init(_ path: BytePath, key: BytePath? = nil, catalog: Catalog) throws {
        root = try Descriptor.open(path, .directory)
        self.catalog = catalog
        worktree = try catalog.worktree(key ?? path)
    }

    /// The tree of a workspace, found again when the whole clone has moved.
    init(_ workspace: Workspace, catalog: Catalog) throws {
        // Empty for the main working tree, `worktrees/NAME` for a linked one.
        let key = workspace.git.flatMap { $0.gitDirectory.relative(to: $0.commonDirectory) }
        try self.init(workspace.root, key: key, catalog: catalog)
    }

    /// One entry of a tree, and its hash where it need not be read for that.
    struct ScannedEntry {
        let entry: TreeEntry
        let hash: Digest?
    }

    /// Goes through what lies at `path`, a directory or a file, in path order.
    ///
    /// - Returns: false where there is nothing.
    func scan(_ path: BytePath, _ body: (ScannedEntry) throws -> Void) throws -> Bool {
        guard var scan = try Scan(path, of: self) else { return false }
        while let entry = try scan.next() { try body(entry) }
        return true
    }

    /// A scan that gives one entry at a time.
    struct Scan {
        private var walk: TreeWalk
        private var known: KnownFiles
        private let base: BytePath
        let isSingleFile: Bool

        /// - Returns: nil where there is nothing.
        init?(_ path: BytePath, of tree: WorkingTree) throws {
            guard let walk = try TreeWalk(path, below: tree.root) else { return nil }
            self.walk = walk
            known = KnownFiles(of: path, catalog: tree.catalog, worktree: tree.worktree)
            base = try tree.base(of: path)
            isSingleFile = base != path
        }

        mutating func next() throws -> ScannedEntry? {
            guard let entry = try walk.next() else { return nil }
            guard case .file(let status) = entry.kind else { return ScannedEntry(entry: entry, hash: nil) }
            let file = try known.file(at: base.appending(entry.path))
            return ScannedEntry(entry: entry, hash: file?.matches(status) == true ? file?.hash : nil)
        }
    }

    /// What the paths of rows are relative to: the artifact itself, or the directory of a single file.
    func base(of path: BytePath) throws -> BytePath {
        try root.status(ofPath: path)?.kind == .directory ? path : path.parent
    }

    /// The rows of the tree at `path`; files that changed since they were last seen are read and hashed.
    ///
    /// - Returns: false where there is nothing.
    func forEachRow(of path: BytePath, _ body: (TreeRow) throws -> Void) throws -> Bool {
        let base = try base(of: path)
        var learned: [KnownFile] = []
        let exists = try scan(path) { scanned in
            let entry = scanned.entry
            switch entry.kind {
            case .emptyDirectory: try body(TreeRow(path: entry.path, kind: .emptyDirectory))
            case .file(let status):
                let full = base.appending(entry.path)
                let hash = try scanned.hash ?? hash(of: full, walked: status, &learned)
                let kind = TreeRow.Kind.file(size: status.size, hash: hash, isExecutable: status.isExecutable)
                try body(TreeRow(path: entry.path, kind: kind))
            }
        }
        try keep(learned)
        return exists
    }

    private func hash(of path: BytePath, walked status: FileStatus, _ learned: inout [KnownFile]) throws
        -> Digest
    {
        let hash = try hash(of: path)
        learned.append(
            KnownFile.afterReading(path: path, hash: hash, status: status, now: nanosecondsNow()))
        return hash
    }

    /// The hash of the file at `path`, read now.
    func hash(of path: BytePath) throws -> Digest {
        let file: Descriptor
        do { file = try root.openBeneath(path, .read) } catch {
            throw error.isNotFound ? RegError.changed(root.path.appending(path)) : error
        }
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { block.deallocate() }
        let hasher = SHA256()
        while true {
            let count = try file.read(into: block)
            if count == 0 { return hasher.finish() }
            hasher.update(UnsafeRawBufferPointer(rebasing: block[..<count]))
        }
    }

    private func keep(_ files: [KnownFile]) throws {
        if files.isEmpty { return }
        try catalog.transaction { for file in files { try catalog.keep(file, worktree: worktree) } }
    }

    /// Remembers that what lies at `path` was added, `files` of it read just now.
    func keepAdded(_ files: [KnownFile], at path: BytePath) throws {
        try catalog.transaction {
            for file in files { try catalog.keep(file, worktree: worktree) }
            try catalog.takeForOwn(below: path, worktree: worktree)
        }
    }

    /// The digest of the tree at `path` as it is now, and what it holds; nil where there is nothing.
    func summary(of path: BytePath) throws -> (digest: Digest, totals: Manifest.Totals)? {
        var hasher = TreeHasher()
        var totals = Manifest.Totals()
        let exists = try forEachRow(of: path) { row in
            hasher.append(row)
            totals.count(row)
        }
        return exists ? (hasher.finish(), totals) : nil
    }
}
