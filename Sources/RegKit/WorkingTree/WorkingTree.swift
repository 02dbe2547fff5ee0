// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegCatalog
internal import RegFiles
internal import RegGit
internal import RegHash
internal import RegLock
internal import RegManifest

/// What a tree is as a whole.
struct TreeSummary {
    let digest: Digest
    let totals: Manifest.Totals
    /// Entries that the catalog knows and that are no longer there, their paths relative to the workspace.
    let gone: [BytePath]
}

/// The files below a directory, mostly a workspace, beside what the catalog knows of them.
struct WorkingTree {
    let root: Descriptor
    let catalog: Catalog
    /// The number of this working tree in the catalog.
    let worktree: Int64
    let rules: IgnoreRules
    let checkouts: Checkouts
    /// When this was made, in nanoseconds since 1970: nothing of the tree was looked at before.
    private let openTime = nanosecondsNow()
    /// Threads that look at files.
    let jobs: Int

    /// The tree at `path`, kept in the catalog under `key`: its path where nothing better names it.
    ///
    /// `state`: the state directory; nil where nothing is to be remembered beyond the catalog.
    init(
        _ path: BytePath, key: BytePath? = nil, state: BytePath? = nil, catalog: Catalog,
        rules: IgnoreRules = .standard, jobs: Int
    ) throws {
        root = try Descriptor.open(path, .directory)
        self.catalog = catalog
        self.rules = rules
        self.jobs = jobs
        checkouts = Checkouts(state: state, worktree: key ?? path)
        worktree = try catalog.worktree(key ?? path)
    }

    /// How an artifact lies here, and what its target says of links.
    func checkout(of target: AddTarget) throws -> Checkout {
        var checkout = try checkouts.checkout(at: target.path)
        if let links = target.links { checkout.links = links }
        return checkout
    }

    /// What the paths of rows are relative to: the artifact itself, or the directory of a single file.
    func base(of path: BytePath) throws -> BytePath {
        try root.status(ofPath: path)?.kind == .directory ? path : path.parent
    }

    /// The rows of the tree at `path`; files that changed since they were last seen are read and hashed.
    ///
    /// Gives false where there is nothing.
    func forEachRow(of path: BytePath, _ body: (TreeRow) throws -> Void) throws -> Bool {
        try withContents(of: path) { scanned, content in try body(scanned.row(content)) }
    }

    /// The digest of the tree at `path` as it is now, and what it holds; nil where there is nothing.
    func summary(of path: BytePath) throws -> TreeSummary? {
        var hasher = TreeHasher()
        var totals = Manifest.Totals()
        var gone: [BytePath] = []
        let exists = try withContents(of: path) {
            gone.append($0.path)
        } body: { scanned, content in
            scanned.withPath {
                hasher.append(content.kind.rowKind, size: scanned.size, hash: content.hash, path: $0)
            }
            totals.count(fileOf: content.kind.isFile ? scanned.size : nil)
        }
        return exists ? TreeSummary(digest: hasher.finish(), totals: totals, gone: gone) : nil
    }

    /// Goes through what lies at `path` and what it is; remembers what had to be read for that.
    ///
    /// `passed` gets the known entries that are no longer there. Gives false where there is nothing at all.
    func withContents(
        of path: BytePath, passed: (KnownFile) throws -> Void = { _ in },
        body: (ScannedEntry, Content) throws -> Void
    ) throws -> Bool {
        let base = try base(of: path)
        let links = try checkouts.checkout(at: path).links
        var learned = LearnedEntries(self, of: path)
        let exists = try scan(path, links: links, passed: passed) { scanned in
            if let content = scanned.content { return try body(scanned, content) }
            guard let status = scanned.entry.status else { return }
            let full = base.appending(scanned.path)
            let content = Content.file(try hash(of: full, links: links), isExecutable: status.isExecutable)
            try learned.keep(KnownFile(path: full, .afterReading(content, status)))
            try body(scanned, content)
        }
        try learned.finish()
        return exists
    }

    /// The sizes of the files at `path` that are not as reg last added or wrote them, in all.
    func byteCountToRead(at path: BytePath, links: LinkPolicy) throws -> UInt64 {
        var byteCount: UInt64 = 0
        _ = try scan(path, links: links) { scanned in
            let own = scanned.known?.own
            if own == nil || own != scanned.content { byteCount = saturatingSum(byteCount, scanned.size) }
        }
        return byteCount
    }

    /// The hash of the file at `path`, read now.
    func hash(of path: BytePath, links: LinkPolicy = .keep) throws -> Digest {
        let file: Descriptor
        do { file = try open(path, links: links) } catch let error as FileError {
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

    func open(_ path: BytePath, links: LinkPolicy) throws -> Descriptor {
        switch links {
        case .keep: try root.openBeneath(path, .read)
        case .follow: try Descriptor.open(root.path.appending(path), .readThroughLinks)
        }
    }

    /// Remembers files that were read, which nobody may have made durable yet.
    func keepRead(_ files: [KnownFile]) throws {
        try root.syncFileSystem()
        try catalog.transaction { for file in files { try catalog.keep(file, worktree: worktree) } }
    }

    /// Takes what lies at `path`, a part of the artifact at `artifact` or all of it, for what reg has added.
    ///
    /// `tree`: the digest of the new version. `gone`: what was known and is no longer there.
    func takeAdded(
        _ path: BytePath, of artifact: BytePath, base: Digest?, tree digest: Digest, gone: [BytePath] = []
    ) throws {
        try catalog.transaction {
            for path in gone { try catalog.forgetEntry(at: path, worktree: worktree) }
            // With a part, the rest is the version before only where it was known to be.
            let isWhole =
                try path == artifact ? checkouts.checkout(at: artifact).isWhole : known(base, at: artifact)
            try catalog.setOwnTree(nil, at: artifact, worktree: worktree)
            let isAll = try catalog.takeForOwn(below: path, unchangedSince: openTime, worktree: worktree)
            if isWhole && isAll { try catalog.setOwnTree(digest, at: artifact, worktree: worktree) }
        }
    }

    private func known(_ digest: Digest?, at path: BytePath) throws -> Bool {
        try digest != nil && catalog.ownTree(at: path, worktree: worktree) == digest
    }
}

extension ScannedEntry {
    /// The row of an entry that is `content`.
    func row(_ content: Content) -> TreeRow {
        let kind: TreeRow.Kind =
            switch content.kind {
            case .emptyDirectory: .emptyDirectory
            case .symlink: .symlink(target: entry.target ?? BytePath([]))
            case .file, .executable:
                .file(size: size, hash: content.hash, isExecutable: content.kind == .executable)
            }
        return TreeRow(path: path, kind: kind)
    }
}

extension Content.Kind {
    var isFile: Bool { self == .file || self == .executable }

    /// The letter and the executable bit of a tree row.
    var rowKind: TreeHasher.Kind {
        switch self {
        case .file: .file(isExecutable: false)
        case .executable: .file(isExecutable: true)
        case .emptyDirectory: .emptyDirectory
        case .symlink: .symlink
        }
    }
}

extension Content {
    /// What a row is, apart from its path.
    init(_ row: TreeRow) {
        self =
            switch row.kind {
            case .file(_, let hash, let isExecutable): .file(hash, isExecutable: isExecutable)
            case .emptyDirectory: .emptyDirectory
            case .symlink(let target): .symlink(to: target)
            }
    }
}
