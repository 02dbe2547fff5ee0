// SPDX-License-Identifier: Apache-2.0
internal import RegBytes

/// A SHA-256 value: 32 bytes, compared and ordered as bytes.
package struct Digest: Hashable, Comparable, Sendable {
    // Four big-endian words: no allocation, and word order is byte order.
    private let words: (UInt64, UInt64, UInt64, UInt64)

    package static let byteCount = 32

    /// The digest that these 32 bytes are; nil for another count.
    package init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == Digest.byteCount else { return nil }
        // Copied at once: a generic collection of another module is slow byte by byte.
        self = Array(bytes).withUnsafeBytes { Digest(raw: $0) }
    }

    /// - Parameter raw: 32 bytes.
    init(raw: UnsafeRawBufferPointer) {
        func word(_ index: Int) -> UInt64 {
            UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self))
        }
        words = (word(0), word(1), word(2), word(3))
    }

    /// The digest written as 64 lower-case hex digits.
    package init?(hex text: some Sequence<UInt8>) {
        guard let raw = RegBytes.bytes(hex: text) else { return nil }
        self.init(raw)
    }

    package init?(hex text: String) { self.init(hex: text.utf8) }

    /// The digest written as `sha256:` and 64 hex digits.
    package init?(text: String) {
        guard text.hasPrefix("sha256:") else { return nil }
        self.init(hex: text.utf8.dropFirst(7))
    }

    package var bytes: [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(Digest.byteCount)
        for word in [words.0, words.1, words.2, words.3] {
            for shift in stride(from: 56, through: 0, by: -8) {
                result.append(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
            }
        }
        return result
    }

    /// The first two bytes, big-endian.
    package var prefix16: UInt16 { UInt16(words.0 >> 48) }

    /// The first eight bytes, big-endian.
    package var beginning: UInt64 { words.0 }

    package var hex: String { RegBytes.hex(bytes) }

    /// `sha256:` and 64 hex digits, as it stands in files, JSON and messages.
    package var text: String { "sha256:" + hex }

    /// The first 12 hex digits, for people.
    package var short: String { String(hex.prefix(12)) }

    package static func == (left: Digest, right: Digest) -> Bool { left.words == right.words }

    // All words: ids that somebody else's manifest names need not be hashes, and could agree in the first.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
        hasher.combine(words.2)
        hasher.combine(words.3)
    }

    package static func < (left: Digest, right: Digest) -> Bool { left.words < right.words }
}
