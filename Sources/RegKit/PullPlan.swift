// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegCatalog
internal import RegFiles
internal import RegHash
internal import RegLock
internal import RegManifest

/// What a pull of one version will do to the files that are there, decided before the first byte is written.
struct PullPlan {
    enum Decision: UInt8 {
        case write, keep
        /// Like `keep`, and from now on reg's own.
        case adopt
    }

    let target: PullTarget
    let manifest: Manifest
    /// One for each row of the manifest, in order.
    private(set) var decisions: [Decision] = []
    /// Files that hold somebody's changes, relative to the root of the pull.
    private(set) var conflicts: [BytePath] = []
    /// Files that an earlier version had, unedited, relative to the root of the pull.
    private(set) var removals: [BytePath] = []
    /// Files where the version has directories, and the other way round.
    private(set) var obstacles: Set<BytePath> = []
    private(set) var notes: [String] = []
    private(set) var byteCountToWrite: UInt64 = 0
    /// Of those, what takes its space already: killed runs have left it.
    private(set) var byteCountUnfinished: UInt64 = 0
    private var fileCountToWrite: UInt64 = 0
    /// Files that were read and are as they should, but for those that are remembered already.
    private(set) var learned: [KnownFile] = []

    private static let learnedLimit = 4096

    /// Reads the whole manifest, which checks it, beside what lies in the tree.
    init(
        _ target: PullTarget, _ manifest: Manifest, library: ManifestLibrary, tree: WorkingTree, forcing: Bool
    ) throws {
        self.target = target
        self.manifest = manifest
        let scope = target.isDirectory ? target.base : target.version.place?.path ?? target.base
        var known = KnownFiles(of: scope, catalog: tree.catalog, worktree: tree.worktree)
        var leftovers: [KnownFile] = []
        var parents = ParentCache(root: tree.root)
        var strays = StraySearch(target.isDirectory ? target.base : nil, below: tree.root)
        var next = try known.next()
        try checkRowCount()
        try library.forEachItem(of: manifest, subject: target.version.subject) { item in
            guard case .row(let row, _) = item else { return }
            try check(row)
            let path = target.base.appending(row.path)
            strays.pass(row.path)
            while let file = next, file.path < path {
                leftovers.append(file)
                next = try known.next()
            }
            let file = next?.path == path ? next : nil
            if file != nil { next = try known.next() }
            try decide(row, at: path, known: file, parents: &parents, tree: tree, forcing: forcing)
        }
        while let file = next {
            leftovers.append(file)
            next = try known.next()
        }
        try decideRemovals(leftovers, parents: &parents, tree: tree)
        noteStrays(strays.finish())
        let going = Set(removals)
        conflicts += try obstacles.sorted().filter { try !goes($0, with: going, tree: tree) }
    }

    /// Whether nothing but empty directories is left at `path` without the files in `going`.
    private func goes(_ path: BytePath, with going: Set<BytePath>, tree: WorkingTree) throws -> Bool {
        guard try tree.root.status(ofPath: path)?.kind == .directory else { return going.contains(path) }
        return try tree.root.openBeneath(path, .directory).entries().allSatisfy {
            try goes(path.appending($0.name), with: going, tree: tree)
        }
    }

    private func checkRowCount() throws {
        if target.file != nil, manifest.totals.rowCount != 1 { throw notThatFile() }
    }

    /// What belongs to the place of one file must be that file, or it would write beside its place.
    private func check(_ row: TreeRow) throws {
        guard let file = target.file else { return }
        guard case .file = row.kind, row.path == file else { throw notThatFile() }
    }

    private func notThatFile() -> RegError {
        RegError(
            .refused, "\(target.version.subject) is not the one file \(printable(target.shown)) of reg.lock",
            hint: "nothing was written; pull it apart: reg pull \(target.version.subject) -o DIR")
    }

    private mutating func decide(
        _ row: TreeRow, at path: BytePath, known: KnownFile?, parents: inout ParentCache, tree: WorkingTree,
        forcing: Bool
    ) throws {
        let status = try parents.status(of: path)
        if let obstacle = parents.obstacle { obstacles.insert(obstacle) }
        switch row.kind {
        case .emptyDirectory:
            if let status, status.kind != .directory { obstacles.insert(path) }
            decisions.append(.write)
        case .symlink(let target):
            if status?.kind == .symlink, try parents.link(at: path) == target {
                return decisions.append(.keep)
            }
            if status != nil { try block(path, forcing: forcing) }
            decisions.append(.write)
        case .file(let size, let wanted, let isExecutable):
            guard let status else { return try write(size, at: path, &parents) }
            guard status.kind == .file else {
                if status.kind == .directory {
                    obstacles.insert(path)
                } else {
                    try block(path, forcing: forcing)
                }
                return try write(size, at: path, &parents)
            }
            let found = try hash(of: path, known, status, tree)
            if found == wanted, status.isExecutable == isExecutable {
                let isNews = known?.own != wanted || known?.matches(status) != true
                decisions.append(isNews ? .adopt : .keep)
                if isNews { try learn(path, wanted, status, tree) }
                return
            }
            if found != known?.own { try block(path, forcing: forcing) }
            try write(size, at: path, &parents)
        }
    }

