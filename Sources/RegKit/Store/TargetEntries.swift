// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegCatalog
internal import RegFiles
internal import RegHash
internal import RegLock
internal import RegManifest

/// What is to be stored of one artifact: what lies in the working tree, and the rows of the version before that stay
/// although they do not lie there, because only another part is added again or because they were never pulled.
struct TargetEntries {
    private let tree: WorkingTree
    private let target: AddTarget
    private let checkout: Checkout
    /// What paths of entries are relative to, in the working tree.
    private let root: BytePath
    /// What is walked, in the working tree.
    private let walked: BytePath
    /// Whether symlinks that the version before does not have are taken as they are.
    private let keepsLinks: Bool
    private let base: Manifest?
    /// Whether the files of the version before may be bases.
    private let isBasePushed: Bool
    private let library: ManifestLibrary

    init(
        _ target: AddTarget, base: Manifest?, isBasePushed: Bool, library: ManifestLibrary, tree: WorkingTree
    ) throws {
        self.tree = tree
        self.target = target
        self.base = base
        self.isBasePushed = isBasePushed
        self.library = library
        checkout = try tree.checkout(of: target)
        keepsLinks = target.links == .keep
        root = try tree.base(of: target.path)
        walked = target.part.map { target.path.appending($0) } ?? target.path
        if base == nil, target.part != nil || !checkout.isWhole {
            throw RegError(
                .notFound, "what the lock names as \(target.name) is neither here nor in the registry",
                hint: "add the whole artifact again")
        }
    }

    /// Gives everything in path order, and remembers what was learned on the way.
    func forEach(_ body: (IngestEntry) throws -> Void) throws {
        var rows = base.map { BaseRows($0, library: library, subject: target.name.text) }
        var ancestors = ParentCache(root: tree.root)
        var learned = LearnedEntries(tree, of: target.path)
        let isPartFile = try target.part != nil && tree.root.status(ofPath: walked)?.kind != .directory
        let exists = try tree.scan(walked, links: checkout.links) { known in
            try learned.forget(known, unless: stays)
        } body: { scanned in
            let path = path(of: scanned, isPartFile: isPartFile)
            while let before = rows?.nextPath, before < path { try give(&rows, &ancestors, body) }
            let items = rows?.nextPath == path ? rows?.takeItems() ?? [] : []
            try body(try entry(scanned, at: path, before: items))
            if let content = scanned.content, scanned.known?.content != content {
                try learned.keep(KnownFile(path: root.appending(path), KnownEntry(content, status: nil)))
            }
        }
        guard exists else { throw RegError(.notFound, "\(printable(walked)) does not exist") }
        while rows?.nextPath != nil { try give(&rows, &ancestors, body) }
        // Where rows that stay could not be read, the new version would lack them.
        if let failure = rows?.failure, target.part != nil || !checkout.isWhole { throw failure }
        try learned.finish()
    }

    /// Whether the row at `path`, relative to the artifact, stays when nothing lies there.
    private func stays(_ path: BytePath) -> Bool {
        if let part = target.part, !path.isWithin(part) { return true }
        return !checkout.holds(path)
    }

    private func stays(_ file: KnownFile) -> Bool { stays(file.path.relative(to: root) ?? file.path) }

    /// Gives out the next row of the version before if it stays.
    private func give(
        _ rows: inout BaseRows?, _ ancestors: inout ParentCache, _ body: (IngestEntry) throws -> Void
    ) throws {
        guard let items = rows?.takeItems(), let path = items.first?.path, stays(path) else { return }
        _ = try ancestors.directory(of: root.appending(path), making: false)
        if let obstacle = ancestors.obstacle {
            throw RegError(
                .conflict, "\(printable(obstacle)) is in the way of \(printable(path)), which was not pulled",
                hint: "move it, or pull the whole artifact first")
        }
        try body(.known(items))
    }

    private func entry(
        _ scanned: ScannedEntry, at path: BytePath, before items: [ManifestItem]
    ) throws -> IngestEntry {
        let entry = scanned.entry
        switch entry.kind {
        case .emptyDirectory, .other, .gone: return .emptyDirectory(path)
        case .symlink: return .symlink(path, target: try link(entry, at: path, before: items))
        case .file, .followedFile:
            guard let status = entry.status else { return .emptyDirectory(path) }
            if let content = scanned.content, let items = unchanged(items, content.hash, status) {
                return .known(items)
            }
            if let hazard = path.hazard {
                throw RegError(
                    .refused, "the path \(printable(path)) in \(target.name) \(hazard.reason)",
                    hint: "rename it: other systems could not hold it")
            }
            let place = root.appending(path)
            return .file(
                path, status, SourceFile(tree: tree, path: place, links: checkout.links),
                before: isBasePushed ? items.flatMap(\.chunks) : [])
        }
    }

