// SPDX-License-Identifier: Apache-2.0
package import RegBytes
internal import RegCatalog
internal import RegFiles
internal import RegGit
package import RegHash
internal import RegLock
internal import RegLog
internal import RegManifest
internal import RegPack
package import RegPin

package struct PinRequest: Sendable {
    /// A git revision; nil for HEAD and the working tree, which must not differ.
    package var revision: String?
    /// References to versions that take the place of what the lock has.
    package var candidates: [String] = []
    package var command: [String] = []
    package var environment: [String] = []
    package var image: String?
    package var seed: UInt64?
    /// Whether changed files are taken as they are now.
    package var takesChanges = false
    /// Where to write the pin's file; nil for nowhere.
    package var output: BytePath?

    package init() {}
}

package struct PinReport: Sendable {
    package let pin: Pin
    package let id: Digest
    /// Nil where the pin was recorded before.
    package let record: UInt64?
    package let registry: String
    /// Whether the record binds the commit as well.
    package let isNewlyBound: Bool
    package let uploadedByteCount: UInt64
    package let output: BytePath?
    package let notes: [String]
}

extension Session {
    /// Freezes a commit, its lock and what else a run needs, and records that.
    package func pin(_ request: PinRequest) throws -> PinReport {
        try verb {
            let workspace = try requireWorkspace()
            guard let git = workspace.git, let project = settings.project else {
                throw RegError(
                    .usage, "reg.toml has no project", hint: "run 'reg init', commit, then reg push")
            }
            guard let registry = try registryIfThere() else {
                throw RegError(
                    .dirty, "nothing was pushed: there is no registry in \(try registryLocation().text)",
                    hint: "reg push")
            }
            try holdStore(.shared)
            let journals = workspace.journalDirectories.map(Journal.init)
            for journal in journals { try registry.settle(journal) }
            try registry.catchUpToWrite()
            let subject = try pinned(request, git: git, workspace: workspace)
            var changed = subject.changedArtifacts
            var sent: Set<PackName> = []
            for index in changed.indices { try upload(&changed[index], to: registry, sent: &sent) }
            let lock = try lock(of: subject, with: request.candidates)
            try checkPushed(lock, except: changed)
            var code = try storedCode(of: subject, project: project, git: git, registry: registry)
            let pin = try made { () throws(PinError) in
                try Pin(
                    project: project, commit: subject.commit, code: code.code, patch: code.patch, lock: lock,
                    command: request.command, environment: request.environment, image: request.image,
                    seed: request.seed)
            }
            let binder = try Binder(self, subject.commit, to: subject.lock)
            var isNewlyBound = false
            let record = try registry.append(journal: journals.first) {
                if try code.trees.contains(where: { try catalog.isDeleted(manifest: $0.manifest) }) {
                    code = try storedCode(of: subject, project: project, git: git, registry: registry)
                }
                let binding =
                    subject.tree == nil && !subject.lock.entries.isEmpty
                    ? try binder.operation(pushing: []) : nil
                isNewlyBound = binding != nil
                let pushes = try pushes(
                    of: changed, message: nil, isShared: false, project: project)
                var operations = pushes.map(Operation.push) + (binding.map { [.bind($0)] } ?? [])
                if try !catalog.hasPin(pin.id) {
                    operations.append(.pin(Operation.PinRecord(pin: pin, trees: code.trees)))
                }
                if operations.isEmpty { return nil }
                return Registry.Draft(project: project, author: author, operations: operations)
            }
            try tidySpool(of: registry)
            if let output = request.output { try write(pin.file, to: output) }
            return PinReport(
                pin: pin, id: pin.id, record: record, registry: registry.location.text,
                isNewlyBound: isNewlyBound, uploadedByteCount: code.uploadedByteCount,
                output: request.output, notes: subject.notes)
        }
    }

    /// Gives the errors of a pin that cannot be in words.
    private func made(_ body: () throws(PinError) -> Pin) throws -> Pin {
        do { return try body() } catch {
            switch error {
            case .tooLarge, .tooManyArtifacts: throw RegError(.refused, error.message)
            default: throw RegError(.usage, error.message)
            }
        }
    }

    private func write(_ bytes: [UInt8], to output: BytePath) throws {
        let path = absolute(output, from: options.directory)
        let parent = path.parent.isEmpty ? BytePath("/") : path.parent
        try publish(bytes, as: path.lastComponent, in: Descriptor.open(parent, .directory), .replacing)
    }
}

