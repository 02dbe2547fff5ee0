// SPDX-License-Identifier: Apache-2.0

import RegKit
import RegTesting
import Testing

/// For each thing, the one shard that it belongs to; nil where that is none or several.
private func parts(of sizes: [UInt64], in count: Int) -> [Int?] {
    var parts = [[Int]](repeating: [], count: sizes.count)
    for index in 0..<count {
        let isMember = Shard(index, of: count)?.members(ofSizes: sizes) ?? []
        for (place, isMember) in isMember.enumerated() where isMember { parts[place].append(index) }
    }
    return parts.map { $0.count == 1 ? $0[0] : nil }
}

@Suite struct ShardTests {
    @Test(
        arguments: [
            (0, 0), (1, 1), (-1, 3), (3, 3), (0, -1), (0, Shard.countLimit + 1), (.max, .max), (.min, 2),
        ])
    func thereAreOnlyPartsOfTheWhole(index: Int, count: Int) { #expect(Shard(index, of: count) == nil) }

    @Test(arguments: [1, 2, 3, 8, 1_000], [0, 1, 5, 100, 3_000])
    func eachThingIsInOneShardAndShardsAreAlike(shards: Int, things: Int) {
        var random = SeededRandom(seed: UInt64(shards + things))
        let sizes = (0..<things).map { _ in random.next() % 3 == 0 ? 0 : random.next() % 1_000_000 }
        let parts = parts(of: sizes, in: shards)
        #expect(parts.allSatisfy { $0 != nil })
        var loads = [UInt64](repeating: 0, count: shards)
        for (part, size) in zip(parts, sizes) { loads[part ?? 0] += size }
        let spread = (loads.max() ?? 0) - (loads.min() ?? 0)
        let longest = max(sizes.max() ?? 0, 4 << 20)
        #expect(spread <= longest + UInt64(things), "\(loads)")
        #expect(spread <= (sizes.max() ?? 0) + sizes.reduce(0, +) / UInt64(16 * shards) + UInt64(things))
    }

    @Test func equalThingsAreDealtOutEvenly() {
        let parts = parts(of: [UInt64](repeating: 1_000, count: 100), in: 4)
        #expect((0..<4).allSatisfy { part in parts.count { $0 == part } == 25 })
    }

    @Test func neighboursStayTogether() {
        let parts = parts(of: [UInt64](repeating: 10_000, count: 100_000), in: 2)
        let changes = zip(parts, parts.dropFirst()).count { $0 != $1 }
        #expect(changes < 300, "runs of 4 MiB have some 400 of these")
    }

    @Test func hugeSizesDoNotOverflow() {
        #expect(parts(of: [.max, .max, 0, .max], in: 3).allSatisfy { $0 != nil })
    }
}
