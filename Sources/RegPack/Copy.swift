// SPDX-License-Identifier: Apache-2.0
package import RegCodec
package import RegHash

package typealias PackName = RandomName

/// What an entry of a pack is.
///
/// Kinds are separate name spaces: a page is never taken for a chunk.
package enum EntryKind: UInt8, Sendable {
    case chunk = 1
    case page = 2

    /// The most bytes an entry of this kind may have after decoding.
    package var rawLimit: Int {
        switch self {
        case .chunk: 8 << 20
        case .page: 1 << 20
        }
    }
}

/// Where one encoded chunk or page lies.
package struct Copy: Hashable, Sendable {
    package let pack: PackName
    /// In bytes from the start of the pack.
    package let offset: UInt64
    /// In bytes, as it lies in the pack.
    package let storedLength: UInt32
    package let codec: CodecID

    package init(pack: PackName, offset: UInt64, storedLength: UInt32, codec: CodecID) {
        self.pack = pack
        self.offset = offset
        self.storedLength = storedLength
        self.codec = codec
    }

    package var end: UInt64 { offset + UInt64(storedLength) }
}
