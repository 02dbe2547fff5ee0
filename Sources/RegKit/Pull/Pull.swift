// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegCatalog
internal import RegFiles
internal import RegHash
internal import RegLock
internal import RegManifest
internal import RegStore

extension Session {
    /// Brings versions into the workspace, or into a directory of their own, every file checked before it has its
    /// name.
    package func pull(_ request: PullRequest) throws -> PullReport {
        try verb {
            if let pin = request.pin { return try pull(pin: pin, request) }
            return try keepingIfUnreachable(request) { try pullVersions(request) }
        }
    }

    private func pullVersions(_ request: PullRequest) throws -> PullReport {
        let resolution = try versionsToPull(request)
        if let revision = request.expectedCommit {
            try check(resolution.versions, goWith: revision)
        }
        guard let output = request.output else {
            if request.isSelection {
                throw RegError(
                    .usage, "tensors and shards are pulled into a directory of their own",
                    hint: "say where: -o DIR")
            }
            guard let workspace else {
                throw withoutWorkspace(
                    "there is no repository here to pull into", hint: "say where: -o DIR")
            }
            return try pull(resolution.versions.map { try placed($0) }, into: workspace.root, request)
        }
        return try pullApart(resolution, into: absolute(output, from: options.directory), request)
    }

    private func versionsToPull(_ request: PullRequest) throws -> Resolution {
        if !request.references.isEmpty {
            let resolutions = try request.references.map { try resolve($0) }
            return Resolution(
                versions: resolutions.flatMap(\.versions),
                isSet: resolutions.count > 1 || resolutions.contains(where: \.isSet))
        }
        guard let workspace else {
            throw withoutWorkspace(
                "there is no reg.lock here",
                hint: "name what to pull: reg pull NAME -o DIR --registry URL")
        }
        let versions: [ResolvedVersion] = try workspace.readLock().entries.compactMap { entry in
            guard case .stored(let digest, _, _) = entry.content else { return nil }  // git brings it
            return ResolvedVersion(
                name: entry.name, digest: digest, type: entry.type, version: nil, place: entry)
        }
        return Resolution(versions: versions, isSet: true)
    }

    /// A version with the place that a lock gives it.
    private func placed(_ version: ResolvedVersion) throws -> PullTarget {
        guard let place = version.place else {
            throw RegError(
                .usage, "reg.lock has no place for \(version.name)",
                hint: "say where: reg pull \(version.subject) -o DIR")
        }
        let base = place.isDirectory ? place.path : place.path.parent
        return PullTarget(
            version: version, base: base, shown: AddTarget(place).lockPath,
            file: place.isDirectory ? nil : place.path.lastComponent)
    }

    /// Pulls into a directory that is not there yet; it appears whole.
    private func pullApart(
        _ resolution: Resolution, into output: BytePath, _ request: PullRequest
    ) throws -> PullReport {
        let targets = try resolution.versions.map { version in
            resolution.isSet
                ? try placed(version) : PullTarget(version: version, base: BytePath([]), shown: output)
        }
        let parent = output.parent.isEmpty ? BytePath("/") : output.parent
        let isTaken = try fileStatus(output).map { status in
            try status.kind != .directory || !Descriptor.open(output, .directory).isEmptyDirectory()
        }
        if isTaken == true, let report = try whatIsThere(targets, in: output, request) { return report }
        if request.isDryRun { return try pull(targets, into: parent, request) }
        try makeDirectories(parent)
        let directory = try Descriptor.open(parent, .directory)
        let unfinished = try UnfinishedDirectory(
            for: targets, request.selection, as: output.lastComponent, in: directory)
        let report: PullReport
        do {
            // Whatever lies there, an earlier run of the same pull has left it.
            var request = request
            request.replacesEditedFiles = true
            request.isClean = true
            report = try pull(targets, into: unfinished.path, request)
        } catch {
            // The first error is the one to tell.
            if !unfinished.isWorthKeeping(after: error) { try? unfinished.remove() }
            throw error
        }
        do { try directory.rename(unfinished.name, to: output.lastComponent) } catch {
            guard error.isTaken else { throw error }
            if let report = try whatIsThere(targets, in: output, request) {
                try unfinished.remove()  // another run of the same pull was faster
                return report
            }
            try directory.exchange(unfinished.name, with: output.lastComponent)
            try unfinished.remove()
        }
        try directory.sync()
        return report
    }

