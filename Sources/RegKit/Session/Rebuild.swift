// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegCatalog
internal import RegHash
internal import RegLock
internal import RegLog
internal import RegManifest
internal import RegPack
internal import RegStore

extension Session {
    /// Makes the manifest database anew, from the log, the store's packs, and the files of the working tree.
    package func rebuildManifest() throws -> RebuildReport {
        try verb {
            let workspace = try requireWorkspace()
            try removeCatalog()
            return try fillCatalog(for: workspace)
        }
    }

    /// Finds again what an empty catalog should know.
    @discardableResult
    func fillCatalog(for workspace: Workspace) throws -> RebuildReport {
        let tail = try registryIfThere()?.catchUp()
        let packCount = try indexStore(of: workspace)
        let fileCount = try recogniseFiles(of: workspace)
        return RebuildReport(
            recordCount: tail?.number ?? 0, versionCount: UInt64(try catalog.allVersions().count),
            packCount: packCount, fileCount: fileCount)
    }

    /// Makes the chunks of the store's packs known again; a pack that cannot be read is passed over.
    private func indexStore(of workspace: Workspace) throws -> UInt64 {
        guard let store = workspace.store else { return 0 }
        var count: UInt64 = 0
        for name in try store.packNames() {
            do {
                let index = try PackIndex.read(name, from: store)
                let byteCount = try store.size(of: .pack(name)) ?? 0
                try catalog.keep(
                    PackWriter.Finished(name: name, byteCount: byteCount, entries: index.entries))
                count += 1
            } catch let error as PackError { options.notice(RegError.pack(error).message) }
        }
        return count
    }

    /// Finds the files that are as the lock or an earlier version says: reg wrote or added them.
    ///
    /// - Returns: how many files were read.
    private func recogniseFiles(of workspace: Workspace) throws -> UInt64 {
        let tree = try workingTree(of: workspace)
        var count: UInt64 = 0
        for entry in try workspace.readLock().entries {
            guard let found = try tree.summary(of: entry.path) else { continue }
            count += found.totals.fileCount
            if try isVersion(found.digest, of: entry) {
                try tree.takeAdded(
                    entry.path, of: entry.path, base: nil, tree: found.digest, gone: found.gone)
            } else {
                try recogniseRows(of: entry, in: tree)
            }
        }
        return count
    }

    private func isVersion(_ digest: Digest, of entry: LockEntry) throws -> Bool {
        if case .stored(digest, _, _) = entry.content { return true }
        return try catalog.hasVersion(of: entry.name, digest: digest)
    }

    /// Recognises the files of an edited artifact that are still as the lock's version has them.
    private func recogniseRows(of entry: LockEntry, in tree: WorkingTree) throws {
        guard case .stored(let digest, _, _) = entry.content else { return }
        let library = try library()
        guard let manifest = try library.manifest(of: digest, subject: entry.name.text) else { return }
        let base = try tree.base(of: entry.path)
        try catalog.transaction {
            try library.forEachItem(of: manifest, subject: entry.name.text) { item in
                guard case .row(let row, _) = item else { return }
                try catalog.takeForOwn(base.appending(row.path), Content(row), worktree: tree.worktree)
            }
        }
    }
}
