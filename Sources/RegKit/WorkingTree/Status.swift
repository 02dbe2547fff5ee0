// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegCatalog
internal import RegFiles
internal import RegGit
internal import RegHash
internal import RegLock
internal import RegManifest

extension Session {
    /// Compares the files with the lock, and the lock with what the registry is known to hold.
    ///
    /// `isRemote`: whether a registry that cannot be asked is an error.
    package func status(isRemote: Bool) throws -> StatusReport {
        try verb {
            let workspace = try requireWorkspace()
            // A directory is asked also without being told to.
            if let registry = try isRemote ? registry() : registryAtHand() { try registry.catchUp() }
            let lock = try workspace.readLock()
            let tree = try workingTree(of: workspace)
            let head = try workspace.git?.head()
            let isCommitted = try head.map { try isLock(lock, of: $0, workspace) } ?? false
            let artifacts = try lock.entries.map { try status(of: $0, in: tree, head: head) }
            return StatusReport(
                artifacts: artifacts, isPushed: artifacts.allSatisfy(\.isPushed),
                isBound: try isCommitted && isBound(head), isLockCommitted: isCommitted, commit: head,
                statePath: workspace.state ?? workspace.root)
        }
    }

    private func status(of entry: LockEntry, in tree: WorkingTree, head: CommitID?) throws
        -> StatusReport.Artifact
    {
        let differences: TreeDifferences
        let isPushed: Bool
        switch entry.content {
        case .stored(let digest, _, _):
            differences = try self.differences(of: entry, from: digest, in: tree)
            isPushed = try catalog.hasVersion(of: entry.name, digest: digest)
        case .git:
            let artifact = try head.flatMap { head in
                try workspace?.git.flatMap { try GitArtifact(entry, in: head, git: $0) }
            }
            differences = try self.differences(of: entry, from: artifact, in: tree)
            let digest = artifact?.summary.digest
            isPushed = try digest.map { try catalog.hasVersion(of: entry.name, digest: $0) } ?? false
        }
        return StatusReport.Artifact(
            name: entry.name, path: AddTarget(entry).lockPath, state: differences.state,
            isBehind: differences.isBehind, isEdited: differences.isEdited, added: differences.added,
            changed: differences.changed, missing: differences.missing, absent: differences.absent,
            isInGit: entry.content == .git, isPushed: isPushed)
    }

    /// What differs between the files of an artifact and the version that the lock names.
    func differences(of entry: LockEntry, from digest: Digest, in tree: WorkingTree) throws -> TreeDifferences
    {
        if try tree.root.status(ofPath: entry.path) == nil { return TreeDifferences(state: .missing) }
        let checkout = try tree.checkouts.checkout(at: entry.path)
        let own = try tree.catalog.ownTree(at: entry.path, worktree: tree.worktree)
        if checkout.isWhole {
            if own == digest {
                return try ownDifferences(of: entry.path, in: tree)
            }
            if let found = try tree.summary(of: entry.path), found.digest == digest {
                try tree.takeAdded(entry.path, of: entry.path, base: nil, tree: digest, gone: found.gone)
                return TreeDifferences(state: .clean)
            }
        }
        let library = try library()
        // Which files differ can only be told where the version's manifest can be read.
        guard let manifest = try? library.manifest(of: digest, subject: entry.name.text) else {
            let byteCount = try tree.byteCountToRead(at: entry.path, links: checkout.links)
            let isEdited =
                try own == nil || own == digest
                || ownDifferences(of: entry.path, in: tree).state != .clean
            return TreeDifferences(
                state: .modified, isBehind: own != nil && own != digest, isEdited: isEdited,
                byteCountToRead: byteCount)
        }
        let expected = RowSequence(library.reader(of: manifest), library: library, subject: entry.name.text)
        return try differences(of: entry, in: tree, checkout) { try expected.next() }
    }

    /// What differs from what reg last added or wrote, where that is the version that the lock names.
    private func ownDifferences(of path: BytePath, in tree: WorkingTree) throws -> TreeDifferences {
        let base = try tree.base(of: path)
        var result = TreeDifferences(state: .clean)
        let exists = try tree.withContents(of: path) { file in
            if file.entry.own != nil {
                result.miss(file.path.relative(to: base) ?? file.path, for: .edit)
            }
        } body: { scanned, content in
            guard let own = scanned.known?.own else {
                return result.add(scanned.path, scanned.size, for: .edit)
            }
            if own != content { result.change(scanned.path, scanned.size, for: .edit) }
        }
        return exists ? result.settled : TreeDifferences(state: .missing)
    }