    /// The hash of the file at `path`, read only where its status says that it may have changed.
    private func hash(
        of path: BytePath, _ known: KnownFile?, _ status: FileStatus, _ tree: WorkingTree
    ) throws -> Digest {
        if let known, known.matches(status) { return known.hash }
        return try tree.hash(of: path)
    }

    private mutating func block(_ path: BytePath, forcing: Bool) throws {
        if !forcing { conflicts.append(path) }
    }

    private mutating func write(
        _ size: UInt64, at path: BytePath, _ parents: inout ParentCache
    ) throws {
        decisions.append(.write)
        byteCountToWrite += size
        fileCountToWrite += 1
        guard size >= PullFile.partThreshold,
            let directory = try parents.directory(of: path, making: false),
            let part = try directory.status(of: PullFile.partName(of: path.lastComponent))
        else { return }
        byteCountUnfinished += min(part.size, size)
    }

    private mutating func learn(
        _ path: BytePath, _ hash: Digest, _ status: FileStatus, _ tree: WorkingTree
    ) throws {
        learned.append(
            KnownFile.afterReading(path: path, hash: hash, status: status, now: nanosecondsNow()))
        if learned.count < PullPlan.learnedLimit { return }
        try tree.keepRead(learned)
        learned = []
    }

    /// Files that reg wrote for another version go, edited ones stay.
    private mutating func decideRemovals(
        _ leftovers: [KnownFile], parents: inout ParentCache, tree: WorkingTree
    ) throws {
        for file in leftovers {
            guard let status = try parents.status(of: file.path), status.kind == .file else { continue }
            guard let own = file.own else { continue }  // never reg's
            if try hash(of: file.path, file, status, tree) == own {
                removals.append(file.path)
            }
        }
    }

    /// Files that neither this version has nor reg wrote stay, and are told.
    private mutating func noteStrays(_ found: [BytePath]) {
        let removed = Set(removals)
        let strays = found.map { target.base.appending($0) }.filter { !removed.contains($0) }
        guard !strays.isEmpty else { return }
        let shown = strays.prefix(5).map { printable($0) }.joined(separator: ", ")
        let more = strays.count > 5 ? " and \(strays.count - 5) more" : ""
        notes.append("not of this version, left alone: \(shown)\(more)")
    }

    func report(fetchedByteCount: UInt64) -> PullReport.Artifact {
        PullReport.Artifact(
            name: target.version.name, version: target.version.version?.number, digest: target.version.digest,
            path: target.shown, byteCount: manifest.totals.byteCount, fileCount: manifest.totals.fileCount,
            fetchedByteCount: fetchedByteCount, keptByteCount: manifest.totals.byteCount - byteCountToWrite,
            writtenFileCount: fileCountToWrite, removedFileCount: UInt64(removals.count))
    }
}

/// Opens the directories of paths below a root, never through a symlink, and remembers the last one: paths come
/// sorted.
struct ParentCache {
    private let root: Descriptor
    private var lastPath: BytePath?
    private var last: Descriptor?
    /// What is no directory, though the last path goes through it.
    private(set) var obstacle: BytePath?

    init(root: Descriptor) { self.root = root }

    /// What lies at `path`; nil where there is nothing, its directory included.
    mutating func status(of path: BytePath) throws -> FileStatus? {
        try directory(of: path, making: false)?.status(of: path.lastComponent)
    }

    /// The target of the symlink at `path`; nil where its directory is not there.
    mutating func link(at path: BytePath) throws -> BytePath? {
        try directory(of: path, making: false)?.readLink(path.lastComponent)
    }

    /// The directory that `path` is in, made if asked for; nil where there is none.
    mutating func directory(of path: BytePath, making: Bool) throws -> Descriptor? {
        let parent = path.parent
        if parent == lastPath, last != nil || !making { return last }
        lastPath = parent
        last = nil
        obstacle = nil
        if parent.isEmpty {
            last = root
        } else if making {
            last = try root.makeDirectoriesBeneath(parent)
        } else {
            do { last = try root.openBeneath(parent, .directory) } catch {
                guard error.isNotFound else { throw error }
                obstacle = try firstFile(on: parent)
            }
        }
        return last
    }

    private func firstFile(on path: BytePath) throws -> BytePath? {
        var current = path
        while !current.isEmpty {
            if let status = try root.status(ofPath: current) {
                return status.kind == .directory ? nil : current
            }
            current = current.parent
        }
        return nil
    }
}
