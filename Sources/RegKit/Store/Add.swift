// SPDX-License-Identifier: Apache-2.0
package import RegBytes
internal import RegCatalog
internal import RegFiles
internal import RegGit
internal import RegHash
internal import RegJobs
package import RegLock
internal import RegManifest
internal import RegPack
internal import RegStore

extension Session {
    /// Puts files into the store and their artifacts into the lock; without paths, re-adds what changed.
    ///
    /// `links`: what becomes of symlinks in the added trees; nil for what was said before.
    package func add(
        paths: [BytePath], name: ArtifactName?, type: ArtifactType?, links: LinkPolicy? = nil,
        deltas: DeltaOptions = DeltaOptions()
    ) throws -> AddReport {
        try verb {
            let workspace = try requireWorkspace()
            guard let store = workspace.store else {
                throw RegError(.usage, "there is no git repository here")
            }
            let tree = try workingTree(of: workspace)
            let lock = try workspace.readLock()
            try holdStore(.shared)
            var targets =
                paths.isEmpty
                ? try targetsThatAreThere(of: lock, in: tree)
                : try addTargets(paths, name: name, type: type, lock: lock, tree: tree)
            for index in targets.indices {
                targets[index].links = links
                try compare(&targets[index], with: lock, in: tree)
            }
            var notes: [String] = []
            if paths.isEmpty {
                notes += targets.filter(\.isOutdated).map(\.noteOnLeaving)
                targets.removeAll { $0.isClean || $0.isOutdated }
            }
            let isStored = try makeRoom(for: targets, in: store)
            let storing = try Storing(into: .store(store), session: self, tree: tree, deltas, phase: "add")
            try store.removeLeftovers()
            let stored = try zip(targets, isStored).map { target, isStored in
                isStored ? try storing.store(target) : try storing.record(target)
            }
            let manifests = try storing.finish(stored)
            try record(targets, stored, in: workspace)
            for (target, result) in zip(targets, stored) { try keepAdded(target, result, in: tree) }
            notes += zip(targets, stored).compactMap { $1.note(on: $0) }
            notes += try updateIgnoreFiles(of: workspace, added: targets)
            return AddReport(
                artifacts: zip(targets, stored).map {
                    $1.report(of: $0, isUnchanged: manifests[$1.digest]?.isNew != true)
                },
                cautions: targets.compactMap(\.caution)
                    + zip(targets, stored).compactMap { $1.caution(on: $0) },
                notes: notes)
        }
    }

    /// Remembers what lies at the place of a target as what reg has added, and how it lies there.
    func keepAdded(_ target: AddTarget, _ stored: StoredArtifact, in tree: WorkingTree) throws {
        try tree.checkouts.set(try tree.checkout(of: target), at: target.path)
        let added = target.part.map { target.path.appending($0) } ?? target.path
        try tree.takeAdded(
            added, of: target.path, base: target.base, tree: stored.digest, gone: stored.gone)
    }

    // MARK: What to add

    /// Finds out whether a target differs from the lock, and how much of it would have to be read.
    private func compare(_ target: inout AddTarget, with lock: Lock, in tree: WorkingTree) throws {
        if target.isInGit { return }
        if target.part == nil, target.links == nil, let base = target.base, let entry = lock[target.name] {
            let found = try differences(of: entry, from: base, in: tree)
            target.isClean = found.state == .clean
            target.isBehind = found.isBehind
            target.isEdited = found.isEdited
            target.byteCountToRead = found.byteCountToRead
        } else {
            let place = target.part.map { target.path.appending($0) } ?? target.path
            target.byteCountToRead = try tree.byteCountToRead(
                at: place, links: tree.checkout(of: target).links)
        }
    }

    /// The artifacts of the lock whose files are there.
    private func targetsThatAreThere(of lock: Lock, in tree: WorkingTree) throws -> [AddTarget] {
        try lock.entries.compactMap { entry in
            guard try tree.root.status(ofPath: entry.path) != nil else { return nil }
            try checkSubmodules(at: entry.path)
            return AddTarget(entry)
        }
    }

