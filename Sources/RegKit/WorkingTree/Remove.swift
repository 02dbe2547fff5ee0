// SPDX-License-Identifier: Apache-2.0
package import RegLock

extension Session {
    /// Takes an artifact out of the lock; its files stay where they are.
    package func remove(_ name: ArtifactName) throws -> RemoveReport {
        try verb {
            let workspace = try requireWorkspace()
            var removed: LockEntry?
            try workspace.updateLock { removed = $0.remove(name) }
            guard let entry = removed else {
                throw RegError(
                    .notFound, "reg.lock has no artifact \(name)", hint: "see what there is: reg status")
            }
            return RemoveReport(entry, notes: try updateIgnoreFiles(of: workspace, added: []))
        }
    }
}

extension RemoveReport {
    fileprivate init(_ entry: LockEntry, notes: [String]) {
        let target = AddTarget(entry)
        var sums: (byteCount: UInt64, fileCount: UInt64)?
        if case .stored(_, let bytes, let files) = entry.content { sums = (bytes, files) }
        self.init(
            name: entry.name, type: entry.type, path: target.lockPath, digest: target.base,
            byteCount: sums?.byteCount, fileCount: sums?.fileCount, notes: notes)
    }
}
