// SPDX-License-Identifier: Apache-2.0

internal import CLZ4
internal import Glibc

/// Encodes chunks and pages, choosing the codec for each; holds the memory that this takes.
///
/// For one thread at a time: each worker has its own.
package final class Encoder {
    private let state: UnsafeMutableRawPointer
    /// Where an entry is decoded again; as long as the longest so far.
    private var check: UnsafeMutableRawBufferPointer

    package init() {
        state = .allocate(byteCount: Int(LZ4_sizeofState()), alignment: 16)
        check = .allocate(byteCount: 0, alignment: 16)
    }

    deinit {
        state.deallocate()
        check.deallocate()
    }

    /// What became of the raw bytes.
    package struct Result: Equatable, Sendable {
        package let codec: CodecID
        /// Bytes that the entry takes in a pack.
        package let byteCount: Int
    }

    /// Writes `raw` to `output` as LZ4 where that saves at least 1/64 and decodes to the same bytes.
    ///
    /// Else the codec is `stored` and `output` holds nothing of use: the stored bytes are `raw` itself. `raw` is at most ``CodecLimit/chunkByteCount`` long, `output` at least as long as `raw`. LZ4 gets no room for
    /// a result that would not be kept, and passes over incompressible data quickly by itself.
    package func encode(
        _ raw: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) -> Result {
        precondition(raw.count <= CodecLimit.chunkByteCount && output.count >= raw.count)
        let longest = raw.count - (raw.count + 63) / 64
        let length = LZ4_compress_fast_extState(
            state, raw.baseAddress, output.baseAddress, Int32(raw.count), Int32(longest), 1)
        if length > 0 {
            let stored = UnsafeRawBufferPointer(rebasing: output[..<Int(length)])
            if decodes(stored, to: raw) { return Result(codec: .lz4, byteCount: stored.count) }
        }
        return Result(codec: .stored, byteCount: raw.count)
    }

    private func decodes(_ stored: UnsafeRawBufferPointer, to raw: UnsafeRawBufferPointer) -> Bool {
        if check.count < raw.count {
            check.deallocate()
            check = .allocate(byteCount: raw.count, alignment: 16)
        }
        guard let again = check.baseAddress, let expected = raw.baseAddress else { return false }
        do {
            try CodecID.lz4.decode(
                stored, into: UnsafeMutableRawBufferPointer(start: again, count: raw.count))
        } catch {
            return false
        }
        return memcmp(again, expected, raw.count) == 0
    }
}
