// SPDX-License-Identifier: Apache-2.0

internal import CZstd

/// One frame of zstd (RFC 8878) that tells its length, without a dictionary.
/// - SeeAlso: docs/format.md, "Codecs".
enum Zstd {
    /// What an encoder needs; for one thread at a time.
    final class Compressor {
        /// Nil where there is no memory for it.
        private let context: OpaquePointer?

        init() {
            context = ZSTD_createCCtx()
            ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, Zstd.level)
        }

        deinit { ZSTD_freeCCtx(context) }

        /// The length of `raw` as a frame; nil where there is no room for it.
        func encode(_ raw: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> Int? {
            guard let context else { return nil }
            let length = ZSTD_compress2(context, output.baseAddress, output.count, raw.baseAddress, raw.count)
            return ZSTD_isError(length) == 0 ? length : nil
        }
    }

    /// Higher ones save no more on chunks of 64 KiB, and take twice the time.
    private static let level: Int32 = 1

    static func decode(
        _ stored: UnsafeRawBufferPointer, into raw: UnsafeMutableRawBufferPointer
    ) throws(CodecError) {
        // Exactly one frame, and of exactly this length: nothing is allocated for what it claims.
        guard ZSTD_findFrameCompressedSize(stored.baseAddress, stored.count) == stored.count,
            ZSTD_getFrameContentSize(stored.baseAddress, stored.count) == UInt64(raw.count),
            ZSTD_decompress(raw.baseAddress, raw.count, stored.baseAddress, stored.count) == raw.count
        else { throw .corrupt(.zstd) }
    }
}
