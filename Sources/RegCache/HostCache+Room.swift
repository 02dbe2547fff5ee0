// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegFiles
internal import RegHash

extension HostCache {
    private static let usageName = BytePath("usage")

    /// Sees to it that so many bytes more fit, and counts them as taken.
    ///
    /// Trees that were not used for longest go first, then the files that no other tree needs. What is in use stays:
    /// a tree that somebody holds, and the bytes of files that have further names. Killed at any moment it leaves a
    /// cache that lacks something, which is brought again when it is wanted.
    /// - Throws: `noRoom`.
    func makeRoom(for byteCount: UInt64) throws {
        let guarding = try CacheLock.take(HostCache.guardName, .exclusive, in: locks)
        defer { withExtendedLifetime(guarding) {} }
        if let used = try usage(), try shortage(of: byteCount, used: used) == 0 {
            return try setUsage(used + byteCount)
        }
        var inventory = try CacheInventory(self)
        // Again as long as others take just those trees that were to go: each of them leaves others to take.
        while case let shortage = try shortage(of: byteCount, used: inventory.byteCount), shortage > 0 {
            if try inventory.free(shortage) { break }
            inventory = try CacheInventory(self)
        }
        let room = try shortage(of: byteCount, used: inventory.byteCount) == 0
        try setUsage(inventory.byteCount + (room ? byteCount : 0))
        guard room else { throw CacheError.noRoom(neededByteCount: byteCount, limit: quota) }
    }

    /// How many bytes have to go before `byteCount` more fit into the quota and on the disk, of which a twentieth is left.
    private func shortage(of byteCount: UInt64, used: UInt64) throws -> UInt64 {
        let free = try fileSystemSpace(path).free / 20 * 19
        let (whole, isOver) = used.addingReportingOverflow(byteCount)
        let overQuota = isOver ? .max : whole - min(whole, quota)
        return max(overQuota, byteCount - min(byteCount, free))
    }

    /// At least the bytes that the cache holds, noted before they come; nil where nobody knows.
    private func usage() throws -> UInt64? {
        guard let text = try? readSmallFile(root.path.appending(HostCache.usageName), limit: 20) else {
            return nil  // whatever it is, counting helps
        }
        return UInt64(String(decoding: text, as: UTF8.self))
    }

    private func setUsage(_ byteCount: UInt64) throws {
        try publish(Array("\(byteCount)".utf8), as: HostCache.usageName, in: root, mode: 0o600, .replacing)
    }
}

/// What a cache holds, while nobody else may give it new trees.
private struct CacheInventory {
    private let cache: HostCache
    /// Of which nobody holds any, the one that was not used for longest first.
    private var idleTrees: [Tree] = []
    private var heldTrees: [Tree] = []
    /// In bytes.
    private(set) var byteCount: UInt64 = 0

    private struct Tree {
        let digest: Digest
        let lastUse: Int64
        let byteCount: UInt64
    }

    /// Memory for the hashes of files is bounded: those of more rows are gone through in several passes.
    private static let rowsAtOnce: UInt64 = 1 << 21
    /// No row takes less in the file of its tree.
    private static let leastRowByteCount: UInt64 = 47

    init(_ cache: HostCache) throws {
        self.cache = cache
        try removeLeftovers()
        for entry in try cache.trees.entries() {
            guard let digest = Digest(hex: entry.name.bytes),
                let status = try cache.trees.status(of: entry.name)
            else { continue }
            let tree = Tree(digest: digest, lastUse: status.modified, byteCount: status.size)
            let isIdle = try CacheLock.tryTake(digest.hex, in: cache.locks) != nil
            if isIdle { idleTrees.append(tree) } else { heldTrees.append(tree) }
            byteCount += status.size
        }
        idleTrees.sort { $0.lastUse < $1.lastUse }
        var fileByteCount: UInt64 = 0
        try forEachFile(in: 0...255) { _, _, status in fileByteCount += status.size }
        byteCount += fileByteCount
    }

    /// Removes what killed runs have left half done, also what they have brought.
    private func removeLeftovers() throws {
        try cache.trees.removeAbandonedFiles()
        try cache.root.removeAbandonedFiles()
        try cache.incoming.removeAbandonedFiles()
        for entry in try cache.incoming.entries() {
            guard let tree = Digest(hex: entry.name.bytes) else { continue }
            if let lock = try CacheLock.tryTake(HostCache.fetchLock(of: tree), in: cache.locks) {
                try withExtendedLifetime(lock) { try cache.incoming.removeTree(entry.name) }
            }
        }
        for entry in try cache.locks.entries() {
            guard let tree = Digest(hex: entry.name.bytes.prefix(64)),
                try cache.trees.status(of: BytePath(tree.hex)) == nil,
                let lock = try CacheLock.tryTake(entry.name.lossy, in: cache.locks)
            else { continue }
            try withExtendedLifetime(lock) { try cache.locks.remove(entry.name) }
        }
    }

