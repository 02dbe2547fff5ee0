// SPDX-License-Identifier: Apache-2.0
import RegCodec
import RegHash
import RegLog
import RegStore
import RegTesting
import Testing

private func name(_ last: UInt64, _ byteCount: UInt64 = 1_000) throws -> CheckpointName {
    try #require(CheckpointName(last: last, byteCount: byteCount, id: digest(5)))
}

private func block(
    records: Int = 10, stored: Int = 100, raw: Int = 300, codec: CodecID = .lz4
) -> CheckpointHead.Block {
    CheckpointHead.Block(
        recordCount: records, storedLength: stored, rawLength: raw, codec: codec, digest: digest(7))
}

@Suite struct CheckpointNameTests {
    @Test func theNewestComesFirstInAListing() throws {
        let names = try [1, 9, 10, 99_999, 100_000, UInt64(Int64.max)].map { try name($0).key.name }
        #expect(names.sorted() == names.reversed())
        for text in names { #expect(try #require(CheckpointName(text)).key.name == text) }
    }

    @Test(arguments: [
        "", "-", "--", "1-2-3", ".tmp-1", "18446744073709551614-5",
        "18446744073709551614-05-" + String(repeating: "0", count: 64),
        "18446744073709551614-+5-" + String(repeating: "0", count: 64),
        "18446744073709551614-5-" + String(repeating: "A", count: 64),
        "18446744073709551614-5-" + String(repeating: "0", count: 63),
        "18446744073709551614-5-" + String(repeating: "0", count: 64) + "-",
        "18446744073709551615-5-" + String(repeating: "0", count: 64),  // record 0
        "00000000000000000000-5-" + String(repeating: "0", count: 64),  // a number that no record can have
        "18446744073709551614-9223372036854775808-" + String(repeating: "0", count: 64),
        "99999999999999999999-5-" + String(repeating: "0", count: 64),
    ])
    func otherNamesAreNone(text: String) { #expect(CheckpointName(text) == nil) }
}

@Suite struct CheckpointHeadTests {
    @Test func aHeadReadsAsItWasWritten() throws {
        for head in [
            CheckpointHead(first: 1, last: 10, hash: digest(1), previous: nil, blocks: [block()]),
            CheckpointHead(
                first: 11, last: 32, hash: digest(1), previous: try name(10),
                blocks: [block(), block(records: 12, stored: 50, raw: 50, codec: .stored)]),
        ] {
            #expect(head.encoded.count == head.length)
            #expect(try CheckpointHead(parsing: head.encoded) == head)
        }
    }

    /// Lengths that would be allocated, numbers that would overflow, and two ways to say one thing.
    @Test(arguments: [
        CheckpointHead(first: 0, last: 9, hash: digest(1), previous: nil, blocks: [block()]),
        CheckpointHead(first: 1, last: 11, hash: digest(1), previous: nil, blocks: [block()]),
        CheckpointHead(first: 5, last: 14, hash: digest(1), previous: nil, blocks: [block()]),
        CheckpointHead(
            first: 1, last: 10, hash: digest(1),
            previous: CheckpointName(last: 9, byteCount: 5, id: digest(1)), blocks: [block()]),
        CheckpointHead(first: 1, last: 1 << 63, hash: digest(1), previous: nil, blocks: [block()]),
        CheckpointHead(
            first: 1, last: 16_385, hash: digest(1), previous: nil, blocks: [block(records: 16_385)]),
        CheckpointHead(
            first: 1, last: 10, hash: digest(1), previous: nil, blocks: [block(), block(records: 0)]),
        CheckpointHead(
            first: 1, last: 10, hash: digest(1), previous: nil,
            blocks: [block(stored: 40_000, raw: (2 << 20) + 1)]),
        CheckpointHead(
            first: 1, last: 10, hash: digest(1), previous: nil, blocks: [block(stored: 10, raw: 10_000)]),
        CheckpointHead(
            first: 1, last: 10, hash: digest(1), previous: nil, blocks: [block(stored: 10_000, raw: 10)]),
        CheckpointHead(
            first: 1, last: 10, hash: digest(1), previous: nil,
            blocks: [block(stored: 0, raw: 0, codec: .stored)]),
        CheckpointHead(
            first: 1, last: 10, hash: digest(1), previous: nil,
            blocks: [block(codec: CodecID(rawValue: 7))]),
        CheckpointHead(first: 10, last: 9, hash: digest(1), previous: nil, blocks: []),
    ])
    func aHeadThatCannotBeIsRefused(head: CheckpointHead) {
        #expect(throws: CheckpointError.self) { try CheckpointHead(parsing: head.encoded) }
    }

    @Test func aHeadThatIsCutOrLongerIsRefused() throws {
        let bytes = CheckpointHead(first: 1, last: 10, hash: digest(1), previous: nil, blocks: [block()])
            .encoded
        for count in 0..<bytes.count {
            #expect(throws: CheckpointError.self) { try CheckpointHead(parsing: Array(bytes[..<count])) }
        }
        #expect(throws: CheckpointError.self) { try CheckpointHead(parsing: bytes + [0]) }
        var other = bytes
        other[7] = UInt8(ascii: "2")
        #expect(CheckpointHead.length(of: other) == nil)
        #expect(CheckpointHead.length(of: Array(bytes[..<8]) + [255, 255, 255, 255]) == nil, "4 GiB of head")
    }

    @Test func noFlippedBitTraps() throws {
        let bytes = CheckpointHead(
            first: 11, last: 20, hash: digest(1), previous: try name(10), blocks: [block()]
        ).encoded
        for bit in 0..<8 * bytes.count {
            var other = bytes
            other[bit / 8] ^= 1 << (bit % 8)
            if let head = try? CheckpointHead(parsing: other) { #expect(head.encoded == other) }
        }
    }
}

@Suite struct CheckpointBlockTests {
    /// Records as reg writes them, and whatever else may lie in a log.
    private func oddRecords() throws -> [[UInt8]] {
        let plain = try record(number: 1, prev: digest(0), [try push("a", 1)]).encoded
        let follower = try record(number: 2, prev: SHA256.digest(of: plain), [try push("a", 2)]).encoded
        let hash = SHA256.digest(of: follower)
        return [
            plain, follower, Array("scribble".utf8), [0], Array(plain.dropLast()),
            sealed(String(repeating: "x", count: 300) + hash.hex), sealed(""), sealed(hash.hex),
            Array(hash.hex.utf8), [UInt8](repeating: 0x20, count: 1 << 20),
        ]
    }

    private func block(_ records: [[UInt8]]) -> RawBlock {
        var block = RawBlock()
        var prev = digest(0)
        for record in records {
            block.append(record, prev: prev)
            prev = SHA256.digest(of: record)
        }
        return block
    }

    @Test func anyRecordsComeBackByteForByte() throws {
        let records = try oddRecords()
        for start in records.indices {
            let block = block(Array(records[start...] + records[..<start]))
            let (row, stored) = block.encoded(by: Encoder())
            var found: [[UInt8]] = []
            try RawBlock(decoding: stored[...], row).forEachRecord { found.append($0) }
            #expect(found == Array(records[start...] + records[..<start]))
        }
    }

    @Test func whatCanBeComputedIsLeftOut() throws {
        var records: [[UInt8]] = []
        var prev = digest(0)
        for number in 1...100 as ClosedRange<UInt64> {
            records.append(try record(number: number, prev: prev, [try push("a", number)]).encoded)
            prev = SHA256.digest(of: records.last ?? [])
        }
        let (row, _) = block(records).encoded(by: Encoder())
        let whole = records.reduce(0) { $0 + $1.count }
        #expect(row.rawLength < whole - 99 * 130)
    }

    @Test func aDamagedBlockIsRefusedAndNoneTraps() throws {
        let block = block([try record(number: 1).encoded, try record(number: 2).encoded])
        let (row, stored) = block.encoded(by: Encoder())
        for bit in 0..<8 * stored.count {
            var other = stored
            other[bit / 8] ^= 1 << (bit % 8)
            #expect(throws: CheckpointError.self) { try RawBlock(decoding: other[...], row) }
            // With a hash that fits, as somebody hostile would write it.
            let lie = CheckpointHead.Block(
                recordCount: row.recordCount, storedLength: row.storedLength, rawLength: row.rawLength,
                codec: row.codec, digest: SHA256.digest(of: other))
            if let block = try? RawBlock(decoding: other[...], lie) { try? block.forEachRecord { _ in } }
        }
    }

    @Test(
        arguments: [
            [4, 0, 1, 2, 3],  // shorter than it says
            [1, 0, 1, 9],  // longer
            [1, 4, 1],  // a flag that is not known
            [1, 1, 0, 1],  // the first has nothing before
            [255, 255, 255, 255, 15, 0, 1],  // 4 GiB
        ] as [[UInt8]])
    func rawBytesThatHoldNoRecordsAreRefused(raw: [UInt8]) throws {
        let row = CheckpointHead.Block(
            recordCount: 1, storedLength: raw.count, rawLength: raw.count, codec: .stored,
            digest: SHA256.digest(of: raw))
        let block = try RawBlock(decoding: raw[...], row)
        #expect(throws: CheckpointError.self) { try block.forEachRecord { _ in } }
    }
}