/// What is to be pinned.
private struct PinSubject {
    let commit: CommitID
    /// The tree with the changes of the working tree; nil where there are none.
    var tree: CommitID?
    /// The lock with the digests of what git keeps.
    let lock: Lock
    /// What git keeps of them, as it is with the changes, and the registry may not have.
    var changedArtifacts: [PushCandidate] = []
    var notes: [String] = []
}

/// The trees of a pin that the registry has.
private struct StoredCode {
    let code: Pin.Tree
    let patch: Pin.Tree?
    let trees: [NamedTree]
    let uploadedByteCount: UInt64
}

extension Session {
    /// The commit that a request names, and what of the working tree goes with it.
    ///
    /// - Throws: `dirty` where the working tree differs and may not.
    private func pinned(_ request: PinRequest, git: Git, workspace: Workspace) throws -> PinSubject {
        guard let commit = try git.commit(request.revision ?? "HEAD") else {
            throw RegError(
                .notFound, "no commit is called '\(printable(request.revision ?? "HEAD"))'",
                hint: request.revision == nil ? "commit first" : nil)
        }
        if request.revision != nil {
            if request.takesChanges {
                throw RegError(.usage, "--with-patch pins the working tree, not \(commit.short)")
            }
            return PinSubject(commit: commit, lock: try committedLock(of: commit, git: git))
        }
        var changes = try git.changes()
        if let output = request.output.flatMap({ try? workspace.relative($0, from: options.directory) }) {
            changes.untracked.removeAll { $0 == output }
        }
        var notes: [String] = []
        if !changes.untracked.isEmpty {
            notes.append("not pinned, since git does not track them: \(listed(changes.untracked))")
        }
        if changes.tracked.isEmpty {
            try checkArtifacts()
            return PinSubject(commit: commit, lock: try committedLock(of: commit, git: git), notes: notes)
        }
        guard request.takesChanges else {
            throw RegError(
                .dirty, "changed since commit \(commit.short): \(listed(changes.tracked))",
                hint: "commit the changes, or pin them with the commit: --with-patch")
        }
        if !changes.submodules.isEmpty {
            throw RegError(
                .dirty, "submodules with changes of their own: \(listed(changes.submodules))",
                hint: "commit the changes there")
        }
        try checkArtifacts()
        let tree = try currentTree(of: git, workspace: workspace)
        let bytes = try git.blob(at: BytePath(Workspace.lockName), in: tree, limit: Lock.maximumByteCount)
        let lock = try bytes.map { try Lock.parse($0) } ?? Lock()
        return PinSubject(
            commit: commit, tree: tree, lock: try Binder.resolved(lock, in: tree, git: git),
            changedArtifacts: try gitCandidates(of: lock, in: tree, git: git), notes: notes)
    }

    /// The artifacts that git keeps in `tree`, to be pushed.
    private func gitCandidates(of lock: Lock, in tree: CommitID, git: Git) throws -> [PushCandidate] {
        try lock.entries.compactMap { entry in
            guard entry.content == .git, let artifact = try GitArtifact(entry, in: tree, git: git) else {
                return nil
            }
            let (digest, totals) = artifact.summary
            return PushCandidate(
                name: entry.name, type: entry.type, digest: digest, byteCount: totals.byteCount,
                fileCount: totals.fileCount, source: .git(artifact))
        }
    }

    private func committedLock(of commit: CommitID, git: Git) throws -> Lock {
        let bytes = try git.blob(at: BytePath(Workspace.lockName), in: commit, limit: Lock.maximumByteCount)
        return try Binder.resolved(bytes.map { try Lock.parse($0) } ?? Lock(), in: commit, git: git)
    }

    /// Makes sure that artifacts which reg keeps are as the lock says.
    private func checkArtifacts() throws {
        let report = try status(isRemote: false)
        let edited = report.artifacts.filter { !$0.isInGit && $0.state != .clean && $0.state != .missing }
        guard !edited.isEmpty else { return }
        if edited.allSatisfy(\.isOutdated) {
            throw RegError(
                .dirty,
                "reg.lock names other versions than lie here: \(edited.map(\.name.text).joined(separator: ", "))",
                hint: "bring them: reg pull")
        }
        throw RegError(
            .dirty, "edited since they were added: \(edited.map(\.name.text).joined(separator: ", "))",
            hint: "add, commit and push them: reg add, git commit, reg push")
    }

