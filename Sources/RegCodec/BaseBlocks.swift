// SPDX-License-Identifier: Apache-2.0

internal import CLZ4

/// Blocks of LZ4, one for each piece of the raw bytes, that repeat what lies near the same place of a base.
///
/// LZ4 reaches back 64 KiB: a piece and its part of the base are as long together.
/// - SeeAlso: docs/format.md, "LZ4 with a base".
enum BaseBlocks {
    private static let pieceCount = 16 << 10
    private static let windowCount = 48 << 10

    /// The part of a base that the block of a piece may repeat: as far along the base as the piece is along the raw bytes.
    static func window(for piece: Range<Int>, of rawCount: Int, baseCount: Int) -> Range<Int> {
        let middle = (piece.lowerBound + piece.count / 2) * baseCount / rawCount
        let start = max(0, min(middle - windowCount / 2, baseCount - windowCount))
        return start..<min(start + windowCount, baseCount)
    }

    private static func pieces(of rawCount: Int) -> [Range<Int>] {
        stride(from: 0, to: rawCount, by: pieceCount).map { $0..<min($0 + pieceCount, rawCount) }
    }

    /// Writes the blocks to `output`; `state` is one of LZ4.
    ///
    /// - Returns: the bytes written; nil where there is no room for them.
    static func encode(
        _ raw: UnsafeRawBufferPointer, base: UnsafeRawBufferPointer, state: UnsafeMutableRawPointer,
        into output: UnsafeMutableRawBufferPointer
    ) -> Int? {
        guard let stream = LZ4_initStream(state, Int(LZ4_sizeofState())) else { return nil }
        var end = 0
        for piece in pieces(of: raw.count) {
            let known = UnsafeRawBufferPointer(
                rebasing: base[window(for: piece, of: raw.count, baseCount: base.count)])
            LZ4_loadDict(stream, known.baseAddress, Int32(known.count))
            let room = output.count - end - 2
            guard room > 0 else { return nil }
            let source = UnsafeRawBufferPointer(rebasing: raw[piece])
            let target = UnsafeMutableRawBufferPointer(rebasing: output[(end + 2)...])
            let length = LZ4_compress_fast_continue(
                stream, source.baseAddress, target.baseAddress, Int32(source.count), Int32(room), 1)
            guard length > 0, let head = UInt16(exactly: length) else { return nil }
            output.storeBytes(of: head.littleEndian, toByteOffset: end, as: UInt16.self)
            end += 2 + Int(length)
        }
        return end
    }

    static func decode(
        _ stored: UnsafeRawBufferPointer, base: UnsafeRawBufferPointer,
        into raw: UnsafeMutableRawBufferPointer
    ) throws(CodecError) {
        var rest = stored[...]
        for piece in pieces(of: raw.count) {
            guard rest.count > 2 else { throw .corrupt(.lz4WithBase) }
            let head = stored.loadUnaligned(fromByteOffset: rest.startIndex, as: UInt16.self)
            let length = Int(UInt16(littleEndian: head))
            guard length <= rest.count - 2 else { throw .corrupt(.lz4WithBase) }
            let block = UnsafeRawBufferPointer(rebasing: rest.dropFirst(2).prefix(length))
            let target = UnsafeMutableRawBufferPointer(rebasing: raw[piece])
            let known = UnsafeRawBufferPointer(
                rebasing: base[window(for: piece, of: raw.count, baseCount: base.count)])
            let decoded = LZ4_decompress_safe_usingDict(
                block.baseAddress, target.baseAddress, Int32(block.count), Int32(target.count),
                known.baseAddress, Int32(known.count))
            guard decoded == target.count else { throw .corrupt(.lz4WithBase) }
            rest = rest.dropFirst(2 + length)
        }
        guard rest.isEmpty else { throw .corrupt(.lz4WithBase) }
    }
}