    private func addTargets(
        _ paths: [BytePath], name: ArtifactName?, type: ArtifactType?, lock: Lock, tree: WorkingTree
    ) throws -> [AddTarget] {
        if name != nil && paths.count > 1 {
            throw RegError(.usage, "--as names one artifact, but there are \(paths.count) paths")
        }
        var targets: [AddTarget] = []
        for path in paths {
            let target = try addTarget(path, name: name, type: type, lock: lock, tree: tree)
            if targets.contains(where: { $0.path == target.path && $0.part == target.part }) { continue }
            if let other = targets.first(where: { $0.name == target.name }) {
                throw try taken(target.name, by: other.path, for: path, tree)
            }
            targets.append(target)
        }
        return targets
    }

    func addTarget(
        _ path: BytePath, name: ArtifactName?, type: ArtifactType?, lock: Lock, tree: WorkingTree
    ) throws -> AddTarget {
        let workspace = try requireWorkspace()
        let relative = try workspace.placeOfArtifact(path, from: options.directory)
        try checkSubmodules(at: relative)
        guard let status = try tree.root.status(ofPath: relative) else {
            throw RegError(.notFound, "\(printable(path)) does not exist")
        }
        if let entry = lock.entry(containing: relative) {
            return try again(entry, part: relative, name: name, type: type)
        }
        guard let chosen = name ?? ArtifactName.proposed(from: relative) else {
            throw RegError(
                .usage, "\(printable(path)) gives no name for an artifact", hint: "give one: --as NAME")
        }
        if let other = lock[chosen] { throw try taken(chosen, by: other.path, for: path, tree) }
        let guess = try TypeGuess(path: relative, root: tree.root)
        let isInGit = try (type ?? .config) == .config && guess.belongsInGit && !isIgnored(relative)
        return AddTarget(
            name: chosen, type: type ?? guess.type, path: relative, isDirectory: status.kind == .directory,
            isInGit: isInGit, base: nil)
    }

    /// The target for a path that the lock has already, or that lies inside an artifact.
    private func again(
        _ entry: LockEntry, part: BytePath, name: ArtifactName?, type: ArtifactType?
    ) throws -> AddTarget {
        if let name, name != entry.name {
            throw RegError(.usage, "\(printable(entry.path)) is artifact \(entry.name) already")
        }
        var target = AddTarget(entry)
        if let type { target.type = type }
        if part != entry.path && !target.isInGit { target.part = part.relative(to: entry.path) }
        return target
    }

    private func taken(
        _ name: ArtifactName, by other: BytePath, for path: BytePath, _ tree: WorkingTree
    ) throws -> RegError {
        if try tree.root.status(ofPath: other) == nil {
            return RegError(
                .usage, "the name \(name) is taken by \(printable(other)), which is not here",
                hint: "if it was moved: reg rm \(name), then reg add \(printable(path)) --as \(name)")
        }
        let parts = [path.parent.lastComponent.lossy, name.text].filter { !$0.isEmpty && $0 != "/" }
        let proposed = ArtifactName.proposed(from: BytePath(parts.joined(separator: "-"))) ?? name
        return RegError(
            .usage, "the name \(name) is taken by \(printable(other))",
            hint:
                "choose another: reg add \(printable(path)) --as \(proposed == name ? "\(name)-2" : proposed.text)"
        )
    }

    private func isIgnored(_ path: BytePath) throws -> Bool {
        try workspace?.git?.ignored(among: [path]).isEmpty == false
    }

    // MARK: What it leaves behind

    private func record(_ targets: [AddTarget], _ stored: [StoredArtifact], in workspace: Workspace) throws {
        try workspace.updateLock { lock in
            for (target, result) in zip(targets, stored) {
                try lock.set(
                    LockEntry(
                        name: target.name, type: target.type, path: target.path,
                        isDirectory: target.isDirectory,
                        content: target.isInGit ? .git : result.content))
            }
        }
    }

