// SPDX-License-Identifier: Apache-2.0

import RegCodec
import Testing

/// What an encoder makes of `raw`.
func encoded(_ raw: [UInt8], by encoder: Encoder = Encoder()) -> (codec: CodecID, bytes: [UInt8]) {
    var output = [UInt8](repeating: 0, count: raw.count)
    let result = raw.withUnsafeBytes { raw in output.withUnsafeMutableBytes { encoder.encode(raw, into: $0) }
    }
    return (result.codec, result.codec == .stored ? raw : Array(output[..<result.byteCount]))
}

/// What `stored` decodes to.
func decoded(_ codec: CodecID, _ stored: [UInt8], count: Int) throws(CodecError) -> [UInt8] {
    var raw = [UInt8](repeating: 0xee, count: count)
    let result: Result<Void, CodecError> = stored.withUnsafeBytes { stored in
        raw.withUnsafeMutableBytes { raw in
            do throws(CodecError) {
                return .success(try codec.decode(stored, into: raw))
            } catch {
                return .failure(error)
            }
        }
    }
    try result.get()
    return raw
}

@Suite struct EncodingTests {
    @Test(arguments: Sample.allCases, sampleCounts)
    func decodesToTheSameBytes(sample: Sample, count: Int) throws {
        let raw = sample.bytes(count: count)
        let (codec, stored) = encoded(raw)
        #expect(try decoded(codec, stored, count: count) == raw)
    }

    @Test(arguments: Sample.allCases, sampleCounts)
    func lz4IsKeptOnlyWhereItSavesASixtyFourth(sample: Sample, count: Int) {
        let raw = sample.bytes(count: count)
        let (codec, stored) = encoded(raw)
        switch codec {
        case .stored: #expect(stored == raw)
        case .lz4: #expect(64 * (raw.count - stored.count) >= raw.count)
        default: Issue.record("codec \(codec)")
        }
    }

    @Test func choosesByWhatIsSaved() {
        #expect(encoded(Sample.zeros.bytes(count: 65_536)).codec == .lz4)
        #expect(encoded(Sample.text.bytes(count: 65_536)).codec == .lz4)
        #expect(encoded(Sample.noise.bytes(count: 65_536)).codec == .stored)
        #expect(encoded(Sample.almostNoise.bytes(count: 65_536)).codec == .stored)
    }

    @Test func oneEncoderServesManyLengthsInAnyOrder() throws {
        let encoder = Encoder()
        for count in sampleCounts + sampleCounts.reversed() {
            let raw = Sample.text.bytes(count: count)
            let (codec, stored) = encoded(raw, by: encoder)
            #expect(try decoded(codec, stored, count: count) == raw)
            #expect(stored == encoded(raw).bytes)
        }
    }

    @Test func theLongestChunkIsEncoded() throws {
        let raw = Sample.zeros.bytes(count: CodecLimit.chunkByteCount)
        let (codec, stored) = encoded(raw)
        #expect(codec == .lz4 && stored.count < 40_000)
        #expect(try decoded(codec, stored, count: raw.count) == raw)
    }
}
