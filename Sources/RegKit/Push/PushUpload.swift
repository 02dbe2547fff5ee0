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
        /// Its manifest and packs are in the clone's store, or in the registry already; where the store was full, or its
        /// packs were collected, its files are all that there is.
        case store(AddTarget)
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
    /// What was uploaded has these.
    var nonFinite = NonFiniteTensors()
    /// Of what was stored straight into the registry.
    var pointers = PointerFiles()
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
        case .store(let target):
            if try uploadFromStore(&candidate, to: registry, sent: &sent) { return }
            try uploadAnew(&candidate, from: target, to: registry)
        case .git(let artifact):
            let tree = try workingTree(of: try requireWorkspace())
            let storing = try storing(into: registry, tree: tree)
            try finish(storing, try storing.store(artifact), &candidate)
        case .files(let tree, let target):
            let storing = try storing(into: registry, tree: tree)
            try finish(storing, try storing.store(target.keptByReg), &candidate)
        }
    }

    /// Stores straight into the registry.
    func storing(
        into registry: Registry, tree: WorkingTree, _ deltas: DeltaOptions = DeltaOptions()
    ) throws -> Storing {
        try Storing(
            into: .registry(registry, clone: workspace?.store), session: self, tree: tree, deltas,
            phase: "push")
    }

    /// Whether the registry has a whole manifest of the tree already.
    private func uploaded(_ candidate: inout PushCandidate, in registry: Registry) throws -> Bool {
        let found = try ManifestLibrary(store: nil, registry: registry.store).reliableManifest(
            of: candidate.digest, in: registry.store, catalog: catalog, subject: candidate.name.text)
        guard let found else { return false }
        candidate.manifest = found.id
        candidate.packs = found.packs.map(\.name)
        candidate.reusedByteCount = candidate.byteCount
        candidate.nonFinite = try library().nonFiniteTensors(of: found, subject: candidate.name.text)
        return true
    }

    /// Brings a manifest of the store with the packs that the registry lacks.
    ///
    /// - Returns: false where the store has no manifest that may be named.
    private func uploadFromStore(
        _ candidate: inout PushCandidate, to registry: Registry, sent: inout Set<PackName>
    ) throws -> Bool {
        guard let store = workspace?.store else {
            throw RegError(.internalError, "\(candidate.name) has no store to come from")
        }
        let library = try library()
        let subject = candidate.name.text
        let found = try library.reliableManifest(
            of: candidate.digest, in: store, catalog: catalog, subject: subject)
        guard let manifest = found else { return false }
        sent.formUnion(
            try registry.bring(manifest.packs.map(\.name), from: store, subject: subject, uploadProgress))
        let key = ObjectKey.manifest(candidate.digest, id: manifest.id)
        guard let bytes = try store.read(key, limit: Manifest.byteLimit) else {
            throw RegError.store(.notFound(key: key, location: store.location))
        }
        _ = try registry.store.create(key, bytes)
        candidate.manifest = manifest.id
        candidate.packs = manifest.packs.map(\.name)
        candidate.uploadedByteCount = UInt64(bytes.count)
        candidate.reusedByteCount = 0
        candidate.nonFinite = try library.nonFiniteTensors(of: manifest, subject: subject)
        for page in manifest.pages where sent.contains(page.copy.pack) {
            candidate.uploadedByteCount += UInt64(page.copy.storedLength)
        }
        try library.forEachItem(of: manifest, subject: subject) { item in
            for chunk in item.chunks {
                if sent.contains(chunk.copy.pack) {
                    candidate.uploadedByteCount += UInt64(chunk.copy.storedLength)
                } else {
                    candidate.reusedByteCount += UInt64(chunk.rawLength)
                }
            }
        }
        return true
    }

    /// Stores an artifact straight into the registry, under new names where a collection has removed the old ones:
    /// from what the store and the registry still have of it, else from the files that lie here.
    private func uploadAnew(
        _ candidate: inout PushCandidate, from target: AddTarget, to registry: Registry
    ) throws {
        let subject = candidate.name.text
        var failure: RegError?
        do {
            if let manifest = try library().manifest(of: candidate.digest, subject: subject) {
                let storing = try storing(into: registry, tree: try workingTree(of: try requireWorkspace()))
                return try finish(storing, try storing.store(again: manifest, subject: subject), &candidate)
            }
        } catch let error as RegError {
            guard [.notFound, .corrupt].contains(error.kind) else { throw error }
            failure = error
        }
        try uploadFromFiles(&candidate, from: target, to: registry, otherwise: failure)
    }

    func finish(_ storing: Storing, _ stored: StoredArtifact, _ candidate: inout PushCandidate) throws {
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
        nonFinite = stored.nonFinite
        pointers = stored.pointers
    }
}
