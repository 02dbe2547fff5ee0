// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegFiles
internal import RegGit
package import RegHash
package import RegLock
internal import RegStore

/// What became of a conflict in `reg.lock`.
package struct ResolveReport: Sendable {
    package struct Artifact: Sendable {
        package let name: ArtifactName
        package let side: LockMerge.Side
        /// Nil where git keeps the files, or that side has no such artifact.
        package let digest: Digest?
    }

    /// What was taken from a side.
    package let artifacts: [Artifact]
    /// What is between markers still.
    package let conflicts: [ArtifactName]

    /// What to throw once it is told; nil where reg.lock is a lock again.
    package var failure: RegError? {
        guard !conflicts.isEmpty else { return nil }
        return RegError(
            .conflict,
            "reg.lock is still in conflict: \(conflicts.map(\.text).joined(separator: ", "))",
            hint: "take them from a side as well: reg resolve --ours|--theirs NAME")
    }
}

extension Session {
    /// Takes artifacts whose lines of `reg.lock` are in conflict from one side of the merge; what only one side changed
    /// is taken from that side in any case.
    ///
    /// `names`: empty for all that are in conflict still.
    package func resolveConflicts(
        takingFrom side: LockMerge.Side, _ names: [ArtifactName]
    ) throws -> ResolveReport {
        try verb {
            let workspace = try requireWorkspace()
            let path = BytePath(Workspace.lockName)
            guard let file = try workspace.git?.conflictedFile(at: path, limit: Lock.maximumByteCount) else {
                throw RegError(.usage, "git knows no conflict of reg.lock")
            }
            let (base, ours, theirs) = (
                try Lock.parse(file.base ?? []), try Lock.parse(file.ours ?? []),
                try Lock.parse(file.theirs ?? [])
            )
            for name in names where [base, ours, theirs].allSatisfy({ $0[name] == nil }) {
                throw RegError(.notFound, "neither side of the merge has an artifact \(name)")
            }
            var merge = LockMerge(base: base, ours: ours, theirs: theirs)
            var taken: [ArtifactName] = []
            try workspace.exclusively {
                let bytes = try readSmallFile(workspace.root.appending(path), limit: Lock.maximumByteCount)
                taken = settle(&merge, by: bytes, taking: names)
                for name in taken { merge.take(name, from: side) }
                try publish(
                    merge.serialized(), as: path, in: Descriptor.open(workspace.root, .directory), .replacing)
            }
            if merge.openConflicts.isEmpty {
                for note in try updateIgnoreFiles(of: workspace, added: []) { options.notice(note) }
            }
            return ResolveReport(
                artifacts: taken.map { name in
                    guard case .stored(let digest, _, _) = (side == .ours ? ours : theirs)[name]?.content
                    else { return ResolveReport.Artifact(name: name, side: side, digest: nil) }
                    return ResolveReport.Artifact(name: name, side: side, digest: digest)
                }, conflicts: merge.openConflicts)
        }
    }

    /// Keeps what the file, by an earlier call or by hand, says of artifacts that are not to be taken now.
    ///
    /// - Returns: the artifacts that are to be taken.
    private func settle(
        _ merge: inout LockMerge, by bytes: [UInt8]?, taking names: [ArtifactName]
    ) -> [ArtifactName] {
        guard let settled = bytes.flatMap({ Lock.settled($0) }),
            !names.isEmpty || !settled.conflicts.isEmpty
        else { return names.isEmpty ? merge.conflicts : names }
        for name in merge.conflicts where !settled.conflicts.contains(name) && !names.contains(name) {
            merge.settle(name, as: settled.lock[name])
        }
        return names.isEmpty ? merge.openConflicts : names
    }
}
