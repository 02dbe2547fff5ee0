// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegCatalog
internal import RegFiles
internal import RegGit
internal import RegHash
internal import RegLock
internal import RegLog
internal import RegManifest
internal import RegPack
internal import RegStore

extension Session {
    /// Uploads what the registry lacks, appends the record that makes it versions, and binds HEAD to the set.
    package func push(_ request: PushRequest) throws -> PushReport {
        try verb {
            let registry = try makeRegistry()
            try holdStore(.shared)
            for journal in journals { try registry.settle(journal) }
            try registry.catchUpToWrite()
            let lock = try workspace?.readLock() ?? Lock()
            let runs = try request.arguments.isEmpty ? archiveWaitingRuns(of: registry) : []
            if workspace == nil, !runs.isEmpty { return report(onRuns: runs, registry) }
            let metrics = try metrics(of: request, lock: lock)
            var candidates = try selected(request, lock: lock, registry: registry)
            var sent: Set<PackName> = []
            for index in candidates.indices { try upload(&candidates[index], to: registry, sent: &sent) }
            let binder = try Binder(self, git: workspace?.git, candidates: candidates)
            let message = request.message
            var isBinding = false
            let record = try registry.append(journal: journals.first) {
                // What a collection has removed since the upload must not be named: it is brought again.
                for index in candidates.indices where try isCollected(candidates[index]) {
                    candidates[index].manifest = nil
                    try upload(&candidates[index], to: registry, sent: &sent)
                }
                let pushes = try self.pushes(
                    of: candidates, message: message, isShared: request.isShared,
                    project: settings.project)
                var operations = pushes.map(Operation.push)
                if let metrics, let candidate = candidates.first,
                    let measure = try measure(of: candidate, pushes.first, metrics)
                {
                    operations.append(.measure(measure))
                }
                let bind = try binder.operation(pushing: pushes)
                if let bind { operations.append(.bind(bind)) }
                isBinding = bind != nil
                if operations.isEmpty { return nil }
                return Registry.Draft(project: settings.project, author: author, operations: operations)
            }
            for candidate in candidates { try registry.keepPresent(candidate.packs) }
            try tidySpool(of: registry)
            return PushReport(
                record: record, registry: registry.location.text,
                artifacts: try candidates.map { try report($0, record: record) },
                binding: try binder.binding(isNew: record != nil && isBinding),
                requestCount: registry.store.requestCount,
                retryCount: registry.store.retryCount,
                notes: runs + (metrics.map(notes) ?? [])
                    + candidates.compactMap { $0.pointers.caution(of: $0.name) }, metrics: metrics)
        }
    }

    private func report(onRuns runs: [String], _ registry: Registry) -> PushReport {
        PushReport(
            record: nil, registry: registry.location.text, artifacts: [],
            binding: .unbound(reason: "there is no repository here"),
            requestCount: registry.store.requestCount,
            retryCount: registry.store.retryCount, notes: runs, metrics: nil)
    }

    /// Where records wait whose fate is unknown; the first is the one in use.
    var journals: [Journal] { workspace?.journalDirectories.map(Journal.init) ?? [] }

    var author: String { workspace?.git?.author() ?? Git.localAuthor(environment: environment) }

    // MARK: What is pushed

    private func selected(_ request: PushRequest, lock: Lock, registry: Registry) throws -> [PushCandidate] {
        if request.arguments.isEmpty {
            guard workspace != nil else {
                throw withoutWorkspace(
                    "there is no repository here",
                    hint: "push a path: reg push PATH --as NAME --registry URL")
            }
            return try lock.entries.map { try candidate($0) }
        }
        return try request.arguments.map { argument in
            if let entry = try entry(argument, lock: lock) { return try candidate(entry) }
            return try streamed(BytePath(argument.utf8), request, registry: registry)
        }
    }

    /// The artifact of the lock that an argument names; nil for a path that is to be added first.
    private func entry(_ argument: String, lock: Lock) throws -> LockEntry? {
        if argument.contains("/") { return nil }
        if let name = ArtifactName(argument), let entry = lock[name] { return entry }
        let path = absolute(BytePath(argument), from: options.directory)
        if try fileStatus(path) == nil {
            throw RegError(
                .notFound, "'\(printable(argument))' is neither an artifact of reg.lock nor a file here",
                hint: "see what there is: reg status")
        }
        return nil
    }

    private func candidate(_ entry: LockEntry) throws -> PushCandidate {
        switch entry.content {
        case .stored(let digest, let bytes, let files):
            return PushCandidate(
                name: entry.name, type: entry.type, digest: digest, byteCount: bytes, fileCount: files,
                source: .store(AddTarget(entry)))
        case .git:
            if let git = workspace?.git, let head = try git.head(),
                let artifact = try GitArtifact(entry, in: head, git: git)
            {
                let (digest, totals) = artifact.summary
                return PushCandidate(
                    name: entry.name, type: entry.type, digest: digest, byteCount: totals.byteCount,
                    fileCount: totals.fileCount, source: .git(artifact))
            }
            return try uncommitted(entry)
        }
    }

