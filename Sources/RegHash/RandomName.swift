// SPDX-License-Identifier: Apache-2.0
internal import RegBytes

/// 128 random bits that name a pack, a record or a project: 32 hex digits in text.
package struct RandomName: Hashable, Comparable, Sendable {
    private let high: UInt64
    private let low: UInt64

    package static let byteCount = 16

    /// A new name from the system's random source.
    package static func random() -> RandomName {
        var generator = SystemRandomNumberGenerator()
        return RandomName(high: generator.next(), low: generator.next())
    }

    private init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    package init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == RandomName.byteCount else { return nil }
        self = Array(bytes).withUnsafeBytes { raw in
            RandomName(
                high: UInt64(bigEndian: raw.loadUnaligned(as: UInt64.self)),
                low: UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
        }
    }

    // Not generic, as readers of pages need it: generic code is not specialised across targets.
    package init?(_ bytes: ArraySlice<UInt8>) {
        guard bytes.count == RandomName.byteCount else { return nil }
        (high, low) = bytes.withUnsafeBytes { raw in
            (
                UInt64(bigEndian: raw.loadUnaligned(as: UInt64.self)),
                UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            )
        }
    }

    package init?(hex text: some Sequence<UInt8>) {
        guard let raw = RegBytes.bytes(hex: text) else { return nil }
        self.init(raw)
    }

    package init?(hex text: String) { self.init(hex: text.utf8) }

    package var bytes: [UInt8] {
        withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) { Array($0) }
    }

    package var hex: String { RegBytes.hex(bytes) }

    package static func < (left: RandomName, right: RandomName) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }
}