    private func currentTree(of git: Git, workspace: Workspace) throws -> CommitID {
        let directory = workspace.state ?? git.gitDirectory
        try makeDirectories(directory)
        let state = try Descriptor.open(directory, .directory)
        let name = temporaryName()
        let index = git.gitDirectory.appending("index")
        if let bytes = try readSmallFile(index, limit: 1 << 30) {
            try publish(bytes, as: name, in: state, .replacing)
        }
        defer {
            try? state.remove(name)
            try? state.remove(BytePath(name.bytes + Array(".lock".utf8)))
        }
        return try git.currentTree(index: directory.appending(name))
    }

    /// The lock of a subject, with candidates in the place of what it has.
    private func lock(of subject: PinSubject, with candidates: [String]) throws -> Lock {
        var lock = subject.lock
        for reference in candidates {
            let resolved = try resolveOne(reference)
            guard
                let version = try resolved.version
                    ?? catalog.version(of: resolved.name, digest: resolved.digest)
            else {
                throw RegError(
                    .notFound, "'\(printable(reference))' is no version of the registry",
                    hint: "push it first")
            }
            let place = try lock[version.name] ?? catalog.boundEntry(of: version.name, digest: version.digest)
            let entry = LockEntry(
                name: version.name, type: version.type, path: place?.path ?? BytePath(version.name.text),
                isDirectory: place?.isDirectory ?? true,
                content: .stored(digest: version.digest, bytes: version.byteCount, files: version.fileCount))
            do throws(LockError) { try lock.set(entry) } catch {
                throw RegError(.usage, "\(version.name) has no place in the pin: \(error.message)")
            }
        }
        return lock
    }

    private func checkPushed(_ lock: Lock, except pushed: [PushCandidate]) throws {
        for entry in lock.entries {
            guard case .stored(let digest, _, _) = entry.content else {
                throw RegError(
                    .dirty, "git keeps \(entry.name), but the commit does not have its files",
                    hint: "commit \(printable(entry.path))")
            }
            if pushed.contains(where: { $0.name == entry.name && $0.digest == digest }) { continue }
            if try !catalog.hasVersion(of: entry.name, digest: digest) {
                throw RegError(
                    .dirty, "\(entry.name) was not pushed: \(digest.short)… is no version of it",
                    hint: "reg push")
            }
        }
    }

    /// Brings the commit's files, and the patch, into the registry; not again where an earlier pin has.
    private func storedCode(
        of subject: PinSubject, project: RandomName, git: Git, registry: Registry
    ) throws -> StoredCode {
        if subject.tree == nil {
            for (pin, trees) in try catalog.pins(of: subject.commit, project: project) where pin.patch == nil
            {
                if try trees.contains(where: { try catalog.isDeleted(manifest: $0.manifest) }) { continue }
                return StoredCode(code: pin.code, patch: nil, trees: trees, uploadedByteCount: 0)
            }
        }
        let storing = try storing(into: registry, tree: try workingTree(of: try requireWorkspace()))
        let code = try storing.store(CodeTree(subject.tree ?? subject.commit, git: git))
        let patch = try subject.tree.map { tree in
            try storing.store(
                git.patch(from: subject.commit, to: tree, limit: 64 << 20), as: BytePath("patch.diff"))
        }
        let stored = [code] + (patch.map { [$0] } ?? [])
        let manifests = try storing.finish(stored)
        return StoredCode(
            code: Pin.Tree(code), patch: patch.map { Pin.Tree($0) },
            trees: try stored.map { tree in
                guard let manifest = manifests[tree.digest] else {
                    throw RegError(.internalError, "the commit's files were not stored")
                }
                return NamedTree(digest: tree.digest, manifest: manifest.id)
            }, uploadedByteCount: stored.reduce(0) { $0 + $1.storedByteCount })
    }
}

extension Pin.Tree {
    init(_ stored: StoredArtifact) {
        self.init(
            digest: stored.digest, byteCount: stored.totals.byteCount, fileCount: stored.totals.fileCount)
    }
}

/// Some paths for a message: the first three, and how many more.
private func listed(_ paths: [BytePath]) -> String {
    let first = paths.prefix(3).map { printable($0) }.joined(separator: ", ")
    return paths.count > 3 ? "\(first) and \(paths.count - 3) more" : first
}
