// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegCatalog
internal import RegHash
internal import RegManifest
internal import RegPack
internal import RegStore

/// Finds the manifests of trees in a clone's store and in the registry.
struct ManifestLibrary {
    /// The clone's own store; nil without git.
    let store: (any ObjectStore)?
    let registry: (any ObjectStore)?
    let copies: CopyReader
    /// Whether a first attempt has failed: then packs are asked for also where there is one manifest only, and what is
    /// wrong now is wrong in its place.
    var isSecondAttempt = false

    /// Looks in these places.
    ///
    /// `spool`: where packs lie that are on their way to the registry.
    /// `isKnown`: whether the registry is known to have a pack, without asking it.
    init(
        store: (any ObjectStore)?, spool: DirectoryStore? = nil, registry: (any ObjectStore)?,
        isKnown: @escaping @Sendable (PackName) throws -> Bool = { _ in false }
    ) {
        self.store = store
        self.registry = registry
        let stores: [(any ObjectStore)?] = [store, spool, registry]
        copies = CopyReader(stores.compactMap { $0 }, isKnown: isKnown)
    }

    /// A manifest of `tree` whose packs are there; nil where there is none at all.
    ///
    /// A tree may have several: one whose packs are missing is passed over for another.
    /// `subject`: the version, for messages.
    func manifest(of tree: Digest, subject: String) throws -> Manifest? {
        var failure: RegError?
        for place in [store, registry].compactMap({ $0 }) {
            let ids = try manifestIDs(of: tree, in: place)
            for id in ids {
                do {
                    let manifest = try read(tree, id: id, from: place, subject: subject)
                    // A server is asked for packs only where there is a choice: reading them tells.
                    if ids.count == 1, place.traffic != nil, !isSecondAttempt { return manifest }
                    if let lost = try manifest.packs.first(where: { try !copies.has($0.name) }) {
                        throw RegError(
                            .notFound, "pack \(lost.name.hex), which \(subject) needs, is missing",
                            hint:
                                "see what it hurts: reg verify; where its files are, store them again: reg add PATH"
                        )
                    }
                    return manifest
                } catch let error as RegError { failure = failure ?? error }
            }
        }
        if let failure { throw failure }
        return nil
    }

    /// A manifest of `tree` in `place` whose packs are there, and of which the log does not say that a collection has
    /// removed it or one of its packs; damaged ones are passed over.
    func reliableManifest(
        of tree: Digest, in place: any ObjectStore, catalog: Catalog, subject: String
    ) throws -> Manifest? {
        for id in try manifestIDs(of: tree, in: place) where try !catalog.isDeleted(manifest: id) {
            do {
                let manifest = try read(tree, id: id, from: place, subject: subject)
                let isWhole = try manifest.packs.allSatisfy {
                    try !catalog.isDeleted(pack: $0.name) && copies.has($0.name)
                }
                if isWhole { return manifest }
            } catch let error as RegError {
                guard [.notFound, .corrupt].contains(error.kind) else { throw error }
            }
        }
        return nil
    }

    /// The ids of the manifest objects of `tree` in one store.
    func manifestIDs(of tree: Digest, in place: any ObjectStore) throws -> [Digest] {
        try place.names(in: .manifests(tree), after: nil).compactMap { Digest(hex: $0) }
    }

    /// Reads and checks one manifest object.
    func read(_ tree: Digest, id: Digest, from place: any ObjectStore, subject: String) throws -> Manifest {
        let key = ObjectKey.manifest(tree, id: id)
        guard var bytes = try explained({ try place.read(key, limit: Manifest.byteLimit) }) else {
            throw RegError.store(.notFound(key: key, location: place.location))
        }
        var found = SHA256.digest(of: bytes)
        if found != id, let again = try explained({ try place.read(key, limit: Manifest.byteLimit, .again) })
        {
            (bytes, found) = (again, SHA256.digest(of: again))
        }
        guard found == id else {
            throw RegError(
                .corrupt,
                "the manifest of \(subject), \(key), is damaged: its bytes have the hash \(found.short)…",
                hint: "see what it hurts: reg verify")
        }
        let manifest: Manifest
        do { manifest = try Manifest.decode(bytes) } catch { throw RegError.manifest(error, of: subject) }
        guard manifest.tree == tree else {
            throw RegError(.corrupt, "the manifest of \(subject), \(key), is of another tree")
        }
        return manifest
    }

    /// Goes through the items of a manifest; what is wrong with it is told as of `subject`.
    func forEachItem(of manifest: Manifest, subject: String, _ body: (ManifestItem) throws -> Void) throws {
        let reader = reader(of: manifest)
        while let item = try next(reader, subject: subject) { try body(item) }
    }

    func reader(of manifest: Manifest) -> ManifestReader {
        let source = PageSource(manifest, copies)
        return ManifestReader(manifest) { try source.page($0) }
    }

    func next(_ reader: ManifestReader, subject: String) throws -> ManifestItem? {
        do { return try reader.next() } catch let error as ManifestError {
            throw RegError.manifest(error, of: subject)
        } catch let error as RegError {
            throw RegError(error.kind, "the manifest of \(subject): \(error.message)", hint: error.hint)
        }
    }
}
