// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegFiles
internal import RegGit
package import RegHash
package import RegLock
internal import RegManifest
internal import RegStore

/// What becomes of artifacts in conflict.
package enum Settlement: String, Sendable {
    case ours, theirs
    /// Both sides are put together, path by path.
    case merge
}

/// What became of a conflict in `reg.lock`.
package struct ResolveReport: Sendable {
    package struct Artifact: Sendable {
        package let name: ArtifactName
        package let settlement: Settlement
        /// Nil where git keeps the files, or that side has no such artifact.
        package let digest: Digest?
    }

    /// Paths of an artifact that both sides changed differently.
    package struct Clashes: Sendable {
        package let name: ArtifactName
        package let paths: [TreeMerge.Clash]
    }

    /// What is settled now.
    package let artifacts: [Artifact]
    /// What is between markers still.
    package let conflicts: [ArtifactName]
    /// Why nothing was merged.
    package let clashes: [Clashes]

    /// What to throw once it is told; nil where reg.lock is a lock again.
    package var failure: RegError? {
        if !clashes.isEmpty {
            let count = clashes.reduce(0) { $0 + $1.paths.count }
            let names = clashes.map(\.name.text)
            return RegError(
                .conflict,
                "\(count) path\(count == 1 ? "" : "s") of \(names.joined(separator: ", ")) cannot be merged; nothing was written",
                hint: "take a side: reg resolve --ours|--theirs \(names.joined(separator: " "))")
        }
        guard !conflicts.isEmpty else { return nil }
        return RegError(
            .conflict,
            "reg.lock is still in conflict: \(conflicts.map(\.text).joined(separator: ", "))",
            hint: "settle them as well: reg resolve --ours|--theirs|--merge NAME")
    }
}

