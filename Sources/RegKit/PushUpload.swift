// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegCatalog
internal import RegFiles
internal import RegHash
internal import RegLock
internal import RegManifest
internal import RegPack
internal import RegStore

/// One artifact on its way to the registry.
struct PushCandidate {
    enum Source {
        /// Its manifest and packs are in the clone's store, or in the registry already.
        case store
        /// git has the bytes.
        case git(GitArtifact)
        /// The working tree has them.
        case files(WorkingTree, AddTarget)
    }

    let name: ArtifactName
    let type: ArtifactType
    let digest: Digest
    let byteCount: UInt64
    let fileCount: UInt64
    let source: Source
    var uploadedByteCount: UInt64 = 0
    var reusedByteCount: UInt64 = 0
    /// The id of a manifest object in the registry.
    var manifest: Digest?
    /// The packs that the manifest relies on.
    var packs: [PackName] = []
}

extension Session {
    /// Brings an artifact's packs and manifest into the registry, in this order, unless it is a version already.
    ///
    /// `sent`: the packs that this push has brought so far.
    func upload(_ candidate: inout PushCandidate, to registry: Registry, sent: inout Set<PackName>) throws {
        if try catalog.version(of: candidate.name, digest: candidate.digest) != nil {
            candidate.reusedByteCount = candidate.byteCount
            return
        }
        if try candidate.manifest != nil || uploaded(&candidate, in: registry) { return }
        switch candidate.source {
        case .store: try uploadFromStore(&candidate, to: registry, sent: &sent)
        case .git(let artifact):
            let tree = try WorkingTree(try requireWorkspace(), catalog: catalog)
            let storing = try storing(into: registry, tree: tree)
            try finish(storing, try storing.store(artifact), &candidate)
        case .files(let tree, let target):
            let storing = try storing(into: registry, tree: tree)
            try finish(storing, try storing.store(target.keptByReg), &candidate)
        }
    }

    /// Stores straight into the registry.
    func storing(into registry: Registry, tree: WorkingTree) throws -> Storing {
        try Storing(
            into: .registry(registry, clone: workspace?.store), session: self, tree: tree, phase: "push")
    }

    /// Whether the registry has a whole manifest of the tree already.
    private func uploaded(_ candidate: inout PushCandidate, in registry: Registry) throws -> Bool {
        let library = ManifestLibrary(store: nil, registry: registry.store)
        let found: Manifest?
        do { found = try library.manifest(of: candidate.digest, subject: candidate.name.text) } catch let
            error as RegError
        {
            guard [.notFound, .corrupt].contains(error.kind) else { throw error }
            found = nil  // a damaged upload is passed over: ours is made beside it
        }
        guard let found, try found.packs.allSatisfy({ try !catalog.isDeleted(pack: $0.name) }),
            try !catalog.isDeleted(manifest: found.id)
        else { return false }
        candidate.manifest = found.id
        candidate.packs = found.packs.map(\.name)
        candidate.reusedByteCount = candidate.byteCount
        return true
    }

    private func uploadFromStore(
        _ candidate: inout PushCandidate, to registry: Registry, sent: inout Set<PackName>
    ) throws {
        guard let store = workspace?.store else {
            throw RegError(.internalError, "\(candidate.name) has no store to come from")
        }
        let library = ManifestLibrary(store: store, registry: registry.store)
        let subject = candidate.name.text
        guard let manifest = try library.manifest(of: candidate.digest, subject: subject) else {
            throw RegError(
                .notFound, "\(subject) is neither in this clone's store nor in \(registry.location.text)",
                hint: "push it from the clone that added it, or pull another version and add it here")
        }
        for pack in manifest.packs where try registry.bring(pack.name, from: store, subject: subject) {
            sent.insert(pack.name)
        }
        let key = ObjectKey.manifest(candidate.digest, id: manifest.id)
        if let bytes = try store.read(key, limit: Manifest.byteLimit) {
            _ = try registry.store.create(key, bytes)
            candidate.uploadedByteCount = UInt64(bytes.count)
        }
        candidate.manifest = manifest.id
        candidate.packs = manifest.packs.map(\.name)
        try library.forEachItem(of: manifest, subject: subject) { item in
            for chunk in item.chunks {
                if sent.contains(chunk.copy.pack) {
                    candidate.uploadedByteCount += UInt64(chunk.copy.storedLength)
                } else {
                    candidate.reusedByteCount += UInt64(chunk.rawLength)
                }
            }
        }
    }

    private func finish(_ storing: Storing, _ stored: StoredArtifact, _ candidate: inout PushCandidate) throws
    {
        guard stored.digest == candidate.digest, let manifest = try storing.finish([stored])[stored.digest]
        else {
            throw RegError(.conflict, "\(candidate.name) changed while it was pushed", hint: "push again")
        }
        candidate.take(manifest, of: stored)
    }
}

extension PushCandidate {
    /// Takes over what storing it straight into the registry has given.
    mutating func take(_ manifest: Storing.Manifested, of stored: StoredArtifact) {
        self.manifest = manifest.id
        packs = manifest.packs
        uploadedByteCount = stored.storedByteCount
        reusedByteCount = stored.totals.byteCount - stored.newByteCount
    }
}
