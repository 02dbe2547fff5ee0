// SPDX-License-Identifier: Apache-2.0
internal import RegFiles
internal import RegPack
internal import RegStore

/// The packs that lie in a clone's store.
struct StoreInventory {
    struct Pack {
        let name: PackName
        let byteCount: UInt64
        /// Whether the file has another name, mostly one in the registry: then it takes no space of its own.
        let isLinked: Bool
        let modified: Int64
    }

    /// Oldest first.
    let packs: [Pack]

    init(_ store: DirectoryStore) throws {
        packs = try store.packNames().compactMap { name in
            guard let status = try fileStatus(store.path(of: .pack(name))) else { return nil }
            return Pack(
                name: name, byteCount: status.size, isLinked: status.linkCount > 1, modified: status.modified)
        }.sorted { ($0.modified, $0.name) < ($1.modified, $1.name) }
    }
}

extension Collection<StoreInventory.Pack> {
    var byteCount: UInt64 { reduce(0) { $0 + $1.byteCount } }

    /// What removing them would free.
    var ownByteCount: UInt64 { reduce(0) { $0 + ($1.isLinked ? 0 : $1.byteCount) } }
}