    private func differences(of entry: LockEntry, from artifact: GitArtifact?, in tree: WorkingTree) throws
        -> TreeDifferences
    {
        if try tree.root.status(ofPath: entry.path) == nil { return TreeDifferences(state: .missing) }
        var rows = (artifact?.rows ?? [])[...]
        return try differences(of: entry, in: tree, Checkout()) { rows.popFirst() }
    }

    /// What is as reg last added or wrote it differs because the lock names another version now.
    private func differences(
        of entry: LockEntry, in tree: WorkingTree, _ checkout: Checkout, next: () throws -> TreeRow?
    ) throws -> TreeDifferences {
        var result = TreeDifferences(state: .clean)
        let base = try tree.base(of: entry.path)
        let isGits = entry.content == .git
        var removed: Set<BytePath> = []
        func noteMissing(_ path: BytePath) {
            if !checkout.holds(path) { return result.absent.append(path) }
            result.miss(path, for: isGits || removed.contains(path) ? .edit : .lock)
        }
        var expected = try next()
        _ = try tree.withContents(of: entry.path) { file in
            if file.entry.own != nil { removed.insert(file.path.relative(to: base) ?? file.path) }
        } body: { scanned, content in
            let row = scanned.row(content)
            let cause: TreeDifferences.Cause =
                isGits || scanned.known?.own != content ? .edit : .lock
            while let other = expected, other.path < row.path {
                noteMissing(other.path)
                expected = try next()
            }
            if let other = expected, other.path == row.path {
                if other != row { result.change(row.path, row.byteCount, for: cause) }
                expected = try next()
            } else if !isGits || row.kind != .emptyDirectory {
                result.add(row.path, row.byteCount, for: cause)
            }
        }
        while let other = expected {
            noteMissing(other.path)
            expected = try next()
        }
        return result.settled
    }

    /// Whether HEAD is known to be bound to the set of its lock.
    private func isBound(_ head: CommitID?) throws -> Bool {
        guard let head, let project = settings.project, let set = try catalog.set(of: head, project: project)
        else { return false }
        return try catalog.lock(of: set) != nil
    }

    private func isLock(_ lock: Lock, of commit: CommitID, _ workspace: Workspace) throws -> Bool {
        guard
            let committed = try workspace.git?.blob(
                at: BytePath(Workspace.lockName), in: commit, limit: Lock.maximumByteCount)
        else { return false }
        // One that cannot be read, as after a merge gone wrong, is another one in any case.
        return (try? Lock.parse(committed)) == lock
    }
}

/// How the files of an artifact differ from a version; paths relative to the artifact.
struct TreeDifferences {
    /// What a difference comes from.
    enum Cause {
        /// Somebody changed the files.
        case edit
        /// The files are as reg left them, and the lock names another version.
        case lock
    }

    var state: StatusReport.State
    private(set) var isBehind: Bool
    private(set) var isEdited: Bool
    private(set) var added: [BytePath] = []
    private(set) var changed: [BytePath] = []
    private(set) var missing: [BytePath] = []
    /// Not there because they were never pulled.
    var absent: [BytePath] = []
    /// The sizes of added and changed files, in all.
    private(set) var byteCountToRead: UInt64

    init(
        state: StatusReport.State, isBehind: Bool = false, isEdited: Bool = false, byteCountToRead: UInt64 = 0
    ) {
        self.state = state
        self.isBehind = isBehind
        self.isEdited = isEdited
        self.byteCountToRead = byteCountToRead
    }

    mutating func add(_ path: BytePath, _ byteCount: UInt64, for cause: Cause) {
        note(cause)
        added.append(path)
        byteCountToRead = saturatingSum(byteCountToRead, byteCount)
    }

    mutating func change(_ path: BytePath, _ byteCount: UInt64, for cause: Cause) {
        note(cause)
        changed.append(path)
        byteCountToRead = saturatingSum(byteCountToRead, byteCount)
    }

    mutating func miss(_ path: BytePath, for cause: Cause) {
        note(cause)
        missing.append(path)
    }

    private mutating func note(_ cause: Cause) {
        switch cause {
        case .edit: isEdited = true
        case .lock: isBehind = true
        }
    }

    /// The same, its state following from the rest.
    var settled: TreeDifferences {
        var result = self
        result.state = added.isEmpty && changed.isEmpty && missing.isEmpty ? .clean : .modified
        return result
    }
}

/// The rows of a manifest, one at a time.
struct RowSequence {
    private let reader: ManifestReader
    private let library: ManifestLibrary
    private let subject: String

    init(_ reader: ManifestReader, library: ManifestLibrary, subject: String) {
        self.reader = reader
        self.library = library
        self.subject = subject
    }

    func next() throws -> TreeRow? {
        while let item = try library.next(reader, subject: subject) {
            if case .row(let row, _) = item { return row }
        }
        return nil
    }
}
