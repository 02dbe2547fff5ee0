// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegCatalog
internal import RegFiles
internal import RegHash
internal import RegManifest
internal import RegPack
internal import RegStore

/// What can leave a store, because a version of the registry needs it and the registry holds it as well.
struct TrimPlan {
    private struct PushedManifest {
        let key: ObjectKey
        let packs: [PackName]
    }

    /// Oldest first.
    private(set) var packs: [StoreInventory.Pack]
    /// Of versions; they go when none of their packs is left.
    private let manifests: [PushedManifest]

    /// Asks the registry, whose log is folded to its end, for every pack and manifest.
    init(_ inventory: StoreInventory, of store: DirectoryStore, registry: Registry, catalog: Catalog) throws {
        try TrimPlan.checkApart(store, registry)
        let library = ManifestLibrary(store: store, registry: nil)
        let versions = try catalog.versionManifests()
        manifests = try store.manifestNames().compactMap { tree, id in
            let key = ObjectKey.manifest(tree, id: id)
            guard versions.contains(id), try registry.store.size(of: key) == store.size(of: key) else {
                return nil
            }
            // One that is damaged says nothing of packs.
            guard let manifest = try? library.read(tree, id: id, from: store, subject: key.text) else {
                return nil
            }
            return PushedManifest(key: key, packs: manifest.packs.map(\.name))
        }
        let pushed = Set(manifests.flatMap(\.packs))
        packs = try inventory.packs.filter { pack in
            try pushed.contains(pack.name) && !catalog.isDeleted(pack: pack.name)
                && registry.store.size(of: .pack(pack.name)) == pack.byteCount
        }
    }

    /// A registry that is the store itself holds nothing "as well".
    private static func checkApart(_ store: DirectoryStore, _ registry: Registry) throws {
        guard case .directory(let directory) = registry.location.place else { return }
        let there = try fileStatus(directory)
        guard let here = try fileStatus(store.root), let there, here.inode == there.inode,
            here.device == there.device
        else { return }
        throw RegError(
            .refused, "the store \(printable(store.root)) is the registry itself",
            hint: "choose another registry: --registry")
    }

    /// The oldest packs that free `byteCount` bytes, or as many as there are.
    func limited(to byteCount: UInt64) -> TrimPlan {
        var plan = self
        var freed: UInt64 = 0
        plan.packs = packs.filter { pack in
            if pack.isLinked || freed >= byteCount { return false }
            freed += pack.byteCount
            return true
        }
        return plan
    }

    /// The manifests that go when the packs have gone.
    func manifests(in store: DirectoryStore) throws -> [ObjectKey] {
        let going = Set(packs.map(\.name))
        return try manifests.filter { manifest in
            try manifest.packs.allSatisfy { try going.contains($0) || store.size(of: .pack($0)) == nil }
        }.map(\.key)
    }

    /// Removes the packs, then the manifests: without a manifest nobody would know that a pack was pushed.
    func carryOut(in store: DirectoryStore) throws {
        let keys = try manifests(in: store)
        for pack in packs { try store.remove(.pack(pack.name)) }
        for key in keys { try store.remove(key) }
    }
}

extension Session {
    /// What the store holds, and how much of that only the store does.
    package func storeReport() throws -> StoreReport {
        try verb {
            let store = try requireStore()
            let inventory = try StoreInventory(store)
            let pushed = try trimPlan(inventory, of: store)?.packs ?? []
            return StoreReport(
                path: store.root, packCount: UInt64(inventory.packs.count),
                byteCount: inventory.packs.byteCount,
                linkedByteCount: inventory.packs.byteCount - inventory.packs.ownByteCount,
                unpushedByteCount: inventory.packs.byteCount - pushed.byteCount,
                quota: try storeQuota(of: store))
        }
    }

    /// Removes from the store what the registry holds as well.
    package func trimStore(isDryRun: Bool) throws -> TrimReport {
        try verb {
            let store = try requireStore()
            let registry = try registry()
            try holdStore(.exclusive)
            try registry.catchUp()
            let inventory = try StoreInventory(store)
            let plan = try TrimPlan(inventory, of: store, registry: registry, catalog: catalog)
            let manifests = try plan.manifests(in: store)
            if !isDryRun { try plan.carryOut(in: store) }
            return TrimReport(
                path: store.root, packCount: UInt64(plan.packs.count), byteCount: plan.packs.byteCount,
                freedByteCount: plan.packs.ownByteCount, manifestCount: UInt64(manifests.count),
                keptPackCount: UInt64(inventory.packs.count - plan.packs.count),
                keptByteCount: inventory.packs.byteCount - plan.packs.byteCount, isDryRun: isDryRun)
        }
    }

    private func requireStore() throws -> DirectoryStore {
        guard let store = try requireWorkspace().store else {
            throw RegError(.usage, "there is no git repository here", hint: "git init")
        }
        return store
    }

    /// Nil where there is no registry, which then holds nothing.
    func trimPlan(_ inventory: StoreInventory, of store: DirectoryStore) throws -> TrimPlan? {
        guard let registry = try registryIfThere() else { return nil }
        try registry.catchUp()
        return try TrimPlan(inventory, of: store, registry: registry, catalog: catalog)
    }
}