    /// A git artifact that HEAD does not have yet: pushed as its files are now.
    private func uncommitted(_ entry: LockEntry) throws -> PushCandidate {
        let tree = try workingTree(of: try requireWorkspace())
        guard let found = try tree.summary(of: entry.path) else {
            throw RegError(
                .notFound, "\(printable(entry.path)), which is artifact \(entry.name), does not exist")
        }
        return PushCandidate(
            name: entry.name, type: entry.type, digest: found.digest, byteCount: found.totals.byteCount,
            fileCount: found.totals.fileCount, source: .files(tree, AddTarget(entry)))
    }

    /// Adds a path that is not in the lock yet, its packs going straight to the registry.
    private func streamed(_ path: BytePath, _ request: PushRequest, registry: Registry) throws
        -> PushCandidate
    {
        let whole = absolute(path, from: options.directory)
        guard let workspace, workspace.git != nil,
            (try? workspace.relative(path, from: options.directory)) != nil
        else {
            return try streamedOutside(whole, request, registry: registry)
        }
        let tree = try workingTree(of: workspace)
        let target = try addTarget(
            path, name: request.name, type: request.type, lock: try workspace.readLock(), tree: tree)
        let candidate = try stream(target, tree, registry, request.deltas)
        try workspace.updateLock { lock in
            try lock.set(
                LockEntry(
                    name: target.name, type: target.type, path: target.path, isDirectory: target.isDirectory,
                    content: target.isInGit
                        ? .git
                        : .stored(
                            digest: candidate.digest, bytes: candidate.byteCount, files: candidate.fileCount))
            )
        }
        for note in try updateIgnoreFiles(of: workspace, added: [target]) { options.notice(note) }
        return candidate
    }

    private func streamedOutside(_ path: BytePath, _ request: PushRequest, registry: Registry) throws
        -> PushCandidate
    {
        guard let resolved = resolvingSymlinks(path), let status = try fileStatus(resolved) else {
            throw RegError(.notFound, "\(printable(path)) does not exist")
        }
        guard let name = request.name ?? ArtifactName.proposed(from: resolved) else {
            throw RegError(
                .usage, "\(printable(path)) gives no name for an artifact", hint: "give one: --as NAME")
        }
        let parent = resolved.parent.isEmpty ? BytePath("/") : resolved.parent
        let tree = try WorkingTree(parent, catalog: catalog, jobs: jobs)
        let type = try request.type ?? TypeGuess(path: resolved.lastComponent, root: tree.root).type
        let target = AddTarget(
            name: name, type: type, path: resolved.lastComponent, isDirectory: status.kind == .directory,
            isInGit: false,
            base: nil)
        return try stream(target, tree, registry, request.deltas)
    }

    private func stream(
        _ target: AddTarget, _ tree: WorkingTree, _ registry: Registry, _ deltas: DeltaOptions
    ) throws -> PushCandidate {
        let storing = try storing(into: registry, tree: tree, deltas)
        let stored = try storing.store(target.keptByReg)
        let manifest = try storing.finish([stored])[stored.digest]
        try keepAdded(target, stored, in: tree)
        var candidate = PushCandidate(
            name: target.name, type: target.type, digest: stored.digest, byteCount: stored.totals.byteCount,
            fileCount: stored.totals.fileCount,
            source: manifest == nil ? .store(target) : .files(tree, target.readAnew))
        // Without one nothing was new: the upload then looks in the store and in the registry.
        if let manifest { candidate.take(manifest, of: stored) }
        return candidate
    }

    // MARK: The record

    /// The versions that are new, by what the log says now.
    ///
    /// `project`: whose record it will be.
    func pushes(
        of candidates: [PushCandidate], message: String?, isShared: Bool, project: RandomName?
    ) throws -> [Operation.Push] {
        try candidates.compactMap { candidate in
            if try catalog.version(of: candidate.name, digest: candidate.digest) != nil { return nil }
            guard let manifest = candidate.manifest else {
                throw RegError(.internalError, "\(candidate.name) was not uploaded")
            }
            let newest = try catalog.newest(of: candidate.name)
            if let newest, newest.maker != project, !isShared {
                throw RegError(
                    .conflict, "the name \(candidate.name) belongs to another project of this registry",
                    hint: "choose another name (--as), or continue it with --shared")
            }
            return Operation.Push(
                name: candidate.name, type: candidate.type, version: (newest?.version ?? 0) + 1,
                digest: candidate.digest, manifest: manifest, byteCount: candidate.byteCount,
                fileCount: candidate.fileCount, message: message,
                isShared: isShared && newest != nil && newest?.maker != project)
        }
    }

    /// Whether the log says that a collection has removed what an upload relies on.
    func isCollected(_ candidate: PushCandidate) throws -> Bool {
        if let manifest = candidate.manifest, try catalog.isDeleted(manifest: manifest) { return true }
        return try candidate.packs.contains { try catalog.isDeleted(pack: $0) }
    }

    private func report(_ candidate: PushCandidate, record: UInt64?) throws -> PushReport.Artifact {
        let version = try catalog.version(of: candidate.name, digest: candidate.digest)
        return PushReport.Artifact(
            name: candidate.name, version: version?.number ?? 0, digest: candidate.digest,
            byteCount: candidate.byteCount, fileCount: candidate.fileCount,
            uploadedByteCount: candidate.uploadedByteCount, reusedByteCount: candidate.reusedByteCount,
            isNew: record != nil && version?.record == record, nonFinite: candidate.nonFinite)
    }
}
