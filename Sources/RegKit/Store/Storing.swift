// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegCatalog
internal import RegFiles
internal import RegHash
internal import RegJobs
internal import RegLock
internal import RegManifest
internal import RegPack
internal import RegStore

/// What became of one artifact that was stored.
struct StoredArtifact {
    let digest: Digest
    let totals: Manifest.Totals
    /// Nil where a manifest of this tree is there already.
    let draft: ManifestDraft?
    let newByteCount: UInt64
    let storedByteCount: UInt64
    var nonFinite = NonFiniteTensors()
    var pointers = PointerFiles()
    /// Entries that were known and are no longer there, where they are still known.
    var gone: [BytePath] = []
    /// Whether nothing but the lock holds it: the store had no room.
    var isRecordedOnly = false

    init(_ result: Ingest.Result) {
        draft = result.draft
        newByteCount = result.newByteCount
        storedByteCount = result.storedByteCount
        nonFinite = result.nonFinite
        pointers = result.pointers
        digest = result.draft.tree
        totals = result.draft.totals
    }

    /// One of which nothing was stored.
    init(_ summary: TreeSummary) {
        digest = summary.digest
        totals = summary.totals
        gone = summary.gone
        draft = nil
        newByteCount = 0
        storedByteCount = 0
    }

    var content: LockEntry.Content {
        .stored(digest: digest, bytes: totals.byteCount, files: totals.fileCount)
    }

    func report(of target: AddTarget, isUnchanged: Bool) -> AddReport.Artifact {
        AddReport.Artifact(
            name: target.name, type: target.type, path: target.lockPath, digest: digest,
            byteCount: totals.byteCount,
            fileCount: totals.fileCount, newByteCount: newByteCount, storedByteCount: storedByteCount,
            isInGit: target.isInGit, isUnchanged: isUnchanged && !isRecordedOnly,
            isRecordedOnly: isRecordedOnly, nonFinite: nonFinite)
    }
}

extension StoredArtifact {
    /// What may be missing in it.
    func caution(on target: AddTarget) -> String? {
        if totals.fileCount == 0 {
            return "\(target.name): there are no files in \(printable(target.lockPath))"
        }
        return pointers.caution(of: target.name)
    }

    /// What the user should know where nothing was stored.
    func note(on target: AddTarget) -> String? {
        guard isRecordedOnly else { return nil }
        return
            "\(target.name) is recorded only: its \(totals.byteCount) bytes do not fit into the store's quota; push it before its files change"
    }
}

/// Stores the artifacts of one run: those of a workspace, taking over what has not changed.
struct Storing {
    /// Where packs and manifests go.
    enum Destination {
        /// The clone's store; what the registry has may be relied on.
        case store(DirectoryStore)
        /// The registry; what only the clone's store has must be brought there.
        case registry(Registry, clone: DirectoryStore?)

        fileprivate var objects: any ObjectStore {
            switch self {
            case .store(let store): store
            case .registry(let registry, _): registry.store
            }
        }
    }

    /// A manifest object that is durable where it was to go, with all that it needs.
    struct Manifested {
        let id: Digest
        let packs: [PackName]
        let isNew: Bool
    }

    private let destination: Destination
    private let library: ManifestLibrary
    private let catalog: Catalog
    private let tree: WorkingTree
    private let ingest: Ingest
    /// Versions that the user named as bases.
    private let named: [Manifest]
    private let usesBases: Bool
    private let uploadProgress: UploadProgress

    init(
        into destination: Destination, session: Session, tree: WorkingTree, _ deltas: DeltaOptions,
        phase: String
    ) throws {
        self.destination = destination
        usesBases = !deltas.isOff && session.settings.usesBases
        self.tree = tree
        library = try session.library()
        catalog = tree.catalog
        uploadProgress = session.uploadProgress
        let named = try deltas.base.map { [library] in try session.bases($0, in: library) } ?? []
        self.named = named
        try Storing.finishAbandonedPacks(of: session)
        ingest = try Ingest(
            into: destination.objects, unfinished: session.unfinishedPacks, catalog: catalog,
            copies: library.copies, fetchesBases: !named.isEmpty, jobs: session.jobs,
            progress: Progress(phase: phase), observer: session.options.progress,
            onPack: { pack in
                if case .registry(let registry, _) = destination { try registry.keepPresent([pack]) }
            })
    }

