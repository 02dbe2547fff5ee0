// SPDX-License-Identifier: Apache-2.0
internal import RegFiles
internal import RegLock
internal import RegStore

extension Session {
    /// Decides which targets the store takes in, and makes room for them.
    ///
    /// What the registry holds as well goes first; what is not pushed stays. A target counts with the sizes of the files
    /// that would be read for it: how much of them is known already, or compresses, shows only afterwards.
    /// - Returns: for each target, whether it is stored; the others are recorded only.
    func makeRoom(for targets: [AddTarget], in store: DirectoryStore) throws -> [Bool] {
        let quota = try storeQuota(of: store)
        let inventory = try StoreInventory(store)
        let sizes = targets.map { $0.isInGit ? 0 : $0.byteCountToRead }
        let used = inventory.packs.ownByteCount
        if sizes.reduce(used, saturatingSum) <= quota { return targets.map { _ in true } }

        let plan = try evictable(inventory, in: store)
        var left = quota - min(quota, used - (plan?.packs.ownByteCount ?? 0))
        var wanted: UInt64 = 0
        let decisions = sizes.map { size in
            guard size <= left else { return false }
            left -= size
            wanted += size
            return true
        }
        if let plan, used + wanted > quota {
            try holdStore(.exclusive)
            try plan.limited(to: used + wanted - quota).carryOut(in: store)
            try holdStore(.shared)
        }
        return decisions
    }

    /// What can go; nothing where the registry cannot say.
    private func evictable(_ inventory: StoreInventory, in store: DirectoryStore) throws -> TrimPlan? {
        do { return try explained { try trimPlan(inventory, of: store) } } catch let error as RegError {
            options.notice("nothing leaves the store: \(error.message)")
            return nil
        }
    }
}

/// Sizes of sparse files can be anything.
func saturatingSum(_ left: UInt64, _ right: UInt64) -> UInt64 {
    let (sum, isOver) = left.addingReportingOverflow(right)
    return isOver ? .max : sum
}
