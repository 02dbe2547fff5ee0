// SPDX-License-Identifier: Apache-2.0

import RegChunk
import RegTesting
import Testing

private let mebibyte: UInt64 = 1 << 20

/// The plan of a header and what follows it.
private func plan(_ header: UInt64, _ parts: [UInt64]) -> CutPlan {
    .container([(header, true)] + parts.map { ($0, false) })
}

@Suite struct ContainerPlanTests {
    @Test(
        arguments: [
            (10, [], [10]),
            (100, [0], [100]),
            (100, [1_023], [100, 1_023]),
            (100, [1_024], [100, 1_024]),
            (100, [500, 500, 500], [100, 1_500]),
            (100, [500, 1_024, 500, 0, 500], [100, 500, 1_024, 1_000]),
            (100, [3 * mebibyte, 5, 2_000], [100, 3 * mebibyte, 5, 2_000]),
        ] as [(UInt64, [UInt64], [UInt64])])
    func headerLargePartsAndRunsOfSmallOnesAreStretches(
        header: UInt64, parts: [UInt64], stretches: [UInt64]
    ) {
        #expect(plan(header, parts) == .stretches(stretches))
    }

    @Test func aRunOfSmallPartsStaysWithinOneMebibyte() {
        let parts = [UInt64](repeating: 1_000, count: 3_000)
        #expect(plan(8, parts) == .stretches([8, 1_048_000, 1_048_000, 904_000]))
    }

    @Test func everyHeaderIsAStretchOfItsOwn() {
        let parts: [(UInt64, Bool)] = [(64, false), (300, true), (20, false), (5, false), (200, true)]
        #expect(CutPlan.container(parts) == .stretches([64, 300, 25, 200]))
    }
}

@Suite struct PlannedCuttingTests {
    private static let plan = CutPlan.stretches([100, 2 * mebibyte + 1, 0, 1_024, mebibyte])
    private static let lengths = [100, 1 << 20, 1 << 20, 1, 1_024, 1 << 20]

    @Test(arguments: [1 << 20, (1 << 20) + 1, 3_000_000, 1 << 30])
    func stretchesAreCutEveryMebibyte(block: Int) {
        let file = [UInt8](repeating: 0, count: Self.lengths.reduce(0, +))
        #expect(chunkLengths(file, plan: Self.plan, block: block) == Self.lengths)
    }

    @Test(arguments: [0, 1, 99, 100, 101, 2_000_000])
    func aFileThatShrankGetsAShorterLastChunk(byteCount: Int) {
        let lengths = chunkLengths([UInt8](repeating: 0, count: byteCount), plan: Self.plan)
        #expect(lengths.reduce(0, +) == byteCount)
        #expect(lengths.dropLast().elementsEqual(Self.lengths.prefix(max(lengths.count - 1, 0))))
        #expect(lengths.allSatisfy { $0 > 0 })
    }

    @Test func aFileThatGrewIsCutByContentAfterItsPlan() {
        let tail = seededBytes(count: 500_000, seed: 1)
        let file = [UInt8](repeating: 0, count: Self.lengths.reduce(0, +)) + tail
        #expect(chunkLengths(file, plan: Self.plan) == Self.lengths + chunkLengths(tail))
    }
}
