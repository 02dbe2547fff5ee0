// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegFiles
internal import RegHash
internal import RegLock
internal import RegManifest

/// What is to be stored of one artifact, in path order: what lies in the working tree, and beside a part that is added
/// again, the rows that the version before has elsewhere.
struct TargetEntries {
    private let tree: WorkingTree
    /// What paths of entries are relative to, in the working tree.
    private let root: BytePath
    /// The part that is walked, relative to the artifact; nil for all of it.
    private let part: BytePath?
    private var scan: WorkingTree.Scan
    private var scanned: WorkingTree.ScannedEntry?
    /// Looked up for files that did not change.
    private var unchanged: BaseRows?
    /// Given out as they are.
    private var elsewhere: BaseRows?

    init(_ target: AddTarget, base: Manifest?, library: ManifestLibrary, tree: WorkingTree) throws {
        self.tree = tree
        part = target.part
        root = try tree.base(of: target.path)
        let walked = target.part.map { target.path.appending($0) } ?? target.path
        guard let scan = try WorkingTree.Scan(walked, of: tree) else {
            throw RegError(.notFound, "\(printable(walked)) does not exist")
        }
        self.scan = scan
        unchanged = base.map { BaseRows($0, library: library, subject: target.name.text) }
        if target.part != nil {
            guard let base else {
                throw RegError(
                    .notFound, "what the lock names as \(target.name) is neither here nor in the registry",
                    hint: "add the whole artifact again")
            }
            elsewhere = BaseRows(base, library: library, subject: target.name.text)
        }
        scanned = try self.scan.next()
    }

    mutating func next() throws -> IngestEntry? {
        if let items = nextElsewhere() { return .known(items) }
        if let failure = elsewhere?.failure { throw failure }
        guard let current = scanned else { return nil }
        let path = path(of: current)
        scanned = try scan.next()
        switch current.entry.kind {
        case .emptyDirectory: return .emptyDirectory(path)
        case .file(let status):
            if let hash = current.hash, let items = unchanged?.items(at: path, hash: hash, status) {
                return .known(items)
            }
            return .file(path, status, directory: tree.root, name: root.appending(path))
        }
    }

    /// The next row of the version before that lies outside the part, if it comes before what was scanned.
    private mutating func nextElsewhere() -> [ManifestItem]? {
        guard let part else { return nil }
        elsewhere?.skip { $0.isWithin(part) }
        guard let path = elsewhere?.nextPath else { return nil }
        if let scanned, self.path(of: scanned) < path { return nil }
        return elsewhere?.takeItems()
    }

    /// Relative to the artifact.
    private func path(of scanned: WorkingTree.ScannedEntry) -> BytePath {
        guard let part else { return scanned.entry.path }
        // A part that is a file is walked as a tree of its base name.
        return part.lastComponent == scanned.entry.path && isFilePart
            ? part : part.appending(scanned.entry.path)
    }

    private var isFilePart: Bool { scan.isSingleFile }
}

/// The rows of an earlier version, given out beside a walk in path order.
struct BaseRows {
    private let library: ManifestLibrary
    private let subject: String
    private var reader: ManifestReader?
    private var waiting: [ManifestItem] = []
    /// Why the rows ended early.
    private(set) var failure: (any Error)?

    init(_ manifest: Manifest, library: ManifestLibrary, subject: String) {
        self.library = library
        self.subject = subject
        reader = library.reader(of: manifest)
    }

    /// The items of the file at `path` where it had these bytes; items before it are passed over.
    mutating func items(at path: BytePath, hash: Digest, _ status: FileStatus) -> [ManifestItem]? {
        while let item = peek(), item.path < path { waiting = [] }
        guard nextPath == path else { return nil }
        let items = takeItems()
        guard case .row(let row, let chunks)? = items.last, case .file(let size, let known, _) = row.kind,
            known == hash, size == status.size
        else { return nil }
        let kind = TreeRow.Kind.file(size: size, hash: hash, isExecutable: status.isExecutable)
        return items.dropLast() + [.row(TreeRow(path: path, kind: kind), chunks)]
    }

    /// The path of the next item.
    var nextPath: BytePath? { mutating get { peek()?.path } }

    /// Passes over items as long as `isUnwanted` holds for their paths.
    mutating func skip(_ isUnwanted: (BytePath) -> Bool) {
        while let path = nextPath, isUnwanted(path) { waiting = [] }
    }

    /// All items of the next path.
    mutating func takeItems() -> [ManifestItem] {
        guard let path = nextPath else { return [] }
        var items: [ManifestItem] = []
        while let item = peek(), item.path == path {
            items.append(item)
            waiting = []
        }
        return items
    }

    /// The next item; nil at the end, and where the version cannot be read on: its files are then stored anew.
    private mutating func peek() -> ManifestItem? {
        if let item = waiting.first { return item }
        guard var current = reader else { return nil }
        var item: ManifestItem?
        do { item = try library.next(&current, subject: subject) } catch { failure = error }
        reader = item == nil ? nil : current
        waiting = item.map { [$0] } ?? []
        return item
    }
}
