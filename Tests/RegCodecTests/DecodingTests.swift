// SPDX-License-Identifier: Apache-2.0

import RegCodec
import RegTesting
import Testing

@Suite struct DecodingTests {
    /// From the description of the LZ4 block format: one literal, a match of 19 bytes one byte back, five literals.
    @Test func readsABlockMadeByHand() throws {
        let block: [UInt8] = [0x1f, 0x61, 0x01, 0x00, 0x00, 0x50, 0x62, 0x63, 0x64, 0x65, 0x66]
        #expect(
            try decoded(.lz4, block, count: 25) == Array((String(repeating: "a", count: 20) + "bcdef").utf8))
    }

    @Test(arguments: [7, 8, 255] as [UInt8])
    func unknownCodecsAreRefusedByNumber(number: UInt8) {
        let codec = CodecID(rawValue: number)
        #expect(throws: CodecError.unknownCodec(codec)) { try decoded(codec, [1], count: 1) }
        #expect(codec.description == "codec \(number)")
    }

    @Test(arguments: [CodecID.difference, .parts]) func withoutItsBaseNothingDecodes(codec: CodecID) {
        #expect(throws: CodecError.corrupt(codec)) { try decoded(codec, [1, 0, 0], count: 4) }
    }

    @Test(
        arguments: [
            (CodecID.stored, 3, 4), (.stored, 4, 3), (.stored, 0, 1), (.stored, 1, 0), (.lz4, 0, 65),
            (.lz4, 1, 320),
            (.lz4, 1, 0), (.lz4, 0, 0), (.lz4, 10, 2_615), (.lz4, 40_000, (8 << 20) + 1),
            (.stored, (8 << 20) + 1, (8 << 20) + 1),
            (.lz4, Int(Int32.max) + 1, 100), (.lanes, 10, 10), (.lanes, 0, 0), (.codedLZ4, 10, 10),
            (.codedLZ4, 11, 10), (.zstd, 10, 10), (.lanes, 40_000, (8 << 20) + 1),
        ] as [(CodecID, Int, Int)])
    func impossibleLengthsAreRefused(codec: CodecID, stored: Int, raw: Int) {
        #expect(throws: CodecError.badLength(codec, stored: stored, raw: raw)) {
            try codec.checkLengths(stored: stored, raw: raw)
        }
    }

    @Test func theLimitIsThatOfTheKind() {
        let page = CodecLimit.pageByteCount
        #expect(throws: Never.self) { try CodecID.stored.checkLengths(stored: page, raw: page, limit: page) }
        #expect(throws: CodecError.self) {
            try CodecID.stored.checkLengths(stored: page + 1, raw: page + 1, limit: page)
        }
        #expect(throws: Never.self) { try CodecID.stored.checkLengths(stored: page + 1, raw: page + 1) }
    }

    @Test func anotherRawLengthIsCorrupt() {
        let stored = encoded(Sample.text.bytes(count: 5_000)).bytes
        for count in [1, 4_999, 5_001, 10_000] {
            #expect(throws: CodecError.corrupt(.lz4)) { try decoded(.lz4, stored, count: count) }
        }
    }

    @Test func everyTruncationIsRefused() {
        let stored = encoded(Sample.text.bytes(count: 3_000)).bytes
        for count in 0..<stored.count {
            #expect(throws: CodecError.self) { try decoded(.lz4, Array(stored[..<count]), count: 3_000) }
        }
    }
}

/// Memory with known bytes around the part that a decoder may write.
struct GuardedBuffer {
    private static let margin = 256
    private static let mark: UInt8 = 0xa5
    private let memory: UnsafeMutableRawBufferPointer

    init(count: Int) {
        memory = .allocate(byteCount: count + 2 * Self.margin, alignment: 16)
        for index in memory.indices { memory[index] = Self.mark }
    }

    func deallocate() { memory.deallocate() }

    var inside: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(rebasing: memory[Self.margin..<memory.count - Self.margin])
    }

    var isIntactOutside: Bool {
        memory.prefix(Self.margin).allSatisfy { $0 == Self.mark }
            && memory.suffix(Self.margin).allSatisfy { $0 == Self.mark }
    }
}

@Suite struct HostileDecodingTests {
    /// Decodes bytes that may be anything; whether it fails or not, only the raw buffer is written.
    private func decodeGuarded(_ stored: [UInt8], count: Int) -> Bool {
        let buffer = GuardedBuffer(count: count)
        defer { buffer.deallocate() }
        stored.withUnsafeBytes { stored in
            // Damaged bytes may decode or not: that they do no harm is the point.
            try? CodecID.lz4.decode(stored, into: buffer.inside)
        }
        return buffer.isIntactOutside
    }

    @Test func bitFlipsWriteNothingOutside() {
        let stored = encoded(Sample.text.bytes(count: 400)).bytes
        for index in stored.indices {
            for bit in 0..<8 {
                var damaged = stored
                damaged[index] ^= 1 << bit
                #expect(decodeGuarded(damaged, count: 400))
            }
        }
    }

    @Test func truncationsAndNoiseWriteNothingOutside() {
        let stored = encoded(Sample.text.bytes(count: 400)).bytes
        for count in 0..<stored.count {
            #expect(decodeGuarded(Array(stored[..<count]), count: 400))
        }
        for seed in 0..<300 {
            #expect(decodeGuarded(seededBytes(count: 64, seed: UInt64(seed)), count: 1 + 7 * seed))
        }
    }
}
