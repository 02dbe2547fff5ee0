// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegCatalog
internal import RegFiles
internal import RegLock

extension Session {
    /// Streams an artifact into the registry that the store did not take in when it was added: its files are all
    /// that there is of it.
    ///
    /// `failure`: why it cannot come from elsewhere, where that is known.
    func uploadFromFiles(
        _ candidate: inout PushCandidate, from target: AddTarget, to registry: Registry,
        otherwise failure: RegError?
    ) throws {
        let tree = try workingTree(of: try requireWorkspace())
        guard try tree.summary(of: target.path)?.digest == candidate.digest else {
            throw try failure ?? firstChange(of: target, in: tree) ?? nowhere(candidate, registry)
        }
        let storing = try storing(into: registry, tree: tree)
        // Without a base, or what cannot be read of it would count as stored.
        try finish(storing, try storing.store(target.readAnew), &candidate)
    }

    private func nowhere(_ candidate: PushCandidate, _ registry: Registry) -> RegError {
        RegError(
            .notFound,
            "\(candidate.name) is neither in this clone's store nor in \(registry.location.text), and its files here are other ones",
            hint: "push it from the clone that added it, or pull another version and add it here")
    }

    /// The first file that is no longer what this clone added; nil where it never added these files.
    private func firstChange(of target: AddTarget, in tree: WorkingTree) throws -> RegError? {
        var known = KnownFiles(of: target.path, catalog: tree.catalog, worktree: tree.worktree)
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
            "\(printable(changed)) changed since it was added, and the store has no copy of \(target.name)",
            hint: "add it again, then push: reg add \(printable(target.lockPath))")
    }
}
