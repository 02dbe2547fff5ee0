// SPDX-License-Identifier: Apache-2.0

/// The longest raw bytes of an entry, by its kind; readers check before they allocate.
package enum CodecLimit {
    package static let chunkByteCount = 8 << 20
    package static let pageByteCount = 1 << 20

    /// More than any encoder makes of `raw` bytes: LZ4 adds one byte to 255 where it finds nothing.
    package static func storedByteCount(raw: Int) -> Int { raw + raw / 255 + 64 }
}