    /// What to report where the output is there and holds exactly these versions already; nil where it is to be replaced.
    ///
    /// - Throws: `conflict` where it holds something else and may not be replaced.
    private func whatIsThere(
        _ targets: [PullTarget], in output: BytePath, _ request: PullRequest
    ) throws -> PullReport? {
        let isDirectory = try fileStatus(output)?.kind == .directory
        if isDirectory, !request.isSelection, let report = try reportIfThere(targets, in: output) {
            return report
        }
        if isDirectory, request.isClean { return nil }
        throw RegError(
            .conflict, "\(printable(output)) is there already, with other content",
            hint: isDirectory ? "choose a new directory, or replace it: --clean" : "choose a new directory")
    }

    private func reportIfThere(_ targets: [PullTarget], in output: BytePath) throws -> PullReport? {
        let parent = output.parent.isEmpty ? BytePath("/") : output.parent
        let tree = try WorkingTree(parent, catalog: Catalog.inMemory(), jobs: jobs)
        var rowCount: UInt64 = 0
        var artifacts: [PullReport.Artifact] = []
        for target in targets {
            let place = target.file ?? BytePath([])
            let path = output.lastComponent.appending(target.base).appending(place)
            guard let found = try? tree.summary(of: path), found.digest == target.version.digest else {
                return nil  // also where something lies there that no artifact has
            }
            rowCount += found.totals.rowCount
            artifacts.append(
                PullReport.Artifact(
                    name: target.version.name, version: target.version.version?.number,
                    digest: found.digest, path: target.shown, byteCount: found.totals.byteCount,
                    fileCount: found.totals.fileCount, fetchedByteCount: 0,
                    keptByteCount: found.totals.byteCount, writtenFileCount: 0, removedFileCount: 0,
                    absentFileCount: 0))
        }
        guard try tree.summary(of: output.lastComponent)?.totals.rowCount == rowCount else { return nil }
        return PullReport(artifacts: artifacts, requestCount: 0, retryCount: 0, notes: [])
    }

    /// Brings single rows of a version into a directory, whatever lies there of an earlier attempt.
    ///
    /// `known`: its manifest, where one was found already.
    func pull(
        rows: @escaping RowSelection, of target: PullTarget, into root: BytePath,
        _ known: KnownManifest? = nil
    ) throws {
        var request = PullRequest()
        request.replacesEditedFiles = true
        _ = try pull([target], into: root, request, rows: rows, known)
    }

    private func pull(
        _ targets: [PullTarget], into root: BytePath, _ request: PullRequest, rows: RowSelection? = nil,
        _ known: KnownManifest? = nil
    ) throws -> PullReport {
        var library = try known?.library ?? self.library()
        do {
            return try pull(targets, into: root, request, library, rows: rows, known?.manifest)
        } catch let error as RegError {
            let isDamaged = error.kind == .corrupt && library.copies.isNetworked
            guard error.kind == .notFound || isDamaged else { throw error }
            // A collection may have removed what this manifest names, and made another; and what came over a network may
            // have been damaged on its way.
            library = try self.library()
            library.isSecondAttempt = true
            return try pull(targets, into: root, request, library, rows: rows, nil)
        }
    }

