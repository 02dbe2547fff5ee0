// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegCodec
internal import RegTesting

/// Lanes with or without a base: u8 flags, u24 raw length, the stored bytes.
enum LanesTarget: FuzzTarget {
    static let name = "lanes"
    private static let hasBase: UInt8 = 1
    /// Bytes on each side of the output that must stay as they are: LZ4's own code is not watched.
    private static let margin = 4_096

    static func run(_ input: [UInt8]) {
        var reader = ByteReader(input)
        guard let head = try? reader.u32(), let stored = try? Array(reader.take(reader.remaining)) else {
            return
        }
        let count = Int(head >> 8) % (1 << 20)
        let base = UInt8(truncatingIfNeeded: head) & hasBase == 0 ? nil : seededBytes(count: count, seed: 1)
        if let base { checkBlocks(stored, base: base, count: count) }
        let results = Lanes.Kernels.allCases.map { decoded(stored, count: count, base: base, $0) }
        claim(results[0] == results[1], "both forms of the kernels say the same")
        guard let raw = results[0] else { return }
        for size in Lanes.ElementSize.allCases where raw.count >= Int(size.rawValue) {
            let coded = Lanes.Kernels.allCases.map { encoded(raw, size, base: base, $0) }
            claim(coded[0] == coded[1], "both forms of the kernels write the same")
            let again = coded[0].flatMap { decoded($0, count: count, base: base, .best) }
            claim(again == raw, "what was encoded decodes to the same bytes")
        }
    }

    /// Parts of a base: nothing but the output may be written, whatever they are.
    private static func checkBlocks(_ stored: [UInt8], base: [UInt8], count: Int) {
        var whole = [UInt8](repeating: 0xa5, count: count + 2 * margin)
        whole.withUnsafeMutableBytes { whole in
            let output = UnsafeMutableRawBufferPointer(rebasing: whole[margin..<margin + count])
            stored.withUnsafeBytes { stored in
                // Whether they decode does not matter.
                base.withUnsafeBytes { try? CodecID.parts.decode(stored, base: $0, into: output) }
            }
        }
        claim(
            whole.prefix(margin).allSatisfy { $0 == 0xa5 } && whole.suffix(margin).allSatisfy { $0 == 0xa5 },
            "nothing outside the output is written")
    }

    private static func decoded(
        _ stored: [UInt8], count: Int, base: [UInt8]?, _ kernels: Lanes.Kernels
    ) -> [UInt8]? {
        // Not one byte more than is needed: the sanitizer watches the ends.
        let source = UnsafeMutableRawBufferPointer.allocate(byteCount: stored.count, alignment: 1)
        let raw = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
        defer {
            source.deallocate()
            raw.deallocate()
        }
        source.copyBytes(from: stored)
        let isRead = withBytes(of: base) {
            (try? Lanes.decode(UnsafeRawBufferPointer(source), base: $0, into: raw, kernels: kernels)) != nil
        }
        return isRead ? Array(raw) : nil
    }

    private static func encoded(
        _ raw: [UInt8], _ size: Lanes.ElementSize, base: [UInt8]?, _ kernels: Lanes.Kernels
    ) -> [UInt8]? {
        var output = [UInt8](repeating: 0, count: raw.count + raw.count / 8 + 600)
        let count = raw.withUnsafeBytes { raw in
            output.withUnsafeMutableBytes { output in
                withBytes(of: base) {
                    Lanes.encode(raw, base: $0, elementSize: size, into: output, kernels: kernels)
                }
            }
        }
        return count.map { Array(output[..<$0]) }
    }

    private static func withBytes<R>(of bytes: [UInt8]?, _ body: (UnsafeRawBufferPointer?) -> R) -> R {
        guard let bytes else { return body(nil) }
        return bytes.withUnsafeBytes { body($0) }
    }

    static func seeds() -> [[UInt8]] {
        [20, 100, 1_000, 40_000].flatMap { count -> [[UInt8]] in
            let noise = seededBytes(count: count, seed: UInt64(count))
            let skewed = noise.enumerated().map { $0 % 2 == 0 ? $1 : 0x3f - UInt8($1.leadingZeroBitCount) }
            let rows = noise.enumerated().map { $0 / 64 % 3 == 0 ? $1 : 0 }
            let rare = noise.map { $0 < 12 ? $0 : 0 }
            return [noise, skewed, rows, rare].flatMap { raw in
                Lanes.ElementSize.allCases.flatMap { size in
                    [nil, seededBytes(count: count, seed: 1)].compactMap { base in
                        encoded(raw, size, base: base, .best).map { stored in
                            var seed = ByteWriter()
                            seed.u32(UInt32(count) << 8 | UInt32(base == nil ? 0 : hasBase))
                            seed.append(stored[...])
                            return seed.bytes
                        }
                    }
                }
            }
        }
    }
}
