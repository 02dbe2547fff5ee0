// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegCatalog
internal import RegFiles
internal import RegGit
internal import RegHash
internal import RegLock
internal import RegManifest
internal import RegPin

/// One artifact as one side of a comparison has it.
struct DiffSide {
    enum Content {
        /// A version that is stored.
        case stored(Manifest)
        /// What lies at a path of a working tree, as far as it was pulled.
        case files(WorkingTree, BytePath, Checkout)
        /// What a commit has.
        case git(GitArtifact)
    }

    /// Nil where a path gives none.
    let name: ArtifactName?
    /// For messages.
    let subject: String
    let content: Content
    /// Nil where nothing says.
    var type: ArtifactType?
    /// Nil for files that lie on disk.
    var digest: Digest?
    /// Nil where the log, as far as it is known here, has no such version.
    var version: UInt64?
}

/// The same artifact on both sides; nil where one has none.
struct DiffPair {
    /// How its artifact is called in the report.
    let name: String
    let old: DiffSide?
    let new: DiffSide?

    /// As the newer side has it, where it says.
    var type: ArtifactType? { new?.type ?? old?.type }
}

/// What a comparison is between.
struct DiffPairs {
    /// Printable.
    let old: String
    let new: String
    let pairs: [DiffPair]
    let isOfSets: Bool
    /// What the sides of two sets are called in git.
    var revisions: (old: String, new: String)?
    let notes: [String]
}

/// What one argument names.
private enum DiffOperand {
    case artifact(DiffSide)
    case set([DiffSide], revision: String)

    var revision: String? { if case .set(_, let revision) = self { revision } else { nil } }

    var sides: [DiffSide] {
        switch self {
        case .artifact(let side): [side]
        case .set(let sides, _): sides
        }
    }
}

extension Session {
    /// Resolves both sides of a comparison, and brings together what belongs together.
    func diffPairs(_ request: DiffRequest) throws -> DiffPairs {
        let old = try operand(request.old)
        guard let argument = request.new else { return try againstWorkspace(old, request) }
        let new = try operand(argument)
        let pairs: [DiffPair]
        switch (old, new) {
        case (.artifact(let old), .artifact(let new)):
            // Two artifacts, or an artifact and a path: what they are called does not matter.
            pairs = [DiffPair(name: (old.name ?? new.name)?.text ?? "", old: old, new: new)]
        case (.set(let old, _), .set(let new, _)): pairs = DiffPair.matching(old, new)
        default:
            throw RegError(
                .usage,
                "'\(printable(old.revision != nil ? request.old : argument))' is a set, the other is one artifact",
                hint: "name one of the set: NAME@REV")
        }
        return DiffPairs(
            old: title(old, request.old), new: title(new, argument), pairs: pairs,
            isOfSets: old.revision != nil,
            revisions: old.revision.flatMap { old in new.revision.map { (old, $0) } }, notes: [])
    }

    private func title(_ operand: DiffOperand, _ argument: BytePath) -> String {
        if case .artifact(let side) = operand { side.subject } else { printable(argument) }
    }

    private func operand(_ argument: BytePath) throws -> DiffOperand {
        if argument.isExplicit { return .artifact(try side(atPath: argument)) }
        guard let text = argument.utf8 else {
            throw RegError(
                .usage, "'\(printable(argument))' names nothing", hint: "paths begin with ./ or /")
        }
        if text.hasPrefix("run-") && !text.contains("@") { return try operand(ofRun: text) }
        let lock = try workspace?.readLock() ?? Lock()
        switch try reference(text, lock: lock) {
        case .set(let revision):
            let commit = try workspace?.git?.commit(revision)
            let entries = try self.lock(of: revision, text: text).entries
            return .set(
                try entries.compactMap { try side(of: $0, in: commit, revision) }, revision: revision)
        case .artifact(let name, .current):
            let head = try workspace?.git?.head()
            if let entry = lock[name], entry.content == .git, let side = try side(of: entry, in: head, "HEAD")
            {
                return .artifact(side)
            }
        case .artifact(let name, .revision(let revision)):
            let commit = try workspace?.git?.commit(revision)
            if let entry = try self.lock(of: revision, text: text)[name],
                let side = try side(of: entry, in: commit, revision)
            {
                return .artifact(side)
            }
        case .artifact: break
        }
        let version = try resolveOne(text).numbered(in: catalog)
        let manifest = try manifest(of: version, in: library())
        return .artifact(try side(version, manifest, subject: version.subject))
    }