    /// Removes so many bytes, or as many as can go.
    ///
    /// - Returns: false where somebody has taken a tree meanwhile that was to go.
    mutating func free(_ wanted: UInt64) throws -> Bool {
        let age = try ageOfEnough(wanted)
        var isComplete = true
        for tree in idleTrees.prefix(age) where try !remove(tree) { isComplete = false }
        var freed: UInt64 = 0
        try forEachNamedRange { range, ages in
            try forEachFile(in: range) { name, file, status in
                guard ages[file.beginning] == nil, status.linkCount == 1 else { return }
                try cache.files.openBeneath(name.parent, .directory).remove(name.lastComponent)
                freed += status.size
            }
        }
        byteCount -= min(byteCount, freed)
        return isComplete
    }

    /// How many of the idle trees have to go, counted from the oldest, to free so many bytes.
    private func ageOfEnough(_ wanted: UInt64) throws -> Int {
        // By the youngest tree that names them; those that no tree names stand first.
        var freed = [UInt64](repeating: 0, count: idleTrees.count + 1)
        for (age, tree) in idleTrees.enumerated() { freed[age + 1] += tree.byteCount }
        try forEachNamedRange { range, ages in
            try forEachFile(in: range) { _, file, status in
                let age = ages[file.beginning] ?? 0
                if age < freed.count, status.linkCount == 1 { freed[age] += status.size }
            }
        }
        var sum = freed[0]
        var age = 0
        while sum < wanted, age < idleTrees.count {
            age += 1
            sum += freed[age]
        }
        return age
    }

    /// Removes a tree; false where somebody has taken it just now.
    private mutating func remove(_ tree: Tree) throws -> Bool {
        guard let lock = try CacheLock.tryTake(tree.digest.hex, in: cache.locks) else { return false }
        try withExtendedLifetime(lock) {
            try cache.trees.remove(BytePath(tree.digest.hex))
            try cache.locks.remove(BytePath(tree.digest.hex))
        }
        byteCount -= min(byteCount, tree.byteCount)
        return true
    }

    /// Gives the files that trees name, by the first bytes of their hashes, one part after another.
    ///
    /// `ages`: by the beginning of the hash the place of the youngest tree that names it, counted from 1; one that is
    /// held comes after all others.
    private func forEachNamedRange(
        _ body: (ClosedRange<Int>, _ ages: [UInt64: Int]) throws -> Void
    ) throws {
        let rowByteCount = (idleTrees + heldTrees).reduce(0) { $0 + $1.byteCount }
        let passes = min(256, rowByteCount / CacheInventory.leastRowByteCount / CacheInventory.rowsAtOnce + 1)
        let width = Int((256 + passes - 1) / passes)
        for start in stride(from: 0, to: 256, by: width) {
            let range = start...min(255, start + width - 1)
            var ages: [UInt64: Int] = [:]
            for (age, tree) in (idleTrees + heldTrees).enumerated() {
                // Those that were removed are gone.
                guard let rows = try cache.openRows(of: tree.digest) else { continue }
                do {
                    try rows.forEachRow { row in
                        guard let hash = CachedFile(row)?.hash.beginning else { return }
                        if range.contains(Int(hash >> 56)) { ages[hash] = age + 1 }
                    }
                } catch CacheError.wrongRows {}  // whoever wants it finds that out, too
            }
            try body(range, ages)
        }
    }

    /// Gives the path and the hash of each file whose hash begins with a byte in `range`.
    private func forEachFile(
        in range: ClosedRange<Int>, _ body: (BytePath, Digest, FileStatus) throws -> Void
    ) throws {
        for byte in range {
            let name = BytePath(hex([UInt8(byte)]))
            guard try cache.files.status(of: name)?.kind == .directory else { continue }
            let directory = try cache.files.openBeneath(name, .directory)
            for entry in try directory.entries() {
                guard let hash = CachedFile.hash(ofName: entry.name),
                    let status = try directory.status(of: entry.name), status.kind == .file
                else { continue }
                try body(name.appending(entry.name), hash, status)
            }
        }
    }
}