    /// Makes whole packs of what killed runs have left: their chunks need not be stored again.
    private static func finishAbandonedPacks(of session: Session) throws {
        for pack in try session.unfinishedPacks?.abandoned() ?? [] {
            let finished = try pack.finish { kind, bytes in
                kind == .chunk ? SHA256.digest(of: bytes) : Page.id(of: Array(bytes))
            }
            if let finished { try session.catalog.keep(finished) }
            try pack.forget()
        }
    }

    func store(_ target: AddTarget) throws -> StoredArtifact {
        if target.isInGit || target.isClean, let found = try unchanged(target) {
            return found
        }
        let base = try target.base.flatMap { try openBase($0, of: target.name) }
        var known = named + (base.map { [$0] } ?? [])
        if let newest = try catalog.newestVersion(of: target.name), newest.digest != target.base,
            let manifest = try openBase(newest.digest, of: target.name)
        {
            known.append(manifest)
        }
        for manifest in known { try index(manifest) }
        let entries = try TargetEntries(
            target, base: base, isBasePushed: try base.map(isPushed) ?? false, library: library, tree: tree)
        let root = try tree.base(of: target.path)
        var learned = LearnedEntries(tree, of: target.path)
        let result = try ingest.store(
            pages: try pageCopies(of: base), bases: try bases(among: known),
            statistics: known.compactMap(\.statistics)
        ) { path, entry in
            try learned.keep(KnownFile(path: root.appending(path), entry))
        } entries: {
            try entries.forEach($0)
        }
        try learned.finish()
        return StoredArtifact(result)
    }

    /// Hashes what lies at a path, and stores nothing.
    func record(_ target: AddTarget) throws -> StoredArtifact {
        guard try target.part == nil && tree.checkout(of: target).isWhole else {
            throw RegError(
                .local, "the store has no room for a part of \(target.name) within its quota",
                hint: "add the whole artifact again, or make room: reg store")
        }
        var result = StoredArtifact(try summary(of: target))
        result.isRecordedOnly = try openBase(result.digest, of: target.name) == nil
        return result
    }

    /// Stores a version again as a manifest lists it: what a collection has removed of its packs goes into new ones.
    func store(again manifest: Manifest, subject: String) throws -> StoredArtifact {
        let result = try ingest.store(
            pages: try pageCopies(of: manifest), statistics: [manifest.statistics].compactMap { $0 }
        ) { _, _ in
        } entries: { feed in
            try library.forEachItem(of: manifest, subject: subject) { try feed(.known([$0])) }
        }
        return StoredArtifact(result)
    }

    /// Stores what trees merge to: all of it is stored already, but for pages and the manifest.
    func store(_ merge: TreeMerge) throws -> StoredArtifact {
        var pages: [Digest: Copy] = [:]
        for manifest in merge.sources {
            try index(manifest)
            pages.merge(try pageCopies(of: manifest)) { first, _ in first }
        }
        let result = try ingest.store(
            pages: pages, statistics: merge.sources.compactMap(\.statistics), remember: { _, _ in },
            entries: merge.forEachEntry)
        return StoredArtifact(result)
    }

    /// Stores files that git keeps, as a commit has them.
    func store(_ artifact: GitArtifact) throws -> StoredArtifact {
        try store { feed in
            for file in artifact.files {
                try feed(.bytes(file.path, isExecutable: file.isExecutable, file.bytes))
            }
        }
    }

    /// Stores the files of a commit.
    func store(_ code: CodeTree) throws -> StoredArtifact { try store(entries: code.forEachEntry) }

    /// Stores one file of these bytes.
    func store(_ bytes: [UInt8], as path: BytePath) throws -> StoredArtifact {
        try store { try $0(.bytes(path, isExecutable: false, bytes)) }
    }

    private func store(entries: ((IngestEntry) throws -> Void) throws -> Void) throws -> StoredArtifact {
        let result = try ingest.store(pages: [:], remember: { _, _ in }, entries: entries)
        return StoredArtifact(result)
    }

    /// What there is of a target that needs no storing: what git keeps, and what is as the lock says; nil where the
    /// latter's manifest cannot be read, and all is stored anew.
    private func unchanged(_ target: AddTarget) throws -> StoredArtifact? {
        if target.isInGit { return StoredArtifact(try summary(of: target)) }
        guard let base = target.base, let manifest = try openBase(base, of: target.name) else { return nil }
        return StoredArtifact(TreeSummary(digest: base, totals: manifest.totals, gone: []))
    }

