// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegCatalog
internal import RegFiles
internal import RegHash
internal import RegLock
internal import RegManifest

/// Says of the rows of a version, by their numbers from 0 on, which are asked for.
typealias RowSelection = (Int) -> Bool

/// What a pull of one version will do to the files that are there, decided before the first byte is written.
struct PullPlan {
    enum Decision: UInt8 {
        case write, keep
        /// Not asked for.
        case leave
        /// Like `keep`, and from now on reg's own.
        case adopt
    }

    let target: PullTarget
    let manifest: Manifest
    /// How the artifact will lie there.
    let checkout: Checkout
    /// One for each row of the manifest, in order.
    private(set) var decisions: [Decision] = []
    /// Files that hold somebody's changes, relative to the root of the pull.
    private(set) var conflicts: [BytePath] = []
    /// Files and links that go, relative to the root of the pull: those that an earlier version had, unedited, and
    /// with `--clean` all that this one lacks.
    private(set) var removals: [BytePath] = []
    /// Directories that go if nothing is left in them.
    private(set) var emptied: [BytePath] = []
    /// What is no longer reg's own: gone, about to go, or edited and left.
    private(set) var disowned: [BytePath] = []
    private let forcing: Bool
    /// Files where the version has directories, and the other way round.
    private(set) var obstacles: Set<BytePath> = []
    private(set) var notes: [String] = []
    private(set) var byteCountToWrite: UInt64 = 0
    /// Of those, what takes its space already: killed runs have left it.
    private(set) var byteCountUnfinished: UInt64 = 0
    private var fileCountToWrite: UInt64 = 0
    private(set) var absentFileCount: UInt64 = 0
    /// Files that were read and are as they should, but for those that are remembered already.
    private(set) var learned: [KnownFile] = []

    private static let learnedLimit = 4096

    /// Whether the artifact will lie there as the version has it, nothing left out.
    var isWhole: Bool { !decisions.contains(.leave) }

