// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegCodec
internal import RegTesting

/// An entry of a pack: u8 codec, u32 raw length, the stored bytes.
enum CodecTarget: FuzzTarget {
    static let name = "codec"
    /// Bytes on each side of the output that must stay as they are: LZ4's own code is not watched.
    private static let margin = 4_096

    static func run(_ input: [UInt8]) {
        var reader = ByteReader(input)
        guard let id = try? reader.u8(), let length = try? reader.u32(),
            let stored = try? Array(reader.take(reader.remaining))
        else { return }
        let codec = CodecID(rawValue: id)
        guard (try? codec.checkLengths(stored: stored.count, raw: Int(length))) != nil else { return }
        claim(Int(length) <= CodecLimit.chunkByteCount, "lengths are within limits")
        var whole = [UInt8](repeating: 0xa5, count: Int(length) + 2 * margin)
        let isDecoded = stored.withUnsafeBytes { source in
            whole.withUnsafeMutableBytes { whole in
                let output = UnsafeMutableRawBufferPointer(rebasing: whole[margin..<margin + Int(length)])
                return (try? codec.decode(source, into: output)) != nil
            }
        }
        claim(
            whole.prefix(margin).allSatisfy { $0 == 0xa5 } && whole.suffix(margin).allSatisfy { $0 == 0xa5 },
            "nothing outside the output is written")
        let raw = Array(whole[margin..<margin + Int(length)])
        if isDecoded { checkEncoding(of: raw) }
    }

    private static func checkEncoding(of raw: [UInt8]) {
        var output = [UInt8](repeating: 0, count: raw.count)
        let result = raw.withUnsafeBytes { source in
            output.withUnsafeMutableBytes { Encoder().encodeChunk(source, into: $0) }
        }
        guard result.codec != .stored else { return }
        var again = [UInt8](repeating: 0, count: raw.count)
        let isDecoded = output.withUnsafeBytes { source in
            again.withUnsafeMutableBytes { again in
                let stored = UnsafeRawBufferPointer(rebasing: source[..<result.byteCount])
                return (try? result.codec.decode(stored, into: again)) != nil
            }
        }
        claim(isDecoded && again == raw, "what was encoded decodes to the same bytes")
    }

    static func seeds() -> [[UInt8]] {
        let pattern = Array("the same words over and over; ".utf8)
        return [0, 1, 13, 64, 100, 500, 2_000, 70_000].flatMap { count in
            [
                [UInt8](repeating: 0, count: count), (0..<count).map { pattern[$0 % pattern.count] },
                seededBytes(count: count, seed: UInt64(count)),
            ].map(encoded)
        }
    }

    private static func encoded(_ raw: [UInt8]) -> [UInt8] {
        var output = [UInt8](repeating: 0, count: raw.count)
        let result = raw.withUnsafeBytes { source in
            output.withUnsafeMutableBytes { Encoder().encodeChunk(source, into: $0) }
        }
        var seed = ByteWriter()
        seed.u8(result.codec.rawValue)
        seed.u32(UInt32(raw.count))
        seed.append(result.codec == .stored ? raw[...] : output.prefix(result.byteCount))
        return seed.bytes
    }
}