    private func summary(of target: AddTarget) throws -> TreeSummary {
        if let found = try tree.summary(of: target.path) { return found }
        throw RegError(.notFound, "\(printable(target.path)) does not exist")
    }

    /// A version that new bytes are compared with; nil where it cannot be read: a missed match is waste, no error.
    private func openBase(_ digest: Digest, of name: ArtifactName) throws -> Manifest? {
        do { return try library.manifest(of: digest, subject: name.text) } catch is RegError { return nil }
    }

    /// The versions that files may be coded against: what was never pushed would have to be pushed with them.
    private func bases(among manifests: [Manifest]) throws -> BaseVersions? {
        guard usesBases else { return nil }
        return BaseVersions(try manifests.filter(isPushed), library: library)
    }

    /// Whether the log, or the user, names the version.
    private func isPushed(_ manifest: Manifest) throws -> Bool {
        try named.contains { $0.id == manifest.id } || catalog.isOfVersion(manifest: manifest.id)
    }

    /// Makes the chunks of a version known, once.
    private func index(_ manifest: Manifest) throws {
        if case .registry(let registry, _) = destination, try catalog.isOfVersion(manifest: manifest.id) {
            try registry.keepPresent(manifest.packs.map(\.name))
        }
        if try catalog.isIndexed(manifest: manifest.id) { return }
        try catalog.transaction {
            var numbers: [PackName: Int64] = [:]
            for pack in manifest.packs {
                numbers[pack.name] = try catalog.keepPack(pack.name, byteCount: pack.byteCount)
            }
            try library.forEachItem(of: manifest, subject: "the version before") { item in
                for chunk in item.chunks {
                    guard let number = numbers[chunk.copy.pack] else { continue }
                    try catalog.keep(
                        chunk: chunk.id, rawLength: chunk.rawLength, copy: chunk.copy, packID: number)
                }
                ingest.index.note(item.chunks.lazy.map(\.id))
            }
            try catalog.keepIndexed(manifest: manifest.id)
        }
    }

    /// Where the pages of a manifest lie, by id: a page that comes out the same again need not be stored again.
    private func pageCopies(of manifest: Manifest?) throws -> [Digest: Copy] {
        let pages = try (manifest?.pages ?? []).filter { try !ingest.index.isDeleted($0.copy.pack) }
        return Dictionary(pages.map { ($0.id, $0.copy) }) { first, _ in first }
    }

    /// Finishes the packs and writes the manifests of what is new.
    ///
    /// - Returns: the manifest of each tree that was stored.
    func finish(_ stored: [StoredArtifact]) throws -> [Digest: Manifested] {
        try ingest.finish()
        var manifests: [Digest: Manifested] = [:]
        for draft in stored.compactMap(\.draft) where manifests[draft.tree] == nil {
            manifests[draft.tree] = try existing(draft.tree) ?? write(draft)
        }
        return manifests
    }

    private func existing(_ tree: Digest) throws -> Manifested? {
        var found: Manifest?
        if case .registry(let registry, _) = destination {
            found = try ManifestLibrary(store: nil, registry: registry.store)
                .reliableManifest(of: tree, in: registry.store, catalog: catalog, subject: "this tree")
        } else {
            // One that is damaged is passed over: ours is made beside it.
            found = try? library.manifest(of: tree, subject: "this tree")
        }
        guard let found else { return nil }
        return Manifested(id: found.id, packs: found.packs.map(\.name), isNew: false)
    }

    private func write(_ draft: ManifestDraft) throws -> Manifested {
        if case .registry(let registry, let clone) = destination {
            registry.note(sent: ingest.index.finishedPacks)
            try registry.bring(draft.packs, from: clone, subject: "this tree", uploadProgress)
        }
        let bytes = try draft.encoded { pack in
            guard let byteCount = try catalog.byteCount(of: pack) else {
                throw RegError(.internalError, "pack \(pack.hex) has no size")
            }
            return byteCount
        }
        let id = SHA256.digest(of: bytes)
        _ = try destination.objects.create(.manifest(draft.tree, id: id), bytes)
        // Every chunk of it was known or has just been stored.
        try catalog.keepIndexed(manifest: id)
        return Manifested(id: id, packs: draft.packs, isNew: true)
    }
}

extension Session {
    /// The versions that a reference names as bases.
    fileprivate func bases(_ reference: String, in library: ManifestLibrary) throws -> [Manifest] {
        try resolve(reference).versions.map { try manifest(of: $0, in: library) }
    }
}