    /// Reads the whole manifest, which checks it, beside what lies in the tree.
    ///
    /// `rows`: which rows are asked for, by their numbers from 0 on; nil for all.
    init(
        _ target: PullTarget, _ manifest: Manifest, _ request: PullRequest, rows: RowSelection?,
        library: ManifestLibrary, tree: WorkingTree
    ) throws {
        self.target = target
        self.manifest = manifest
        forcing = request.replacesEditedFiles
        checkout = try PullPlan.checkout(of: target, request, in: tree)
        let scope = target.isDirectory ? target.base : target.version.place?.path ?? target.base
        var known = KnownFiles(of: scope, catalog: tree.catalog, worktree: tree.worktree)
        var leftovers: [KnownFile] = []
        var parents = ParentCache(root: tree.root)
        var strays = StraySearch(
            target.isDirectory ? target.base : nil, below: tree.root,
            rules: request.isClean ? .reserved : tree.rules)
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
            guard rows?(decisions.count) ?? true, checkout.holds(row.path), request.holds(row.path) else {
                if case .file = row.kind, try parents.status(of: path) == nil { absentFileCount += 1 }
                return decisions.append(.leave)
            }
            try decide(row, at: path, known: file?.entry, parents: &parents, tree: tree)
        }
        while let file = next {
            leftovers.append(file)
            next = try known.next()
        }
        try decideRemovals(leftovers, parents: &parents, tree: tree)
        decideStrays(strays.finish(), isClean: request.isClean)
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
        _ row: TreeRow, at path: BytePath, known: KnownEntry?, parents: inout ParentCache, tree: WorkingTree
    ) throws {
        let status = try parents.status(of: path)
        if let obstacle = parents.obstacle { obstacles.insert(obstacle) }
        switch row.kind {
        case .emptyDirectory:
            if let status, status.kind != .directory { obstacles.insert(path) }
            let isKnown = status?.kind == .directory && known?.own == .emptyDirectory
            decisions.append(isKnown ? .keep : .write)
        case .symlink(let target):
            if status?.kind == .symlink, let found = try parents.link(at: path) {
                if found == target {
                    return decisions.append(known?.own == .symlink(to: target) ? .keep : .adopt)
                }
                if known?.own != .symlink(to: found) { block(path) }
            } else if status?.kind == .directory {
                obstacles.insert(path)
            } else if status != nil {
                block(path)
            }
            decisions.append(.write)
        case .file(let size, let wanted, let isExecutable):
            guard let status else { return try write(size, at: path, &parents) }
            guard status.kind == .file else {
                if status.kind == .directory {
                    obstacles.insert(path)
                } else {
                    block(path)
                }
                return try write(size, at: path, &parents)
            }
            let found = try hash(of: path, known, status, tree)
            if found == wanted, status.isExecutable == isExecutable {
                let content = Content.file(wanted, isExecutable: isExecutable)
                let isNews = known?.own != content || known?.matches(status) != true
                decisions.append(isNews ? .adopt : .keep)
                if isNews { try learn(KnownFile(path: path, .afterReading(content, status)), tree) }
                return
            }
            if found != known?.own?.hash { block(path) }
            try write(size, at: path, &parents)
        }
    }

    /// The hash of the file at `path`, read only where its status says that it may have changed.
    private func hash(
        of path: BytePath, _ known: KnownEntry?, _ status: FileStatus, _ tree: WorkingTree
    ) throws -> Digest {
        if let known, known.matches(status) { return known.content.hash }
        return try tree.hash(of: path)
    }

    private mutating func block(_ path: BytePath) {
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
        byteCountUnfinished += min(part.allocatedByteCount, size)
    }

    private mutating func learn(_ file: KnownFile, _ tree: WorkingTree) throws {
        learned.append(file)
        if learned.count < PullPlan.learnedLimit { return }
        try tree.keepRead(learned)
        learned = []
    }

    /// What reg wrote for another version goes, what was edited stays.
    private mutating func decideRemovals(
        _ leftovers: [KnownFile], parents: inout ParentCache, tree: WorkingTree
    ) throws {
        for file in leftovers {
            guard let own = file.entry.own else { continue }  // never reg's
            disowned.append(file.path)
            guard let status = try parents.status(of: file.path) else { continue }
            switch (status.kind, own.kind) {
            case (.file, .file), (.file, .executable):
                if try hash(of: file.path, file.entry, status, tree) == own.hash {
                    removals.append(file.path)
                }
            case (.symlink, .symlink):
                if try parents.link(at: file.path).map({ Content.symlink(to: $0) }) == own {
                    removals.append(file.path)
                }
            case (.directory, .emptyDirectory): emptied.append(file.path)
            default: break
            }
        }
    }

    /// What neither this version has nor reg wrote goes when asked for; else it stays and is told.
    private mutating func decideStrays(_ found: [StraySearch.Stray], isClean: Bool) {
        let removed = Set(removals)
        let strays = found.map { (path: target.base.appending($0.path), isDirectory: $0.isDirectory) }
            .filter { !removed.contains($0.path) }
        if isClean {
            removals += strays.filter { !$0.isDirectory }.map(\.path)
            emptied += strays.filter(\.isDirectory).map(\.path)
            return
        }
        let files = strays.filter { !$0.isDirectory }.map(\.path)
        guard !files.isEmpty else { return }
        let shown = files.prefix(5).map { printable($0) }.joined(separator: ", ")
        let more = files.count > 5 ? " and \(files.count - 5) more" : ""
        notes.append("not of this version, left alone: \(shown)\(more); --clean removes them")
    }

    /// How the artifact will lie there: what is asked for, beside what was asked for before.
    ///
    /// What lies there whole stays so: patterns then only say what of it is brought now.
    private static func checkout(
        of target: PullTarget, _ request: PullRequest, in tree: WorkingTree
    ) throws -> Checkout {
        guard let place = target.version.place else { return Checkout(only: request.only) }
        var checkout = try tree.checkouts.checkout(at: place.path)
        if request.only.isEmpty {
            checkout.only = []
        } else if !checkout.isWhole {
            checkout.only += request.only.filter { !checkout.only.contains($0) }
        } else if try tree.root.status(ofPath: place.path) == nil {
            checkout.only = request.only
        }
        return checkout
    }

    func report(fetchedByteCount: UInt64) -> PullReport.Artifact {
        PullReport.Artifact(
            name: target.version.name, version: target.version.version?.number, digest: target.version.digest,
            path: target.shown, byteCount: manifest.totals.byteCount, fileCount: manifest.totals.fileCount,
            fetchedByteCount: fetchedByteCount, keptByteCount: manifest.totals.byteCount - byteCountToWrite,
            writtenFileCount: fileCountToWrite, removedFileCount: UInt64(removals.count),
            absentFileCount: absentFileCount)
    }
}
