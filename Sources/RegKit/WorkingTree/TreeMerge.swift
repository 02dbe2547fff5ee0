// SPDX-License-Identifier: Apache-2.0
package import RegBytes
internal import RegHash
internal import RegManifest

/// A three-way merge of trees, path by path; their contents are not read.
///
/// What only one side changed is that side's, what both changed alike is that; kind, bytes and executable bit count
/// together. The manifests are gone through twice: to find what clashes, and to give out what they merge to.
package struct TreeMerge {
    /// What a side made of a path, as seen from the base.
    package enum Change: String, Sendable {
        case added, changed, removed
        /// The side has a file, or a symlink, where the other has a directory.
        case file, directory
    }

    /// A path that cannot be merged.
    package struct Clash: Equatable, Sendable {
        /// Relative to the artifact.
        package let path: BytePath
        package let ours: Change
        package let theirs: Change
    }

    private let base: Manifest?
    private let ours: Manifest
    private let theirs: Manifest
    private let library: ManifestLibrary
    private let subject: String

    private(set) var clashes: [Clash] = []
    /// Empty directories of one side in which the other has put something.
    private var filled: Set<BytePath> = []
    /// How many paths there are, and the first of them.
    private(set) var rowCount = 0
    private(set) var firstPath: BytePath?

    /// Compares three trees; `base`: nil for one without rows.
    ///
    /// `subject`: the artifact, for messages.
    init(
        base: Manifest?, ours: Manifest, theirs: Manifest, library: ManifestLibrary, subject: String
    ) throws {
        self.base = base
        self.ours = ours
        self.theirs = theirs
        self.library = library
        self.subject = subject
        try judge()
    }

    var sources: [Manifest] { [base, ours, theirs].compactMap { $0 } }

    /// Gives out what the trees merge to, in path order.
    func forEachEntry(_ body: (IngestEntry) throws -> Void) throws {
        try forEachPath { path, outcome in
            if case .items(let items, _) = outcome, !items.isEmpty, !filled.contains(path) {
                try body(.known(items))
            }
        }
    }

    private mutating func judge() throws {
        // Rows whose paths begin the path at hand, the longest last: only what is below them can come next.
        var above: [(path: BytePath, isEmptyDirectory: Bool, isOurs: Bool, isTold: Bool)] = []
        try forEachPath { path, outcome in
            guard case .items(let items, let isOurs) = outcome else {
                if case .clash(let clash) = outcome { clashes.append(clash) }
                return
            }
            guard let kind = items.last?.kind else { return }
            while let last = above.last, !path.bytes.starts(with: last.path.bytes) { above.removeLast() }
            for index in above.indices where !above[index].isTold && path.isWithin(above[index].path) {
                let row = above[index]
                above[index].isTold = true
                if row.isEmptyDirectory {
                    filled.insert(row.path)
                    rowCount -= 1
                } else {
                    let sides: (Change, Change) = row.isOurs ? (.file, .directory) : (.directory, .file)
                    clashes.append(Clash(path: row.path, ours: sides.0, theirs: sides.1))
                }
            }
            above.append((path, kind == .emptyDirectory, isOurs, false))
            rowCount += 1
            firstPath = firstPath ?? path
        }
    }

    private enum Outcome {
        /// What is at the path, nothing where it is gone, and whether our side has that.
        case items([ManifestItem], isOurs: Bool)
        case clash(Clash)
    }

    private func forEachPath(_ body: (BytePath, Outcome) throws -> Void) throws {
        var (before, left, right) = (rows(of: base), rows(of: ours), rows(of: theirs))
        while let path = try [before.nextPath(), left.nextPath(), right.nextPath()].compactMap({ $0 }).min() {
            let (old, mine, other) = (try before.take(path), try left.take(path), try right.take(path))
            let (oldKind, myKind, otherKind) = (old.last?.kind, mine.last?.kind, other.last?.kind)
            if myKind == otherKind || otherKind == oldKind {
                try body(path, .items(mine, isOurs: true))
            } else if myKind == oldKind {
                try body(path, .items(other, isOurs: false))
            } else {
                func change(_ kind: TreeRow.Kind?) -> Change {
                    kind == nil ? .removed : oldKind == nil ? .added : .changed
                }
                try body(path, .clash(Clash(path: path, ours: change(myKind), theirs: change(otherKind))))
            }
        }
    }

    private func rows(of manifest: Manifest?) -> Rows {
        Rows(reader: manifest.map { library.reader(of: $0) }, library: library, subject: subject)
    }

    /// The rows of one tree.
    private struct Rows {
        var reader: ManifestReader?
        let library: ManifestLibrary
        let subject: String
        private var waiting: ManifestItem?

        init(reader: ManifestReader?, library: ManifestLibrary, subject: String) {
            self.reader = reader
            self.library = library
            self.subject = subject
        }

        mutating func nextPath() throws -> BytePath? {
            if waiting == nil, let reader {
                waiting = try library.next(reader, subject: subject)
                if waiting == nil { self.reader = nil }
            }
            return waiting?.path
        }

        /// All items of a path; none where the tree does not have it.
        mutating func take(_ path: BytePath) throws -> [ManifestItem] {
            var items: [ManifestItem] = []
            while try nextPath() == path, let item = waiting {
                items.append(item)
                waiting = nil
            }
            return items
        }
    }
}

extension ManifestItem {
    /// What is at its path; nil for a part of a file.
    fileprivate var kind: TreeRow.Kind? {
        if case .row(let row, _) = self { row.kind } else { nil }
    }
}