    /// Tells git and docker to leave stored artifacts alone.
    ///
    /// - Returns: what the user should know of it.
    func updateIgnoreFiles(of workspace: Workspace, added targets: [AddTarget]) throws -> [String] {
        guard let git = workspace.git else { return [] }
        try workspace.exclusively {
            let entries = try workspace.readLock().entries.filter { $0.content != .git }
            let excludes = git.commonDirectory.appending("info/exclude")
            try makeDirectories(excludes.parent)
            try updateBlock(of: workspace.root.appending(".gitignore"), for: entries, .git)
            try updateBlock(of: excludes, for: entries, .git)
            let docker = workspace.root.appending(".dockerignore")
            if try fileStatus(docker) != nil { try updateBlock(of: docker, for: entries, .docker) }
        }
        return try targets.filter { !$0.isInGit }.compactMap {
            guard try !git.trackedFiles(under: $0.path).isEmpty else { return nil }
            let path = printable($0.path)
            return
                "git tracks files of \(path) as well; to leave them to reg: git rm \($0.isDirectory ? "-r " : "")--cached \(path)"
        }
    }

    private func updateBlock(of path: BytePath, for entries: [LockEntry], _ syntax: IgnoreSyntax) throws {
        let lines = entries.compactMap { syntax.pattern(for: $0.path, isDirectory: $0.isDirectory) }
        let text = try readSmallFile(path, limit: 16 << 20) ?? []
        let updated = ManagedBlock.updating(text, lines: lines)
        if updated == text { return }
        try publish(
            updated, as: path.lastComponent, in: try Descriptor.open(path.parent, .directory), .replacing)
    }
}

/// One artifact that is to be added.
struct AddTarget {
    let name: ArtifactName
    var type: ArtifactType
    /// Relative to the workspace.
    let path: BytePath
    let isDirectory: Bool
    var isInGit: Bool
    /// What the lock says of it now.
    let base: Digest?
    /// The only part of it that is added again, relative to the artifact; nil for all of it.
    var part: BytePath?
    /// Whether its files are as the lock says.
    var isClean = false
    /// Whether the lock names another version than the one that reg last added or wrote there.
    var isBehind = false
    /// Whether files are not as reg last added or wrote them.
    var isEdited = false
    /// The sizes of the files that are not as reg last saw them, in all.
    var byteCountToRead: UInt64 = 0
    /// What the user says of symlinks in it; nil for what was said before.
    var links: LinkPolicy?

    init(
        name: ArtifactName, type: ArtifactType, path: BytePath, isDirectory: Bool, isInGit: Bool,
        base: Digest?
    ) {
        self.name = name
        self.type = type
        self.path = path
        self.isDirectory = isDirectory
        self.isInGit = isInGit
        self.base = base
    }

    init(_ entry: LockEntry) {
        var base: Digest?
        if case .stored(let digest, _, _) = entry.content { base = digest }
        self.init(
            name: entry.name, type: entry.type, path: entry.path, isDirectory: entry.isDirectory,
            isInGit: base == nil, base: base)
    }

    /// Whether its files are unedited, and of another version than the lock's.
    var isOutdated: Bool { isBehind && !isEdited }

    /// The same, its files kept by reg, whoever keeps them in the workspace.
    var keptByReg: AddTarget {
        var target = self
        target.isInGit = false
        return target
    }

    /// The same, all its files read anew.
    var readAnew: AddTarget {
        AddTarget(name: name, type: type, path: path, isDirectory: isDirectory, isInGit: false, base: nil)
    }

    /// Why it was not added where nobody named it.
    fileprivate var noteOnLeaving: String {
        let path = printable(lockPath)
        return
            "left alone: \(name) is as reg left it, and reg.lock names another version; 'reg pull' brings that, 'reg add \(path)' takes these files all the same"
    }

    /// What was undone by adding files that another version than the lock's was made of.
    fileprivate var caution: String? {
        guard isBehind, let base else { return nil }
        return
            "\(name): reg.lock named another version than the one that these files come from, so what changed in it is undone; see it: reg diff \(name)@sha256:\(base.short) \(name)"
    }

    /// As in the lock.
    var lockPath: BytePath { isDirectory ? BytePath(path.bytes + [UInt8(ascii: "/")]) : path }
}
