// SPDX-License-Identifier: Apache-2.0

import RegChunk
import RegTesting
import Testing

private let kibibyte = 1 << 10
private let mebibyte = 1 << 20

@Suite struct ContentCuttingTests {
    /// Fixed for good; the lengths come from another implementation, written after docs/format.md.
    @Test func cutsWhereItAlwaysDid() {
        let noise = [
            157_578, 13_292, 187_787, 92_165, 144_709, 68_351, 82_248, 8_409, 11_521, 31_891, 17_500, 106_164,
            34_594,
            51_349, 41_018,
        ]
        #expect(chunkLengths(seededBytes(count: mebibyte, seed: 1)) == noise)
        let lines = (0..<40_000).map { "line \($0) of \($0 * $0 % 9_973)\n" }.joined()
        let text = [63_443, 73_629, 10_715, 25_583, 262_144, 262_144, 46_688]
        #expect(chunkLengths(Array(lines.utf8)) == text)
    }

    @Test(arguments: [0, 1, 8 * kibibyte, 64 * kibibyte])
    func aSmallFileIsOneChunk(byteCount: Int) {
        let file = seededBytes(count: byteCount, seed: 2)
        for block in [1, 7, 4 * kibibyte, 4 * mebibyte] {
            #expect(chunkLengths(file, block: block) == (byteCount == 0 ? [] : [byteCount]))
        }
    }

    @Test func lengthsAreWithinTheirBoundsAndNearTheirMean() {
        let file = seededBytes(count: 32 * mebibyte, seed: 3)
        let lengths = chunkLengths(file)
        #expect(lengths.reduce(0, +) == file.count)
        #expect(lengths.dropLast().allSatisfy { (8 * kibibyte...256 * kibibyte).contains($0) })
        #expect((56 * kibibyte...80 * kibibyte).contains(file.count / lengths.count))
    }

    @Test(arguments: [1, 63, 1_000, 65_536, 65_537, 262_143, 262_144, 1_000_003])
    func cutsDoNotDependOnBlocks(block: Int) {
        let file = seededBytes(count: block < 100 ? 200_000 : 3 * mebibyte, seed: 4)
        #expect(chunkLengths(file, block: block) == chunkLengths(file, block: file.count))
    }

    @Test func equalContentIsCutAlikeAfterAPrefix() {
        let file = seededBytes(count: 8 * mebibyte, seed: 5)
        for shift in [1, 100, 9_999, 300_000] {
            let shifted = Set(cutPlaces(seededBytes(count: shift, seed: 6) + file).map { $0 - shift })
            let places = cutPlaces(file)
            let lost = places.filter { !shifted.contains($0) }
            #expect(lost.count <= 8, "of \(places.count) with \(shift) bytes in front")
            #expect(lost == Array(places.prefix(lost.count)), "cuts agree for good once they agree")
        }
    }

    @Test func anEditLosesFewCuts() {
        let file = seededBytes(count: 8 * mebibyte, seed: 7)
        var edited = file
        edited.replaceSubrange(4_000_000..<4_000_010, with: [1, 2, 3])
        let shared = Set(chunkLengths(file)).intersection(chunkLengths(edited))
        #expect(chunkLengths(file).count - shared.count <= 8)
    }

    @Test func runsOfOneByteAreCutAtTheMaximumOnly() {
        for byte in UInt8.min...UInt8.max {
            let run = [UInt8](repeating: byte, count: 600 * kibibyte)
            #expect(chunkLengths(run) == [256 * kibibyte, 256 * kibibyte, 88 * kibibyte], "byte \(byte)")
        }
    }

    @Test func poorDataIsCutTooAndNotTooFinely() {
        var random = SeededRandom(seed: 8)
        let texts = ["ACGT", "01", "0123456789,\n", "\u{0}\u{2}\u{4}\u{6}", "\u{0}\u{1}"]
        for alphabet in texts.map({ Array($0.utf8) }) + [[0, 255]] {
            let file = (0..<4 * mebibyte).map { _ in alphabet.randomElement(using: &random) ?? 0 }
            let mean = file.count / chunkLengths(file).count
            #expect((48 * kibibyte...112 * kibibyte).contains(mean), "\(alphabet)")
        }
    }
}
