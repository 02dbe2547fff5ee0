// SPDX-License-Identifier: Apache-2.0

import RegChunk
import RegTesting
import Testing

private let mebibyte: UInt64 = 1 << 20

@Suite struct TensorPlanTests {
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
    func headerLargeTensorsAndRunsOfSmallOnesAreStretches(
        header: UInt64, tensors: [UInt64], stretches: [UInt64]
    ) {
        #expect(CutPlan.tensors(headerByteCount: header, tensorByteCounts: tensors) == .stretches(stretches))
    }

    @Test func aRunOfSmallTensorsStaysWithinOneMebibyte() {
        let tensors = [UInt64](repeating: 1_000, count: 3_000)
        let plan = CutPlan.tensors(headerByteCount: 8, tensorByteCounts: tensors)
        #expect(plan == .stretches([8, 1_048_000, 1_048_000, 904_000]))
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
