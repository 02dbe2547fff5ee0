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
    let files: [KnownFile]

    var content: LockEntry.Content {
        .stored(digest: digest, bytes: totals.byteCount, files: totals.fileCount)
    }

    func report(of target: AddTarget, isUnchanged: Bool) -> AddReport.Artifact {
        AddReport.Artifact(
            name: target.name, type: target.type, path: target.lockPath, digest: digest,
            byteCount: totals.byteCount,
            fileCount: totals.fileCount, newByteCount: newByteCount, storedByteCount: storedByteCount,
            isInGit: target.isInGit, isUnchanged: isUnchanged)
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

    init(into destination: Destination, session: Session, tree: WorkingTree, phase: String) throws {
        self.destination = destination
        self.tree = tree
        library = try session.library()
        catalog = tree.catalog
        ingest = try Ingest(
            into: destination.objects, catalog: catalog, copies: library.copies, jobs: session.jobs,
            progress: Progress(phase: phase), observer: session.options.progress)
    }

    func store(_ target: AddTarget) throws -> StoredArtifact {
        if target.isInGit || target.base != nil && target.part == nil, let found = try unchanged(target) {
            return found
        }
        let base = try target.base.flatMap { try openBase($0, of: target.name) }
        if let base { try index(base) }
        if let newest = try catalog.newestVersion(of: target.name), newest.digest != target.base,
            let manifest = try openBase(newest.digest, of: target.name)
        {
            try index(manifest)
        }
        var entries = try TargetEntries(target, base: base, library: library, tree: tree)
        let result = try ingest.store(root: try tree.base(of: target.path), pages: base?.pageCopies ?? [:]) {
            try entries.next()
        }
        return StoredArtifact(
            digest: result.draft.tree, totals: result.draft.totals, draft: result.draft,
            newByteCount: result.newByteCount, storedByteCount: result.storedByteCount, files: result.files)
    }

    /// Stores files that git keeps, as a commit has them.
    func store(_ artifact: GitArtifact) throws -> StoredArtifact {
        var files = artifact.files[...]
        let result = try ingest.store(root: BytePath([]), pages: [:]) {
            files.popFirst().map { .bytes($0.path, isExecutable: $0.isExecutable, $0.bytes) }
        }
        return StoredArtifact(
            digest: result.draft.tree, totals: result.draft.totals, draft: result.draft,
            newByteCount: result.newByteCount, storedByteCount: result.storedByteCount, files: [])
    }

    /// What the working tree is by its known hashes; nil where an artifact of the store has changed.
    private func unchanged(_ target: AddTarget) throws -> StoredArtifact? {
        guard let (digest, totals) = try tree.summary(of: target.path) else {
            throw RegError(.notFound, "\(printable(target.path)) does not exist")
        }
        guard target.isInGit || digest == target.base else { return nil }
        // Without a whole copy of it the files are stored again.
        if !target.isInGit, try openBase(digest, of: target.name) == nil { return nil }
        return StoredArtifact(
            digest: digest, totals: totals, draft: nil, newByteCount: 0, storedByteCount: 0, files: [])
    }

    /// A version that new bytes are compared with; nil where it cannot be read: a missed match is waste, no error.
    private func openBase(_ digest: Digest, of name: ArtifactName) throws -> Manifest? {
        do { return try library.manifest(of: digest, subject: name.text) } catch is RegError { return nil }
    }

    /// Makes the chunks of a version known, once.
    private func index(_ manifest: Manifest) throws {
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
            }
            try catalog.keepIndexed(manifest: manifest.id)
        }
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
        var places = library
        if case .registry(let registry, _) = destination {
            places = ManifestLibrary(store: nil, registry: registry.store)
        }
        // One that is damaged is passed over: ours is made beside it.
        guard let found = try? places.manifest(of: tree, subject: "this tree") else { return nil }
        return Manifested(id: found.id, packs: found.packs.map(\.name), isNew: false)
    }

    private func write(_ draft: ManifestDraft) throws -> Manifested {
        if case .registry(let registry, let clone?) = destination {
            for pack in draft.packs { try registry.bring(pack, from: clone, subject: "this tree") }
        }
        let bytes = try draft.encoded { pack in
            guard let byteCount = try catalog.byteCount(of: pack) else {
                throw RegError(.internalError, "pack \(pack.hex) has no size")
            }
            return byteCount
        }
        let id = SHA256.digest(of: bytes)
        _ = try destination.objects.create(.manifest(draft.tree, id: id), bytes)
        return Manifested(id: id, packs: draft.packs, isNew: true)
    }
}

extension Manifest {
    /// Where the pages lie, by id: a page that comes out the same again need not be stored again.
    var pageCopies: [Digest: Copy] {
        Dictionary(pages.map { ($0.id, $0.copy) }) { first, _ in first }
    }
}
