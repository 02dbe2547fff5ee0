// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
package import RegCodec
package import RegHash

/// Some records that follow one another, as they stand in a block of a checkpoint before it is encoded.
///
/// What can be computed is left out: the hash of the record before, and the seal.
package struct RawBlock: Sendable {
    /// Writers close a block that would become longer.
    static let byteGoal = 256 << 10
    private static let sealLength = 73
    private static let hexLength = 64
    private static let hasPrev: UInt8 = 1
    private static let hasSeal: UInt8 = 2

    private(set) var bytes: [UInt8] = []
    private(set) var recordCount = 0

    package init() {}

    private init(bytes: [UInt8], recordCount: Int) {
        self.bytes = bytes
        self.recordCount = recordCount
    }

    /// This block and the one after it as one; nil where that would be too long.
    func joined(with next: RawBlock) -> RawBlock? {
        let count = recordCount + next.recordCount
        guard bytes.count + next.bytes.count <= RawBlock.byteGoal,
            count <= CheckpointHead.Block.recordLimit
        else { return nil }
        return RawBlock(bytes: bytes + next.bytes, recordCount: count)
    }

    /// Whether a record of `byteCount` bytes still fits.
    func hasRoom(for byteCount: Int) -> Bool {
        recordCount == 0
            || recordCount < CheckpointHead.Block.recordLimit
                && bytes.count + byteCount + 16 <= RawBlock.byteGoal
    }

    /// Appends the stored bytes of a record; `prev` is the hash of those of the record before.
    package mutating func append(_ record: [UInt8], prev: Digest) {
        var kept = record
        var flags: UInt8 = 0
        let line = Array(record.dropLast(RawBlock.sealLength))
        if record.count > RawBlock.sealLength,
            record.suffix(RawBlock.sealLength).elementsEqual(RawBlock.seal(of: line))
        {
            kept = line
            flags = RawBlock.hasSeal
        }
        var writer = ByteWriter()
        let hex = Array(prev.hex.utf8)
        // The first of a block keeps it, so that a block can be read alone.
        if recordCount > 0, let place = RawBlock.place(of: hex, in: kept) {
            writer.varint(kept.count - hex.count)
            writer.u8(flags | RawBlock.hasPrev)
            writer.varint(place)
            writer.append(kept[..<place])
            writer.append(kept[(place + hex.count)...])
        } else {
            writer.varint(kept.count)
            writer.u8(flags)
            writer.append(kept)
        }
        bytes += writer.bytes
        recordCount += 1
    }

    private static func seal(of line: [UInt8]) -> [UInt8] {
        Array("\n\(SHA256.digest(of: line).text)\n".utf8)
    }

    /// Where reg writes the hash of the record before, or a little later.
    private static func place(of hex: [UInt8], in line: [UInt8]) -> Int? {
        let last = min(line.count - hex.count, 256)
        guard last >= 0 else { return nil }
        return (0...last).first { line[$0] == hex[0] && line[$0..<$0 + hex.count].elementsEqual(hex) }
    }

    /// Calls `body` with the stored bytes of each record.
    package func forEachRecord(
        _ body: ([UInt8]) throws(CheckpointError) -> Void
    ) throws(CheckpointError) {
        var reader = ByteReader(bytes)
        var before: Digest?
        for _ in 0..<recordCount {
            let record: [UInt8]
            do { record = try RawBlock.record(&reader, after: before) } catch {
                throw .malformed("a block does not hold its records")
            }
            guard record.count <= Record.byteLimit else { throw .malformed("a record is too long") }
            before = SHA256.digest(of: record)
            try body(record)
        }
        guard reader.isAtEnd else { throw .malformed("a block does not end with its last record") }
    }

    private static func record(_ reader: inout ByteReader, after before: Digest?) throws -> [UInt8] {
        let count = try reader.count(limit: Record.byteLimit)
        let flags = try reader.u8()
        guard flags <= hasPrev | hasSeal else { throw CheckpointError.malformed("unknown flags") }
        var record: [UInt8] = []
        if flags & hasPrev != 0 {
            guard let before else { throw CheckpointError.malformed("nothing before") }
            let place = try reader.count(limit: count)
            record += try reader.take(place)
            record += before.hex.utf8
            record += try reader.take(count - place)
        } else {
            record += try reader.take(count)
        }
        if flags & hasSeal != 0 { record += seal(of: record) }
        return record
    }
}

extension RawBlock {
    /// The block in the codec that suits it, and its row of the head.
    package func encoded(by encoder: Encoder) -> (CheckpointHead.Block, [UInt8]) {
        var codec = CodecID.stored
        var stored = [UInt8](unsafeUninitializedCapacity: bytes.count) { buffer, filled in
            let result = bytes.withUnsafeBytes {
                encoder.encode($0, into: UnsafeMutableRawBufferPointer(buffer))
            }
            codec = result.codec
            filled = result.codec == .stored ? 0 : result.byteCount
        }
        if codec == .stored { stored = bytes }
        let row = CheckpointHead.Block(
            recordCount: recordCount, storedLength: stored.count, rawLength: bytes.count, codec: codec,
            digest: SHA256.digest(of: stored))
        return (row, stored)
    }

    /// The block that the stored bytes of `row` are.
    package init(
        decoding stored: ArraySlice<UInt8>, _ row: CheckpointHead.Block
    ) throws(CheckpointError) {
        let found = stored.withUnsafeBytes { SHA256.digest(of: $0) }
        guard stored.count == row.storedLength, found == row.digest else {
            throw .malformed("a block is \(found.short)…, its head says \(row.digest.short)…")
        }
        let raw = [UInt8](unsafeUninitializedCapacity: row.rawLength) { buffer, filled in
            let output = UnsafeMutableRawBufferPointer(
                rebasing: UnsafeMutableRawBufferPointer(buffer)[..<row.rawLength])
            filled = stored.withUnsafeBytes { bytes in
                do throws(CodecError) { try row.codec.decode(bytes, into: output) } catch { return 0 }
                return row.rawLength
            }
        }
        guard raw.count == row.rawLength else { throw .malformed("a block does not decode") }
        self.init(bytes: raw, recordCount: row.recordCount)
    }
}
