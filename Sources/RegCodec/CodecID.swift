// SPDX-License-Identifier: Apache-2.0

/// How an entry of a pack is encoded, as the byte that says so on disk.
///
/// A value need not be one that this version knows; decoding says so.
/// - SeeAlso: docs/format.md, "Codecs".
package struct CodecID: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The raw bytes.
    package static let stored = CodecID(rawValue: 0)
    /// One LZ4 block without a frame.
    package static let lz4 = CodecID(rawValue: 1)
    /// One LZ4 block, itself coded as lanes of single bytes; read, and no longer written.
    package static let codedLZ4 = CodecID(rawValue: 2)
    /// Lanes of bytes, for numbers.
    package static let lanes = CodecID(rawValue: 3)
    /// Lanes of the differences between the numbers and those of a base.
    package static let difference = CodecID(rawValue: 4)
    /// Parts of a base, and what stands between them.
    package static let parts = CodecID(rawValue: 5)
    /// One frame of zstd.
    package static let zstd = CodecID(rawValue: 6)

    /// Whether an entry decodes only with a base.
    package var needsBase: Bool { self == .difference || self == .parts }
    /// Whether an entry has no base; of a codec that is not known here, neither this nor the other can be told.
    package var standsAlone: Bool { rawValue < CodecID.difference.rawValue || self == .zstd }
}

extension CodecID: CustomStringConvertible {
    package var description: String {
        switch self {
        case .stored: "stored"
        case .lz4: "LZ4"
        case .codedLZ4: "coded LZ4"
        case .lanes: "lanes"
        case .difference: "difference"
        case .parts: "parts of a base"
        case .zstd: "zstd"
        default: "codec \(rawValue)"
        }
    }
}
