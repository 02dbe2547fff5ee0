// SPDX-License-Identifier: Apache-2.0

internal import CLZ4
internal import Glibc

/// Encodes chunks and pages, choosing the codec for each; holds the memory that this takes.
///
/// For one thread at a time: each worker has its own.
package final class Encoder {
    let state: UnsafeMutableRawPointer
    lazy var zstd = Zstd.Compressor()
    /// Where an entry is decoded again, and what else needs room; as long as the longest so far.
    private var spare: UnsafeMutableRawBufferPointer

    package init() {
        state = .allocate(byteCount: Int(LZ4_sizeofState()), alignment: 16)
        spare = .allocate(byteCount: 0, alignment: 16)
    }

    deinit {
        state.deallocate()
        spare.deallocate()
    }

    /// What became of the raw bytes.
    package struct Result: Equatable, Sendable {
        package let codec: CodecID
        /// Bytes that the entry takes in a pack.
        package let byteCount: Int
    }

    /// Writes `raw` to `output` as LZ4, which decodes fastest, where that saves at least 1/64 and decodes to the same
    /// bytes.
    ///
    /// Else the codec is `stored` and `output` holds nothing of use: the stored bytes are `raw` itself. `raw` is at most
    /// ``CodecLimit/chunkByteCount`` long, `output` at least as long as `raw`.
    package func encode(
        _ raw: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) -> Result {
        precondition(raw.count <= CodecLimit.chunkByteCount && output.count >= raw.count)
        let longest = Encoder.longestWorthwhile(for: raw.count)
        guard let length = encodeLZ4(raw, into: UnsafeMutableRawBufferPointer(rebasing: output[..<longest]))
        else { return Result(codec: .stored, byteCount: raw.count) }
        return checked(Result(codec: .lz4, byteCount: length), in: output, of: raw)
    }

    /// What an entry may take: it must save a 64th.
    static func longestWorthwhile(for rawCount: Int) -> Int { rawCount - (rawCount + 63) / 64 }

    /// The length of `raw` as a block of LZ4; nil where there is no room for it.
    ///
    /// LZ4 gets no room for a result that would not be kept, and passes over incompressible data quickly by itself.
    func encodeLZ4(_ raw: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> Int? {
        let length = LZ4_compress_fast_extState(
            state, raw.baseAddress, output.baseAddress, Int32(raw.count), Int32(output.count), 1)
        return length > 0 ? Int(length) : nil
    }

    /// `result`, if what lies in `output` decodes to `raw`, else that `raw` is stored.
    func checked(
        _ result: Result, in output: UnsafeMutableRawBufferPointer, of raw: UnsafeRawBufferPointer
    ) -> Result {
        let again = room(raw.count)
        let stored = UnsafeRawBufferPointer(rebasing: output[..<result.byteCount])
        let isRight: Bool
        do throws(CodecError) {
            try result.codec.decode(stored, into: again)
            isRight = raw.elementsEqual(again)
        } catch {
            isRight = false
        }
        return isRight ? result : Result(codec: .stored, byteCount: raw.count)
    }

    /// Memory that is used for one thing at a time.
    func room(_ count: Int) -> UnsafeMutableRawBufferPointer {
        if spare.count < count {
            spare.deallocate()
            spare = .allocate(byteCount: count, alignment: 16)
        }
        return UnsafeMutableRawBufferPointer(rebasing: spare[..<count])
    }
}

extension UnsafeRawBufferPointer {
    fileprivate func elementsEqual(_ other: UnsafeMutableRawBufferPointer) -> Bool {
        guard let own = baseAddress, let others = other.baseAddress else { return count == other.count }
        return count == other.count && memcmp(own, others, count) == 0
    }
}
