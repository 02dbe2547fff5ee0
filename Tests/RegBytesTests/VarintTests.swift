// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegTesting
import Testing

/// Values and the one encoding of each.
private let varints: [(UInt64, [UInt8])] = [
    (0, [0x00]), (1, [0x01]), (127, [0x7f]), (128, [0x80, 0x01]), (300, [0xac, 0x02]),
    (16_383, [0xff, 0x7f]), (16_384, [0x80, 0x80, 0x01]),
    (1 << 63, [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01]),
    (.max, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
]

private func varint(_ bytes: [UInt8]) throws(ByteError) -> UInt64 {
    var reader = ByteReader(bytes)
    let value = try reader.varint()
    try reader.expectEnd()
    return value
}

@Suite struct VarintTests {
    @Test(arguments: varints)
    func hasOneEncoding(value: UInt64, bytes: [UInt8]) throws {
        var writer = ByteWriter()
        writer.varint(value)
        #expect(writer.bytes == bytes)
        #expect(try varint(bytes) == value)
    }

    @Test(arguments: varints)
    func everyTruncationIsRefused(value: UInt64, bytes: [UInt8]) {
        for count in bytes.indices {
            #expect(throws: ByteError.truncated(offset: count)) { try varint(Array(bytes[..<count])) }
        }
    }

    @Test(
        arguments: [
            [0x80, 0x00], [0xff, 0x00], [0x80, 0x80, 0x00],
            [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00],
            // 2^64, and more than ten bytes
            [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02],
            [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
            [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x81, 0x00],
            [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
        ] as [[UInt8]])
    func longerFormsAndLargerValuesAreRefused(bytes: [UInt8]) {
        #expect(throws: ByteError.badVarint(offset: 0)) { try varint(bytes) }
    }

    @Test(
        arguments: [
            (0, [0x00]), (-1, [0x01]), (1, [0x02]), (-2, [0x03]), (63, [0x7e]), (-64, [0x7f]),
            (64, [0x80, 0x01]),
            (.max, [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
            (.min, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
        ] as [(Int64, [UInt8])])
    func zigzagKeepsSmallNumbersShort(value: Int64, bytes: [UInt8]) throws {
        var writer = ByteWriter()
        writer.zigzag(value)
        #expect(writer.bytes == bytes)
        var reader = ByteReader(bytes)
        #expect(try reader.zigzag() == value)
        #expect(reader.isAtEnd)
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func randomValuesComeBack(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var writer = ByteWriter()
        let values = (0..<2_000).map { _ in random.next() >> UInt64.random(in: 0..<64, using: &random) }
        for value in values {
            writer.varint(value)
            writer.zigzag(Int64(bitPattern: value))
        }
        var reader = ByteReader(writer.bytes)
        for value in values {
            #expect(try reader.varint() == value)
            #expect(try reader.zigzag() == Int64(bitPattern: value))
        }
        #expect(reader.isAtEnd)
    }
}

@Suite struct ByteReaderTests {
    @Test func integersAreLittleEndian() throws {
        var writer = ByteWriter()
        writer.u8(0x01)
        writer.u16(0x0302)
        writer.u32(0x0706_0504)
        writer.u64(0x0f0e_0d0c_0b0a_0908)
        #expect(writer.bytes == Array(1...15))
        var reader = ByteReader(writer.bytes)
        #expect(try reader.u8() == 0x01)
        #expect(try reader.u16() == 0x0302)
        #expect(try reader.u32() == 0x0706_0504)
        #expect(try reader.u64() == 0x0f0e_0d0c_0b0a_0908)
        #expect(throws: ByteError.truncated(offset: 15)) { try reader.u8() }
    }

    @Test func aNumberThatDoesNotFitTakesNothing() throws {
        var reader = ByteReader([1, 2, 3])
        #expect(throws: ByteError.truncated(offset: 0)) { try reader.u32() }
        #expect(throws: ByteError.truncated(offset: 0)) { try reader.u64() }
        #expect(try reader.u16() == 0x0201)
        #expect(throws: ByteError.truncated(offset: 2)) { try reader.u16() }
        #expect(reader.remaining == 1)
    }

    @Test(arguments: [(127, true), (128, false), (1 << 62, false)])
    func aCountIsHeldToItsLimit(value: Int, isAllowed: Bool) throws {
        var writer = ByteWriter()
        writer.u8(0)
        writer.varint(value)
        var reader = ByteReader(writer.bytes)
        _ = try reader.u8()
        if isAllowed {
            #expect(try reader.count(limit: 127) == value)
        } else {
            #expect(throws: ByteError.tooLarge(offset: 1)) { try reader.count(limit: 127) }
        }
    }

    @Test func aCountAboveAllIntegersIsTooLarge() {
        var writer = ByteWriter()
        writer.varint(UInt64.max)
        var reader = ByteReader(writer.bytes)
        #expect(throws: ByteError.tooLarge(offset: 0)) { try reader.count(limit: .max) }
    }

    @Test(arguments: [4, 5, .max, -1, .min])
    func noMoreIsTakenThanThereIs(count: Int) throws {
        var reader = ByteReader([1, 2, 3])
        #expect(throws: ByteError.truncated(offset: 0)) { try reader.take(count) }
        let all = try reader.take(3)
        #expect(Array(all) == [1, 2, 3])
        let none = try reader.take(0)
        #expect(none.isEmpty)
    }

    @Test func onlyTheExpectedBytesAreSkipped() {
        var reader = ByteReader(Array("RPG12".utf8))
        let skipped = [reader.skip("RPG2"), reader.skip("RPG123"), reader.skip("RPG1"), reader.skip("1")]
        #expect(skipped == [false, false, true, false])
        #expect(throws: ByteError.trailing(offset: 4)) { try reader.expectEnd() }
    }
}