    /// What a run read and wrote, and its archive.
    private func operand(ofRun text: String) throws -> DiffOperand {
        let entry = try runEntry(text)
        guard let pin = try catalog.pin(entry.pin), let archive = ArtifactName("run-archive") else {
            throw RegError(.internalError, "the pin of \(entry.id.shortRun) is not recorded")
        }
        let outputs = try catalog.outputs(of: entry.id)
        var versions = pin.lock.entries.compactMap { place -> ResolvedVersion? in
            guard case .stored(let digest, _, _) = place.content else { return nil }
            // What it has written under the name of an input counts.
            if outputs.contains(where: { $0.name == place.name }) { return nil }
            return ResolvedVersion(
                name: place.name, digest: digest, type: place.type, version: nil, place: place)
        }
        versions += outputs.map {
            ResolvedVersion(name: $0.name, digest: $0.digest, type: $0.type, version: $0, place: nil)
        }
        versions.append(
            ResolvedVersion(name: archive, digest: entry.archive, type: .other, version: nil, place: nil))
        let library = try library()
        let sides = try versions.sorted { $0.name < $1.name }.map {
            try side($0, manifest(of: $0, in: library), subject: "\($0.name) of \(entry.id.shortRun)")
        }
        return .set(sides, revision: pin.commit.hex)
    }

    /// A version that is stored.
    private func side(
        _ version: ResolvedVersion, _ manifest: Manifest, subject: String
    ) throws -> DiffSide {
        let version = try version.numbered(in: catalog)
        return DiffSide(
            name: version.name, subject: subject, content: .stored(manifest),
            type: version.type ?? version.version?.type, digest: version.digest,
            version: version.version?.number)
    }

    /// An artifact of a commit; nil where git keeps it and the commit is not here.
    private func side(of entry: LockEntry, in commit: CommitID?, _ revision: String) throws -> DiffSide? {
        let subject = "\(entry.name)@\(printable(revision))"
        switch entry.content {
        case .stored(let digest, _, _):
            let version = ResolvedVersion(
                name: entry.name, digest: digest, type: entry.type, version: nil, place: entry)
            return try side(version, manifest(of: version, in: library()), subject: subject)
        case .git:
            guard let commit, let git = workspace?.git,
                let artifact = try GitArtifact(entry, in: commit, git: git)
            else { return nil }
            let digest = artifact.summary.digest
            return DiffSide(
                name: entry.name, subject: subject, content: .git(artifact), type: entry.type,
                digest: digest, version: try catalog.version(of: entry.name, digest: digest)?.number)
        }
    }

    private func side(atPath argument: BytePath) throws -> DiffSide {
        let whole = absolute(argument, from: options.directory)
        guard let status = try fileStatus(whole) else {
            throw RegError(.notFound, "\(printable(argument)) does not exist")
        }
        let subject = printable(argument)
        if status.kind != .symlink, let workspace,
            let path = try? workspace.relative(argument, from: options.directory), !path.isEmpty
        {
            let tree = try workingTree(of: workspace)
            let entry = try workspace.readLock().entry(containing: path)
            let isWhole = entry?.path == path
            return DiffSide(
                name: isWhole ? entry?.name : ArtifactName.proposed(from: path), subject: subject,
                content: .files(tree, path, isWhole ? try tree.checkouts.checkout(at: path) : Checkout()),
                type: isWhole ? entry?.type : nil)
        }
        guard let resolved = resolvingSymlinks(whole), !resolved.lastComponent.isEmpty else {
            throw RegError(.usage, "\(subject) is no file and no directory of files")
        }
        let parent = resolved.parent.isEmpty ? BytePath("/") : resolved.parent
        // What is learned of files that are none of this workspace is not kept.
        let tree = try WorkingTree(parent, catalog: Catalog.inMemory(), jobs: jobs)
        return DiffSide(
            name: ArtifactName.proposed(from: resolved), subject: subject,
            content: .files(tree, resolved.lastComponent, Checkout()))
    }