    private func link(_ entry: TreeEntry, at path: BytePath, before items: [ManifestItem]) throws -> BytePath
    {
        var wasLink = false
        if case .row(let row, _)? = items.last, case .symlink = row.kind { wasLink = true }
        let place = tree.root.path.appending(root).appending(path)
        guard let target = entry.target, keepsLinks || wasLink else {
            throw TreeWalk.refusal(place, .symlink)
        }
        if let reason = TreeRow.hazard(ofTarget: target, at: path) {
            throw RegError(
                .refused, "\(printable(place)) is a symbolic link, and \(reason)", hint: "mend or remove it")
        }
        return target
    }

    /// The items of the version before where it had these bytes.
    private func unchanged(_ items: [ManifestItem], _ hash: Digest, _ status: FileStatus) -> [ManifestItem]? {
        guard case .row(let row, let chunks)? = items.last,
            case .file(let size, let known, let isExecutable) = row.kind, known == hash, size == status.size
        else { return nil }
        if isExecutable == status.isExecutable { return items }
        let kind = TreeRow.Kind.file(size: size, hash: hash, isExecutable: status.isExecutable)
        return items.dropLast() + [.row(TreeRow(path: row.path, kind: kind), chunks)]
    }

    /// Relative to the artifact.
    private func path(of scanned: ScannedEntry, isPartFile: Bool) -> BytePath {
        guard let part = target.part else { return scanned.path }
        // A part that is a file is walked as a tree of its base name.
        return isPartFile ? part : part.appending(scanned.path)
    }
}

/// A file to read.
struct SourceFile {
    let tree: WorkingTree
    /// In the working tree.
    let path: BytePath
    let links: LinkPolicy

    func open() throws -> Descriptor { try tree.open(path, links: links) }
}

/// What a scan has learned of entries, put into the catalog in batches.
struct LearnedEntries {
    private static let limit = 16_384

    private let tree: WorkingTree
    private let artifact: BytePath
    private var waiting: [KnownFile] = []
    private var gone: [BytePath] = []

    /// `artifact`: its path in the working tree.
    init(_ tree: WorkingTree, of artifact: BytePath) {
        self.tree = tree
        self.artifact = artifact
    }

    mutating func keep(_ file: KnownFile) throws {
        waiting.append(file)
        if waiting.count >= LearnedEntries.limit { try finish() }
    }

    /// Notes that an entry is no longer there.
    mutating func forget(_ file: KnownFile, unless stays: (KnownFile) -> Bool) throws {
        if stays(file) { return }
        gone.append(file.path)
        if gone.count >= LearnedEntries.limit { try finish() }
    }

    mutating func finish() throws {
        if waiting.isEmpty && gone.isEmpty { return }
        try tree.catalog.transaction {
            for file in waiting { try tree.catalog.keep(file, worktree: tree.worktree) }
            if !gone.isEmpty { try tree.catalog.setOwnTree(nil, at: artifact, worktree: tree.worktree) }
            for path in gone { try tree.catalog.forgetEntry(at: path, worktree: tree.worktree) }
        }
        waiting = []
        gone = []
    }
}

/// The rows of an earlier version, given out beside a walk in path order.
struct BaseRows {
    private let library: ManifestLibrary
    private let subject: String
    private var reader: ManifestReader?
    private var waiting: ManifestItem?
    /// Why the rows ended early.
    private(set) var failure: (any Error)?

    init(_ manifest: Manifest, library: ManifestLibrary, subject: String) {
        self.library = library
        self.subject = subject
        reader = library.reader(of: manifest)
    }

    /// The path of the next item.
    var nextPath: BytePath? { mutating get { peek()?.path } }

    /// All items of the next path.
    mutating func takeItems() -> [ManifestItem] {
        guard let path = nextPath else { return [] }
        var items: [ManifestItem] = []
        while let item = peek(), item.path == path {
            items.append(item)
            waiting = nil
        }
        return items
    }

    /// The next item; nil at the end, and where the version cannot be read on: its files are then stored anew.
    private mutating func peek() -> ManifestItem? {
        if let waiting { return waiting }
        guard let reader else { return nil }
        do { waiting = try library.next(reader, subject: subject) } catch { failure = error }
        if waiting == nil { self.reader = nil }
        return waiting
    }
}
