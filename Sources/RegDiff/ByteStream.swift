// SPDX-License-Identifier: Apache-2.0

/// Why bytes are not the annotations or metrics that they seem to be, in a few printable words.
package struct ContentError: Error, Equatable {
    package let reason: String

    init(_ reason: String) { self.reason = reason }
}

/// The bytes of a file from its beginning to its end, of which a window is in memory.
package struct ByteStream {
    /// Gives a part of the file, whole.
    package typealias Source = (Range<UInt64>) throws -> [UInt8]

    private let byteCount: UInt64
    private let windowByteCount: UInt64
    private let source: Source
    private(set) var window: [UInt8] = []
    /// Of the next byte, in the window.
    var place = 0
    /// Where in the file the window ends.
    private var end: UInt64 = 0
    /// Why reading failed; from there on the file seems to end.
    package private(set) var failure: (any Error)?

    /// `windowByteCount`: how much of the file is read at once.
    package init(byteCount: UInt64, windowByteCount: UInt64 = 4 << 20, source: @escaping Source) {
        self.byteCount = byteCount
        self.windowByteCount = max(1, windowByteCount)
        self.source = source
    }

    /// Bytes in memory.
    package init(_ bytes: [UInt8]) {
        self.init(byteCount: UInt64(bytes.count)) { _ in [] }
        window = bytes
        end = byteCount
    }

    /// Of the next byte, from the file's beginning.
    var offset: UInt64 { end - UInt64(window.count - place) }

    /// The next byte, which stays the next one; nil at the end.
    mutating func peek() -> UInt8? {
        if place < window.count { return window[place] }
        return refill() ? window[place] : nil
    }

    /// The bytes that come next, as many as are in memory; nil at the end.
    mutating func nextBlock() -> ArraySlice<UInt8>? {
        guard peek() != nil else { return nil }
        defer { place = window.count }
        return window[place...]
    }

    /// Makes the window hold `count` bytes more, or all that there are.
    mutating func ensure(_ count: Int) {
        while window.count - place < count, refill() {}
    }

    /// Whether there was more of the file.
    private mutating func refill() -> Bool {
        guard end < byteCount, failure == nil else { return false }
        let next = end..<min(end + windowByteCount, byteCount)
        let rest = window[place...]
        window = []
        do {
            let bytes = try source(next)
            window = rest.isEmpty ? bytes : Array(rest) + bytes
        } catch {
            failure = error
            window = Array(rest)
        }
        place = 0
        end = failure == nil ? next.upperBound : end
        return failure == nil
    }
}

/// A number for the content of a value, so that many can be compared in little memory; alike only by accident.
struct ContentHash {
    private static let seed = UInt64.random(in: 0 ... .max)

    private var state = ContentHash.seed

    mutating func add(_ byte: UInt8) { state = (state ^ UInt64(byte)) &* 0x100_0000_01b3 }

    mutating func add(_ value: UInt64) { state = ContentHash.mixed(state &* 0x100_0000_01b3 ^ value) }

    mutating func add(_ text: String) { for byte in text.utf8 { add(byte) } }

    var value: UInt64 { ContentHash.mixed(state) }

    static func of(_ text: String) -> UInt64 {
        var hash = ContentHash()
        hash.add(text)
        return hash.value
    }

    /// Spreads what differs over all bits.
    private static func mixed(_ value: UInt64) -> UInt64 {
        var value = value
        value = (value ^ value >> 33) &* 0xff51_afd7_ed55_8ccd
        value = (value ^ value >> 33) &* 0xc4ce_b9fe_1a85_ec53
        return value ^ value >> 33
    }
}