    // MARK: The workspace

    private func againstWorkspace(_ old: DiffOperand, _ request: DiffRequest) throws -> DiffPairs {
        guard let workspace else {
            throw withoutWorkspace(
                "there is no workspace here to compare with", hint: "name both: reg diff A B")
        }
        let lock = try workspace.readLock()
        let tree = try workingTree(of: workspace)
        var notes: [String] = []
        let pairs: [DiffPair]
        switch old {
        case .artifact(let side):
            guard !request.old.isExplicit else {
                throw RegError(
                    .usage, "\(side.subject) is what lies here",
                    hint: "name what to compare it with: reg diff A B")
            }
            guard let name = side.name, let entry = lock[name] else {
                throw RegError(
                    .notFound, "reg.lock has no artifact that \(side.subject) could be compared with",
                    hint: "name both: reg diff A B")
            }
            pairs = [
                DiffPair(name: name.text, old: side, new: try workspaceSide(entry, in: tree, &notes))
            ]
        case .set(let sides, _):
            pairs = DiffPair.matching(
                sides, try lock.entries.compactMap { try workspaceSide($0, in: tree, &notes) })
        }
        return DiffPairs(
            old: title(old, request.old), new: "the workspace", pairs: pairs,
            isOfSets: old.revision != nil, revisions: old.revision.map { ($0, "HEAD") }, notes: notes)
    }

    /// An artifact as it lies here: as the version that the lock names where it is known to be that one.
    private func workspaceSide(
        _ entry: LockEntry, in tree: WorkingTree, _ notes: inout [String]
    ) throws -> DiffSide? {
        let path = AddTarget(entry).lockPath
        let isThere = try tree.root.status(ofPath: entry.path) != nil
        let checkout = try tree.checkouts.checkout(at: entry.path)
        if case .stored(let digest, _, _) = entry.content {
            let isClean =
                try isThere && checkout.isWhole
                && differences(of: entry, from: digest, in: tree).state == .clean
            if !isThere || isClean {
                let found = try library().manifest(of: digest, subject: entry.name.text)
                if !isThere {
                    notes.append(
                        "\(printable(path)) is not here: what reg.lock says of \(entry.name) stands for it")
                }
                if let found {
                    let version = ResolvedVersion(
                        name: entry.name, digest: digest, type: entry.type, version: nil, place: entry)
                    return try side(version, found, subject: entry.name.text)
                }
            }
        }
        guard isThere else { return nil }
        return DiffSide(
            name: entry.name, subject: printable(path), content: .files(tree, entry.path, checkout),
            type: entry.type)
    }
}

extension DiffPair {
    /// The artifacts of two sets by their names.
    fileprivate static func matching(_ old: [DiffSide], _ new: [DiffSide]) -> [DiffPair] {
        func byName(_ sides: [DiffSide]) -> [ArtifactName: DiffSide] {
            Dictionary(sides.compactMap { side in side.name.map { ($0, side) } }) { first, _ in first }
        }
        let (old, new) = (byName(old), byName(new))
        return Set(old.keys).union(new.keys).sorted().map {
            DiffPair(name: $0.text, old: old[$0], new: new[$0])
        }
    }
}

extension BytePath {
    /// Whether it is written as a path and not as a reference.
    fileprivate var isExplicit: Bool {
        [".", ".."].contains(lossy) || ["./", "../", "/"].contains { bytes.starts(with: $0.utf8) }
    }
}
