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
    /// What an entry is coded against: a copy of other bytes, and how many those are.
    package final class Base: Hashable, Sendable {
        package let copy: Copy
        /// In bytes, decoded.
        package let rawLength: UInt32

        package init(_ copy: Copy, rawLength: UInt32) {
            self.copy = copy
            self.rawLength = rawLength
        }

        package static func == (left: Base, right: Base) -> Bool {
            left === right || (left.copy == right.copy && left.rawLength == right.rawLength)
        }

        package func hash(into hasher: inout Hasher) {
            hasher.combine(copy)
            hasher.combine(rawLength)
        }
    }

    /// How many bases may stand one below the other.
    package static let depthLimit = 4

    package let pack: PackName
    /// In bytes from the start of the pack.
    package let offset: UInt64
    /// In bytes, as it lies in the pack.
    package let storedLength: UInt32
    package let codec: CodecID
    /// Nil for bytes that decode by themselves.
    package let base: Base?

    package init(
        pack: PackName, offset: UInt64, storedLength: UInt32, codec: CodecID, base: Base? = nil
    ) {
        self.pack = pack
        self.offset = offset
        self.storedLength = storedLength
        self.codec = codec
        self.base = base
    }

    package var end: UInt64 { offset + UInt64(storedLength) }

    /// How many bases stand one below the other.
    package var depth: Int { base.map { $0.copy.depth + 1 } ?? 0 }

    /// The copy and those that it needs to decode, from the last base on.
    package var chain: [Copy] { (base?.copy.chain ?? []) + [self] }
}
