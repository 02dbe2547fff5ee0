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
            let resolution = try versionsToPull(request)
            guard let output = request.output else {
                guard let workspace else {
                    throw RegError(
                        .usage, "there is no repository here to pull into", hint: "say where: -o DIR")
                }
                return try pull(resolution.versions.map { try placed($0) }, into: workspace.root, request)
            }
            return try pullApart(resolution, into: absolute(output, from: options.directory), request)
        }
    }

    private func versionsToPull(_ request: PullRequest) throws -> Resolution {
        if !request.references.isEmpty {
            let resolutions = try request.references.map { try resolve($0) }
            return Resolution(
                versions: resolutions.flatMap(\.versions),
                isSet: resolutions.count > 1 || resolutions.contains(where: \.isSet))
        }
        guard let workspace else {
            throw RegError(
                .usage, "there is no reg.lock here",
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
        let isTaken = try fileStatus(output).map { status in
            try status.kind != .directory || !Descriptor.open(output, .directory).isEmptyDirectory()
        }
        if isTaken == true {
            throw RegError(.conflict, "\(printable(output)) is there already", hint: "choose a new directory")
        }
        let targets = try resolution.versions.map { version in
            resolution.isSet
                ? try placed(version) : PullTarget(version: version, base: BytePath([]), shown: output)
        }
        let parent = output.parent.isEmpty ? BytePath("/") : output.parent
        if request.isDryRun { return try pull(targets, into: parent, request) }
        try makeDirectories(parent)
        let directory = try Descriptor.open(parent, .directory)
        let temporary = temporaryName()
        try directory.makeDirectory(temporary)
        do {
            let report = try pull(targets, into: parent.appending(temporary), request)
            try directory.rename(temporary, to: output.lastComponent)
            try directory.sync()
            return report
        } catch {
            try? removeTree(temporary, in: directory)  // the first error is the one to tell
            throw error
        }
    }

    private func pull(
        _ targets: [PullTarget], into root: BytePath, _ request: PullRequest
    ) throws -> PullReport {
        let library = try library()
        let tree: WorkingTree
        if let workspace, workspace.root == root {
            tree = try WorkingTree(workspace, catalog: catalog)
        } else {
            tree = try WorkingTree(root, catalog: Catalog.inMemory())
        }
        let plans = try targets.map { target in
            let subject = target.version.subject
            guard let manifest = try library.manifest(of: target.version.digest, subject: subject) else {
                throw RegError(
                    .notFound,
                    "\(subject) (\(target.version.digest.text)) is not in \(try registry().location.text)",
                    hint: "was it pushed? see reg status in the clone that added it")
            }
            return try PullPlan(
                target, manifest, library: library, tree: tree, forcing: request.replacesEditedFiles)
        }
        try checkConflicts(plans)
        if !request.isDryRun { try checkSpace(plans, in: root) }
        let total = plans.reduce(0) { $0 + $1.byteCountToWrite }
        let puller = Puller(library: library, tree: tree, session: self, total: total)
        let artifacts = try plans.map { plan in
            let before = try registryIfThere()?.store.readByteCount ?? 0
            if !request.isDryRun { try puller.carryOut(plan) }
            let fetched = (try registryIfThere()?.store.readByteCount ?? 0) - before
            return plan.report(fetchedByteCount: fetched)
        }
        if !request.isDryRun { try tree.root.syncFileSystem() }
        return PullReport(
            artifacts: artifacts, requestCount: try registryIfThere()?.store.requestCount ?? 0,
            notes: plans.flatMap(\.notes))
    }

    private func checkConflicts(_ plans: [PullPlan]) throws {
        let paths = plans.flatMap(\.conflicts)
        guard let first = paths.first else { return }
        let others = paths.count > 1 ? " and \(paths.count - 1) more" : ""
        throw RegError(
            .conflict, "edited since reg wrote it: \(printable(first))\(others)",
            hint: "add and push the changes to keep them, or give --force to lose them")
    }

    private func checkSpace(_ plans: [PullPlan], in root: BytePath) throws {
        let needed = plans.reduce(0) { $0 + $1.byteCountToWrite }
        let space = try fileSystemSpace(root)
        if needed > space.free {
            throw RegError(
                .local, "\(printable(root)) has \(space.free) bytes free, the pull needs \(needed)",
                hint: "make room there, then run the same command again")
        }
    }
}

/// Removes a directory that this process made, with all in it.
private func removeTree(_ name: BytePath, in parent: Descriptor) throws {
    let directory = try parent.openBeneath(name, .directory)
    for entry in try directory.entries() {
        if try directory.status(of: entry.name)?.kind == .directory {
            try removeTree(entry.name, in: directory)
        } else {
            try directory.remove(entry.name)
        }
    }
    _ = parent.removeEmptyDirectory(name)
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