extension Session {
    /// Settles artifacts whose lines of `reg.lock` are in conflict by taking one side of the merge, or by merging both; what
    /// only one side changed is taken from that side in any case.
    ///
    /// `names`: empty for all that are in conflict still. Nothing is written where merged artifacts have paths that clash.
    package func resolveConflicts(
        by settlement: Settlement, _ names: [ArtifactName]
    ) throws -> ResolveReport {
        try verb {
            let workspace = try requireWorkspace()
            let path = BytePath(Workspace.lockName)
            guard let file = try workspace.git?.conflictedFile(at: path, limit: Lock.maximumByteCount) else {
                throw RegError(.usage, "git knows no conflict of reg.lock")
            }
            let sides = LockSides(
                base: try Lock.parse(file.base ?? []), ours: try Lock.parse(file.ours ?? []),
                theirs: try Lock.parse(file.theirs ?? []))
            for name in names where !sides.have(name) {
                throw RegError(.notFound, "neither side of the merge has an artifact \(name)")
            }
            var merge = LockMerge(base: sides.base, ours: sides.ours, theirs: sides.theirs)
            if settlement == .merge { try holdStore(.shared) }
            var settled:
                (entries: [(name: ArtifactName, entry: LockEntry?)], clashes: [ResolveReport.Clashes])
            settled = ([], [])
            try workspace.exclusively {
                let bytes = try readSmallFile(workspace.root.appending(path), limit: Lock.maximumByteCount)
                let taken = settle(&merge, by: bytes, taking: names)
                switch settlement {
                case .ours: settled.entries = taken.map { ($0, sides.ours[$0]) }
                case .theirs: settled.entries = taken.map { ($0, sides.theirs[$0]) }
                case .merge: settled = try merged(taken, of: sides, in: workspace)
                }
                if !settled.clashes.isEmpty { return }
                for (name, entry) in settled.entries { merge.settle(name, as: entry) }
                try publish(
                    merge.serialized(), as: path, in: Descriptor.open(workspace.root, .directory), .replacing)
            }
            if merge.openConflicts.isEmpty {
                for note in try updateIgnoreFiles(of: workspace, added: []) { options.notice(note) }
            }
            return ResolveReport(
                artifacts: settled.entries.map { name, entry in
                    guard case .stored(let digest, _, _) = entry?.content else {
                        return ResolveReport.Artifact(name: name, settlement: settlement, digest: nil)
                    }
                    return ResolveReport.Artifact(name: name, settlement: settlement, digest: digest)
                }, conflicts: merge.openConflicts, clashes: settled.clashes)
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

/// A merge as git has it.
private struct LockSides {
    let base: Lock
    let ours: Lock
    let theirs: Lock

    func have(_ name: ArtifactName) -> Bool { [base, ours, theirs].contains { $0[name] != nil } }
}

// Merging.
extension Session {
    /// Stores what artifacts merge to; their entries, or what clashes and nothing is stored.
    private func merged(
        _ names: [ArtifactName], of sides: LockSides, in workspace: Workspace
    ) throws -> (entries: [(name: ArtifactName, entry: LockEntry?)], clashes: [ResolveReport.Clashes]) {
        guard let store = workspace.store else {
            throw RegError(.usage, "there is no git repository here")
        }
        let library = try library()
        let merges = try names.map { name in
            (entry: try mergedEntry(name, of: sides), tree: try treeMerge(of: name, sides, in: library))
        }
        let clashes = zip(names, merges).filter { !$1.tree.clashes.isEmpty }.map {
            ResolveReport.Clashes(name: $0, paths: $1.tree.clashes)
        }
        if !clashes.isEmpty { return ([], clashes) }
        for (entry, tree) in merges where !entry.isDirectory {
            guard tree.rowCount == 1, tree.firstPath == entry.path.lastComponent else {
                throw conflict(entry.name, "both sides have moved it")
            }
        }
        let storing = try Storing(
            into: .store(store), session: self, tree: try workingTree(of: workspace), DeltaOptions(),
            phase: "merge")
        let stored = try merges.map { try storing.store($0.tree) }
        _ = try storing.finish(stored)
        return (
            zip(merges, stored).map { merge, result in (merge.entry.name, merge.entry.with(result.content)) },
            []
        )
    }

    /// The entry of an artifact, its content that of our side still.
    private func mergedEntry(_ name: ArtifactName, of sides: LockSides) throws -> LockEntry {
        guard let ours = sides.ours[name], let theirs = sides.theirs[name] else {
            throw conflict(name, "only one side has it in reg.lock")
        }
        guard ours.content != .git, theirs.content != .git else {
            throw conflict(name, "git keeps its files")
        }
        let base = sides.base[name]
        guard let type = changed(base?.type, ours.type, theirs.type) else {
            throw conflict(
                name, "it is of type \(ours.type.rawValue) in ours, \(theirs.type.rawValue) in theirs")
        }
        guard let place = changed(base?.place, ours.place, theirs.place) else {
            throw conflict(
                name, "it is at \(printable(ours.place)) in ours, at \(printable(theirs.place)) in theirs")
        }
        let moved = place == ours.place ? ours : theirs
        return LockEntry(
            name: name, type: type, path: moved.path, isDirectory: moved.isDirectory, content: ours.content)
    }

    /// What a value becomes that the sides may have changed; nil where they changed it differently.
    private func changed<Value: Equatable>(_ base: Value?, _ ours: Value, _ theirs: Value) -> Value? {
        if ours == theirs || theirs == base { return ours }
        return ours == base ? theirs : nil
    }

    private func conflict(_ name: ArtifactName, _ reason: String) -> RegError {
        RegError(
            .conflict, "\(name) cannot be merged: \(reason)",
            hint: "take a side: reg resolve --ours|--theirs \(name)")
    }

    private func treeMerge(
        of name: ArtifactName, _ sides: LockSides, in library: ManifestLibrary
    ) throws -> TreeMerge {
        func manifest(_ lock: Lock, _ side: String) throws -> Manifest? {
            guard case .stored(let digest, _, _) = lock[name]?.content else { return nil }
            let subject = "\(name) of \(side)"
            if let found = try library.manifest(of: digest, subject: subject) { return found }
            throw RegError(
                .notFound, "\(subject) (\(digest.text)) is neither here nor in the registry",
                hint: "was it pushed?")
        }
        guard let ours = try manifest(sides.ours, "ours"), let theirs = try manifest(sides.theirs, "theirs")
        else {
            throw conflict(name, "git keeps its files")
        }
        return try TreeMerge(
            base: try manifest(sides.base, "the merge base"), ours: ours, theirs: theirs, library: library,
            subject: name.text)
    }
}

extension LockEntry {
    /// Where it is: its path, with a final slash for a directory.
    fileprivate var place: BytePath { AddTarget(self).lockPath }

    fileprivate func with(_ content: Content) -> LockEntry {
        LockEntry(name: name, type: type, path: path, isDirectory: isDirectory, content: content)
    }
}
