// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegCatalog
internal import RegFiles
internal import RegLock

extension Session {
    /// Streams an artifact into the registry that the store did not take in when it was added: its files are all
    /// that there is of it.
    func uploadFromFiles(_ candidate: inout PushCandidate, to registry: Registry) throws {
        let workspace = try requireWorkspace()
        guard let entry = try workspace.readLock()[candidate.name], AddTarget(entry).base == candidate.digest
        else { throw nowhere(candidate, registry) }
        let tree = try workingTree(of: workspace)
        guard try tree.summary(of: entry.path)?.digest == candidate.digest else {
            throw try firstChange(of: entry, in: tree) ?? nowhere(candidate, registry)
        }
        // Without a base, or what cannot be read of it would count as stored.
        let target = AddTarget(
            name: entry.name, type: entry.type, path: entry.path, isDirectory: entry.isDirectory,
            isInGit: false, base: nil)
        let storing = try storing(into: registry, tree: tree)
        try finish(storing, try storing.store(target), &candidate)
    }

    private func nowhere(_ candidate: PushCandidate, _ registry: Registry) -> RegError {
        RegError(
            .notFound,
            "\(candidate.name) is neither in this clone's store nor in \(registry.location.text), and its files here are other ones",
            hint: "push it from the clone that added it, or pull another version and add it here")
    }

    /// The first file that is no longer what this clone added; nil where it never added these files.
    private func firstChange(of entry: LockEntry, in tree: WorkingTree) throws -> RegError? {
        var known = KnownFiles(of: entry.path, catalog: tree.catalog, worktree: tree.worktree)
        var changed: BytePath?
        var isOurs = false
        while let file = try known.next() {
            let own = file.entry.own
            if own != nil { isOurs = true }
            if changed != nil { continue }
            let isThere = try tree.root.status(ofPath: file.path) != nil
            if isThere ? file.entry.content != own : own != nil { changed = file.path }
        }
        guard isOurs, let changed else { return nil }
        return RegError(
            .conflict,
            "\(printable(changed)) changed since it was added, and the store has no copy of \(entry.name)",
            hint: "add it again, then push: reg add \(printable(AddTarget(entry).lockPath))")
    }
}
