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
            // A directory is asked also without being told to: that needs no network.
            if let registry = try isRemote ? registry() : registryIfThere() { try registry.catchUp() }
            let lock = try workspace.readLock()
            let tree = try WorkingTree(workspace, catalog: catalog)
            let head = try workspace.git?.head()
            let artifacts = try lock.entries.map { try status(of: $0, in: tree, head: head) }
            return StatusReport(
                artifacts: artifacts, isPushed: artifacts.allSatisfy(\.isPushed),
                isBound: try isBound(head, lock: lock, workspace: workspace), commit: head,
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
            added: differences.added,
            changed: differences.changed, missing: differences.missing, absent: [],
            isInGit: entry.content == .git,
            isPushed: isPushed)
    }

    /// What differs between the files of an artifact and the version that the lock names.
    private func differences(of entry: LockEntry, from digest: Digest, in tree: WorkingTree) throws
        -> TreeDifferences
    {
        guard let (found, _) = try tree.summary(of: entry.path) else {
            return TreeDifferences(state: .missing)
        }
        if found == digest { return TreeDifferences(state: .clean) }
        let library = try library()
        // Which files differ can only be told where the version's manifest can be read.
        guard let manifest = try? library.manifest(of: digest, subject: entry.name.text) else {
            return TreeDifferences(state: .modified)
        }
        var expected = RowSequence(library.reader(of: manifest), library: library, subject: entry.name.text)
        return try differences(of: entry, in: tree) { try expected.next() }
    }

    private func differences(of entry: LockEntry, from artifact: GitArtifact?, in tree: WorkingTree) throws
        -> TreeDifferences
    {
        if try tree.root.status(ofPath: entry.path) == nil { return TreeDifferences(state: .missing) }
        var files = (artifact?.files ?? [])[...]
        return try differences(of: entry, in: tree) {
            files.popFirst().map { file in
                let kind = TreeRow.Kind.file(
                    size: UInt64(file.bytes.count), hash: file.hash, isExecutable: file.isExecutable)
                return TreeRow(path: file.path, kind: kind)
            }
        }
    }

    private func differences(
        of entry: LockEntry, in tree: WorkingTree, next: () throws -> TreeRow?
    ) throws -> TreeDifferences {
        var result = TreeDifferences(state: .clean)
        var expected = try next()
        _ = try tree.forEachRow(of: entry.path) { row in
            while let other = expected, other.path < row.path {
                result.missing.append(other.path)
                expected = try next()
            }
            if let other = expected, other.path == row.path {
                if other != row { result.changed.append(row.path) }
                expected = try next()
            } else if entry.content != .git || row.kind != .emptyDirectory {
                result.added.append(row.path)
            }
        }
        while let other = expected {
            result.missing.append(other.path)
            expected = try next()
        }
        if !(result.added.isEmpty && result.changed.isEmpty && result.missing.isEmpty) {
            result.state = .modified
        }
        return result
    }

    /// Whether HEAD is known to be bound to the set of its lock, and the lock is the commit's.
    private func isBound(_ head: CommitID?, lock: Lock, workspace: Workspace) throws -> Bool {
        guard let head, let git = workspace.git, let project = settings.project,
            let set = try catalog.set(of: head, project: project),
            let committed = try git.blob(
                at: BytePath(Workspace.lockName), in: head, limit: Lock.maximumByteCount)
        else { return false }
        return try Lock.parse(committed) == lock && catalog.lock(of: set) != nil
    }
}

/// How the files of an artifact differ from a version; paths relative to the artifact.
private struct TreeDifferences {
    var state: StatusReport.State
    var added: [BytePath] = []
    var changed: [BytePath] = []
    var missing: [BytePath] = []
}

/// The rows of a manifest, one at a time.
struct RowSequence {
    private var reader: ManifestReader
    private let library: ManifestLibrary
    private let subject: String

    init(_ reader: ManifestReader, library: ManifestLibrary, subject: String) {
        self.reader = reader
        self.library = library
        self.subject = subject
    }

    mutating func next() throws -> TreeRow? {
        while let item = try library.next(&reader, subject: subject) {
            if case .row(let row, _) = item { return row }
        }
        return nil
    }
}
