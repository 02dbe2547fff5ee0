// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegChunk
internal import RegTesting

/// A file and how it comes in blocks: u32 size, u8 number of stretches, u32 each; u8 number of steps, u16 each, the
/// length of a block as a part of the file's, used in turn; the rest, repeated and varied, is the file.
enum CutterTarget: FuzzTarget {
    static let name = "cutter"

    static func run(_ input: [UInt8]) {
        guard let (file, plan, steps) = try? scene(input) else { return }
        var whole = Cutter(plan)
        let cuts = file.withUnsafeBytes { whole.cuts(in: $0, isEnd: true) }
        claim(cuts.reduce(0, +) == file.count, "chunks cover the file")
        claim(cuts.allSatisfy { $0 > 0 && $0 <= Cutter.longestChunk }, "chunks are within limits")
        claim(inBlocks(file, plan, steps) == cuts, "how a file is split into calls changes nothing")
    }

    private static func scene(_ input: [UInt8]) throws -> (file: [UInt8], plan: CutPlan, steps: [Int]) {
        var reader = ByteReader(input)
        let size = try reader.u32()
        // Long files take long: the top bits ask for one that has stretches and chunks of full length.
        let length = Int(size % (size >> 29 == 7 ? 5 << 18 : 5 << 15))
        let stretches = try (0..<(try reader.u8())).map { _ in UInt64(try reader.u32()) }
        // At most 200 blocks: what they are cut into is of interest, not how often nothing is.
        let steps = try (0..<(try reader.u8())).map { _ in length * (Int(try reader.u16()) + 330) >> 16 + 1 }
        let file = repeated(try reader.take(reader.remaining), length)
        return (file, stretches.isEmpty ? .content : .stretches(stretches), steps.isEmpty ? [1 << 20] : steps)
    }

    /// What changes from one repetition to the next makes boundaries that the material alone would not have.
    private static func repeated(_ material: ArraySlice<UInt8>, _ length: Int) -> [UInt8] {
        guard !material.isEmpty else { return [UInt8](repeating: 0, count: length) }
        return material.withUnsafeBufferPointer { material in
            [UInt8](unsafeUninitializedCapacity: length) { file, count in
                var change: UInt8 = 0
                var place = 0
                for index in 0..<length {
                    file[index] = material[place] &+ change
                    place += 1
                    if place == material.count {
                        place = 0
                        change &+= 151
                    }
                }
                count = length
            }
        }
    }

    private static func inBlocks(_ file: [UInt8], _ plan: CutPlan, _ steps: [Int]) -> [Int] {
        var cutter = Cutter(plan)
        var cuts: [Int] = []
        var start = 0
        var end = 0
        var turn = 0
        repeat {
            end = min(file.count, end + steps[turn % steps.count])
            turn += 1
            let new = file.withUnsafeBytes {
                cutter.cuts(in: UnsafeRawBufferPointer(rebasing: $0[start..<end]), isEnd: end == file.count)
            }
            start += new.reduce(0, +)
            claim(start <= end && end - start < Cutter.longestChunk, "less than a chunk is left over")
            cuts += new
        } while end < file.count
        return cuts
    }

    static func seeds() -> [[UInt8]] {
        let shapes: [(length: UInt32, stretches: [UInt32], steps: [UInt16])] = [
            (0, [], []), (1, [], [1]), (65_536, [], [7]), (65_537, [], [1_000]), (150_000, [], [511, 3]),
            (7 << 29 | 262_144, [], [4_096]), (7 << 29 | 937_856, [1_100_000], [2_000]),
            (90_000, [100, 0, 2_000, 80_000], [9]),
            (5_000, [1 << 31], [10]), (140_000, [1_000], [100, 1_000]),
        ]
        return shapes.enumerated().flatMap { index, shape in
            [97, 4_001].map { material in
                var seed = ByteWriter()
                seed.u32(shape.length)
                seed.u8(UInt8(shape.stretches.count))
                for stretch in shape.stretches { seed.u32(stretch) }
                seed.u8(UInt8(shape.steps.count))
                for step in shape.steps { seed.u16(step) }
                seed.append(seededBytes(count: material, seed: UInt64(index)))
                return seed.bytes
            }
        }
    }
}
