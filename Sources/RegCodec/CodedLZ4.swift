// SPDX-License-Identifier: Apache-2.0

/// A block of LZ4 whose bytes are coded once more, as registries have it that were written before zstd: u32 length of the block, then its lanes of single bytes.
/// - SeeAlso: docs/format.md, "Codecs".
enum CodedLZ4 {
    private static let headCount = 4

    /// Finds the block again, in memory that is there while `body` runs, and as long as `raw` at most.
    static func decode(
        _ stored: UnsafeRawBufferPointer, into raw: UnsafeMutableRawBufferPointer
    ) throws(CodecError) {
        guard stored.count > headCount else { throw .corrupt(.codedLZ4) }
        let length = Int(UInt32(littleEndian: stored.loadUnaligned(as: UInt32.self)))
        let lanes = UnsafeRawBufferPointer(rebasing: stored[headCount...])
        // Anything else codes shorter as something else.
        guard length < raw.count, lanes.first == UInt8(Lanes.ElementSize.one.rawValue) else {
            throw .corrupt(.codedLZ4)
        }
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: length, alignment: 16)
        defer { block.deallocate() }
        do { try Lanes.decode(lanes, into: block) } catch { throw .corrupt(.codedLZ4) }
        do { try CodecID.lz4.decode(UnsafeRawBufferPointer(block), into: raw) } catch {
            throw .corrupt(.codedLZ4)
        }
    }
}