    private func pull(
        _ targets: [PullTarget], into root: BytePath, _ request: PullRequest, _ library: ManifestLibrary,
        rows: RowSelection?, _ known: Manifest?
    ) throws -> PullReport {
        if let tensors = try TensorPull.ifAsked(for: targets, request, library: library, session: self) {
            return try pull(tensors, into: root, request)
        }
        let shards = try request.shard.map { try self.rows(of: $0, targets, request, library) }
        let tree: WorkingTree
        if let workspace, workspace.root == root {
            tree = try workingTree(of: workspace)
        } else {
            tree = try WorkingTree(root, catalog: Catalog.inMemory(), jobs: jobs)
        }
        var notes: [String] = []
        let plans = try targets.indices.compactMap { index -> PullPlan? in
            let target = targets[index]
            let subject = target.version.subject
            guard
                let manifest = try known
                    ?? library.manifest(of: target.version.digest, subject: subject)
            else {
                if try isThere(target.version, in: tree) {
                    notes.append("\(target.version.name) is here, and not pushed yet")
                    return nil
                }
                throw RegError(
                    .notFound,
                    "\(subject) (\(target.version.digest.text)) is not in \(try registryLocation().text)",
                    hint: "was it pushed? see reg status in the clone that added it")
            }
            return try PullPlan(
                target, manifest, request, rows: shards?[index] ?? rows, library: library, tree: tree)
        }
        try checkConflicts(plans)
        if !request.isDryRun {
            try checkSpace(
                for: plans.reduce(0) { $0 + $1.byteCountToWrite - $1.byteCountUnfinished }, in: root)
        }
        let total = plans.reduce(0) { $0 + $1.byteCountToWrite }
        let puller = Puller(
            library: library, tree: tree, isUnseen: workspace?.root != root, session: self, total: total)
        let artifacts = try plans.map { plan in
            let before = try registryTraffic()?.readByteCount ?? 0
            if !request.isDryRun { try puller.carryOut(plan) }
            let fetched = (try registryTraffic()?.readByteCount ?? 0) - before
            return plan.report(fetchedByteCount: fetched)
        }
        if !request.isDryRun { try puller.finish() }
        return PullReport(
            artifacts: artifacts, requestCount: try registryTraffic()?.requestCount ?? 0,
            retryCount: try registryTraffic()?.retryCount ?? 0,
            notes: notes + plans.flatMap(\.notes))
    }

    /// Writes single tensors.
    private func pull(
        _ tensors: TensorPull, into root: BytePath, _ request: PullRequest
    ) throws -> PullReport {
        var tensors = tensors
        if !request.isDryRun {
            try checkSpace(for: tensors.byteCountToWrite, in: root)
            try tensors.carryOut(in: Descriptor.open(root, .directory))
        }
        return try tensors.report()
    }

    /// Which rows of each target are in the shard of all that is asked for.
    private func rows(
        of shard: Shard, _ targets: [PullTarget], _ request: PullRequest, _ library: ManifestLibrary
    ) throws -> [RowSelection] {
        var sizes: [UInt64] = []
        var ends: [Int] = []
        for target in targets {
            let manifest = try manifest(of: target.version, in: library)
            try library.forEachItem(of: manifest, subject: target.version.subject) { item in
                guard case .row(let row, _) = item else { return }
                guard request.holds(row.path), case .file(let size, _, _) = row.kind else {
                    return sizes.append(0)
                }
                sizes.append(size)
            }
            ends.append(sizes.count)
        }
        let isMember = shard.members(ofSizes: sizes)
        return zip([0] + ends, ends).map { start, end in
            { number in number < end - start && isMember[start + number] }
        }
    }

    /// Whether the files at a version's place are the version: where the store was full they are all there is of it.
    private func isThere(_ version: ResolvedVersion, in tree: WorkingTree) throws -> Bool {
        guard let place = version.place else { return false }
        return try tree.summary(of: place.path)?.digest == version.digest
    }

    private func checkConflicts(_ plans: [PullPlan]) throws {
        let paths = plans.flatMap(\.conflicts)
        guard let first = paths.first else { return }
        let others = paths.count > 1 ? " and \(paths.count - 1) more" : ""
        throw RegError(
            .conflict, "edited since reg wrote it: \(printable(first))\(others)",
            hint: "add and push the changes to keep them, or give --force to lose them")
    }

    private func checkSpace(for needed: UInt64, in root: BytePath) throws {
        let space = try fileSystemSpace(root)
        if needed > space.free {
            throw RegError(
                .local, "\(printable(root)) has \(space.free) bytes free, the pull needs \(needed)",
                hint: "make room there, then run the same command again")
        }
    }
}

/// A manifest, and where it was found.
struct KnownManifest {
    let library: ManifestLibrary
    let manifest: Manifest
}

/// A version and where it goes.
struct PullTarget {
    let version: ResolvedVersion
    /// What the rows' paths are relative to, below the root of the pull.
    let base: BytePath
    /// The path for reports.
    let shown: BytePath
    /// The one row that the version may have, where its place is that of a file.
    var file: BytePath?

    /// Whether the rows lie in a directory of their own.
    var isDirectory: Bool { version.place?.isDirectory ?? true }
}
