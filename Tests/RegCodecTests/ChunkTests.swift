// SPDX-License-Identifier: Apache-2.0

import RegCodec
import RegTesting
import Testing

/// What an encoder makes of a chunk.
private func encodedChunk(_ raw: [UInt8], by encoder: Encoder = Encoder()) -> (codec: CodecID, bytes: [UInt8])
{
    var output = [UInt8](repeating: 0, count: raw.count)
    let result = raw.withUnsafeBytes { raw in
        output.withUnsafeMutableBytes { encoder.encodeChunk(raw, into: $0) }
    }
    return (result.codec, result.codec == .stored ? raw : Array(output[..<result.byteCount]))
}

@Suite struct ChunkTests {
    @Test(arguments: Sample.allCases, sampleCounts)
    func decodesToTheSameBytes(sample: Sample, count: Int) throws {
        try check(sample.bytes(count: count))
    }

    @Test(arguments: Numbers.allCases, [0, 1, 1_023, 1_024, 5_001, 65_536, 300_001])
    func numbersDecodeToTheSameBytes(numbers: Numbers, count: Int) throws {
        try check(numbers.bytes(count: count))
    }

    private func check(_ raw: [UInt8]) throws {
        let (codec, stored) = encodedChunk(raw)
        #expect(try decoded(codec, stored, count: raw.count) == raw)
        if codec != .stored { #expect(64 * (raw.count - stored.count) >= raw.count) }
    }

    @Test func choosesByWhatIsSaved() {
        #expect(encodedChunk(Sample.zeros.bytes(count: 65_536)).bytes.count < 100)
        #expect(encodedChunk(Sample.text.bytes(count: 65_536)).codec == .zstd)
        #expect(encodedChunk(Sample.noise.bytes(count: 65_536)).codec == .stored)
        #expect(encodedChunk(Sample.almostNoise.bytes(count: 65_536)).codec == .stored)
        for numbers in Numbers.allCases {
            #expect(encodedChunk(numbers.bytes(count: 65_536)).codec == .lanes, "\(numbers)")
        }
        // The same noise over and over is found by LZ4 alone.
        let noise = Sample.noise.bytes(count: 10_000)
        #expect(encodedChunk((0..<8).flatMap { _ in noise }).codec == .lz4)
    }

    /// What is chosen takes at most 2 % more than the best that there is.
    @Test(arguments: [20_000, 65_536, 262_144])
    func theChoiceIsNearlyTheBest(count: Int) throws {
        let samples =
            Numbers.allCases.map { ("\($0)", $0.bytes(count: count)) }
            + Sample.allCases.map { ("\($0)", $0.bytes(count: count)) }
        for (name, raw) in samples {
            let block = encoded(raw)
            let others = Lanes.ElementSize.allCases.compactMap { lanes(of: raw, $0)?.count }
            let best = ([raw.count, block.bytes.count] + others).min() ?? 0
            #expect(encodedChunk(raw).bytes.count <= best + raw.count / 50, "\(name)")
        }
    }

    @Test func oneEncoderServesManyKindsInAnyOrder() {
        let encoder = Encoder()
        for count in [300_000, 2_000, 70_000] {
            for raw in Numbers.allCases.map({ $0.bytes(count: count) }) + [Sample.text.bytes(count: count)] {
                #expect(encodedChunk(raw, by: encoder) == encodedChunk(raw))
            }
        }
    }

    @Test func damagedEntriesDoNoHarm() throws {
        let raw = Sample.text.bytes(count: 3_000)
        let (codec, stored) = encodedChunk(raw)
        #expect(codec == .zstd)
        for length in 0..<stored.count {
            #expect(throws: CodecError.self) {
                try decoded(codec, Array(stored[..<length]), count: raw.count)
            }
        }
        for index in stored.indices {
            var damaged = stored
            damaged[index] ^= 1 << (index % 8)
            let buffer = GuardedBuffer(count: raw.count)
            defer { buffer.deallocate() }
            // Damaged bytes may decode or not: that they do no harm is the point.
            damaged.withUnsafeBytes { try? codec.decode($0, into: buffer.inside) }
            #expect(buffer.isIntactOutside)
        }
    }

    /// LZ4 whose bytes are coded once more, as it was written before zstd.
    @Test func aBlockThatIsCodedOnceMoreDecodes() throws {
        let raw = Sample.text.bytes(count: 3_000)
        let block = encoded(raw).bytes
        let head = (0..<4).map { UInt8(truncatingIfNeeded: block.count >> (8 * $0)) }
        let stored = head + (try #require(lanes(of: block, .one)))
        #expect(try decoded(.codedLZ4, stored, count: raw.count) == raw)
        for length in [0, 3_000, 3_001, UInt32.max] {
            let head = (0..<4).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }
            #expect(throws: CodecError.corrupt(.codedLZ4)) {
                try decoded(.codedLZ4, head + stored[4...], count: 3_000)
            }
        }
    }
}
