// SPDX-License-Identifier: Apache-2.0

/// Why bytes from outside cannot be read as what they should be.
package enum ByteError: Error, Equatable {
    /// Fewer bytes than the value needs, at `offset`.
    case truncated(offset: Int)
    /// A varint that is longer than it need be, or does not fit 64 bits, at `offset`.
    case badVarint(offset: Int)
    /// A count or length at `offset` that is above its limit.
    case tooLarge(offset: Int)
    /// Bytes after the end of the value, from `offset` on.
    case trailing(offset: Int)
}

/// Reads integers and byte strings in order, checking every bound.
///
/// Integers are little-endian; varints are LEB128 in their shortest form (docs/format.md, "Conventions").
package struct ByteReader {
    private let bytes: [UInt8]
    package private(set) var offset: Int
    private let end: Int

    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
        offset = 0
        end = bytes.count
    }

    package var isAtEnd: Bool { offset == end }
    package var remaining: Int { end - offset }

    package mutating func u8() throws(ByteError) -> UInt8 {
        guard offset < end else { throw .truncated(offset: offset) }
        defer { offset += 1 }
        return bytes[offset]
    }

    package mutating func u16() throws(ByteError) -> UInt16 { UInt16(try fixed(2)) }
    package mutating func u32() throws(ByteError) -> UInt32 { UInt32(try fixed(4)) }
    package mutating func u64() throws(ByteError) -> UInt64 { try fixed(8) }

    private mutating func fixed(_ size: Int) throws(ByteError) -> UInt64 {
        guard remaining >= size else { throw .truncated(offset: offset) }
        var value: UInt64 = 0
        for index in 0..<size { value |= UInt64(bytes[offset + index]) << UInt64(8 * index) }
        offset += size
        return value
    }

    package mutating func varint() throws(ByteError) -> UInt64 {
        let start = offset
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let byte = try u8()
            let bits = UInt64(byte & 0x7f)
            if shift == 63 && bits > 1 { throw .badVarint(offset: start) }
            value |= bits << shift
            if byte & 0x80 == 0 {
                if byte == 0 && shift > 0 { throw .badVarint(offset: start) }
                return value
            }
            shift += 7
            if shift > 63 { throw .badVarint(offset: start) }
        }
    }

    package mutating func zigzag() throws(ByteError) -> Int64 {
        let value = try varint()
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    /// A varint that is a count or a length: at most `limit`.
    package mutating func count(limit: Int) throws(ByteError) -> Int {
        let start = offset
        guard let value = Int(exactly: try varint()), value <= limit else { throw .tooLarge(offset: start) }
        return value
    }

    package mutating func take(_ count: Int) throws(ByteError) -> ArraySlice<UInt8> {
        guard count >= 0, remaining >= count else { throw .truncated(offset: offset) }
        defer { offset += count }
        return bytes[offset..<offset + count]
    }

    /// Whether the next bytes are `expected`; passes over them if so.
    package mutating func skip(_ expected: StaticString) -> Bool {
        let size = expected.utf8CodeUnitCount
        guard remaining >= size else { return false }
        for index in 0..<size where bytes[offset + index] != expected.utf8Start[index] { return false }
        offset += size
        return true
    }

    package func expectEnd() throws(ByteError) {
        guard isAtEnd else { throw .trailing(offset: offset) }
    }
}
