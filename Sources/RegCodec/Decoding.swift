// SPDX-License-Identifier: Apache-2.0

internal import CLZ4

extension CodecID {
    /// Refuses lengths, in bytes, that no valid entry has; to be asked before memory is allocated for `raw`.
    ///
    /// A block of LZ4 cannot grow more than 255 times, so a longer raw length is a lie; lanes are used only where they
    /// are shorter.
    /// - SeeAlso: docs/format.md, "Codecs".
    package func checkLengths(
        stored: Int, raw: Int, limit: Int = CodecLimit.chunkByteCount
    ) throws(CodecError) {
        let isPossible: Bool
        switch self {
        case .stored: isPossible = stored == raw
        case .lz4: isPossible = raw > 0 && stored <= Int(Int32.max) && raw <= 255 * stored + 64
        case .codedLZ4, .lanes, .difference, .parts, .zstd: isPossible = stored < raw
        default: throw .unknownCodec(self)
        }
        guard isPossible, raw <= limit else { throw .badLength(self, stored: stored, raw: raw) }
    }

    /// Decodes an entry into `raw`, which is exactly as long as the entry's raw length.
    ///
    /// Whatever the stored bytes are, nothing outside `raw` is written; that the result is what it should be, only
    /// its hash can tell. After an error `raw` holds anything.
    package func decode(
        _ stored: UnsafeRawBufferPointer, into raw: UnsafeMutableRawBufferPointer
    ) throws(CodecError) {
        try checkLengths(stored: stored.count, raw: raw.count)
        switch self {
        case .difference, .parts: throw .corrupt(self)  // there is no base
        case .stored: raw.copyMemory(from: stored)
        case .zstd: try Zstd.decode(stored, into: raw)
        case .codedLZ4: try CodedLZ4.decode(stored, into: raw)
        case .lanes: do { try Lanes.decode(stored, into: raw) } catch { throw .corrupt(self) }
        default:
            let decoded = LZ4_decompress_safe(
                stored.baseAddress, raw.baseAddress, Int32(stored.count), Int32(raw.count))
            guard decoded == raw.count else { throw .corrupt(self) }
        }
    }

    /// Decodes an entry, given its base's raw bytes where it has a base; else like ``decode(_:into:)``.
    package func decode(
        _ stored: UnsafeRawBufferPointer, base: UnsafeRawBufferPointer?,
        into raw: UnsafeMutableRawBufferPointer
    ) throws(CodecError) {
        guard let base else { return try decode(stored, into: raw) }
        guard needsBase else { throw .unknownCodec(self) }
        try checkLengths(stored: stored.count, raw: raw.count)
        guard base.count <= CodecLimit.chunkByteCount else {
            throw .badLength(self, stored: stored.count, raw: raw.count)
        }
        if self == .parts { return try BaseParts.decode(stored, base: base, into: raw) }
        do { try Lanes.decode(stored, base: base, into: raw) } catch { throw .corrupt(self) }
    }
}
