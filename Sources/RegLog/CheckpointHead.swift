// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
package import RegCodec
package import RegHash

/// The beginning of a checkpoint: which records it holds, and where (docs/format.md, "Checkpoints").
package struct CheckpointHead: Equatable, Sendable {
    /// Consecutive records, encoded together.
    package struct Block: Equatable, Sendable {
        package let recordCount: Int
        /// Bytes in the checkpoint.
        package let storedLength: Int
        /// Bytes after decoding.
        package let rawLength: Int
        package let codec: CodecID
        /// SHA-256 of the stored bytes.
        package let digest: Digest

        package static let recordLimit = 16_384
        package static let rawLimit = 2 << 20

        package init(
            recordCount: Int, storedLength: Int, rawLength: Int, codec: CodecID, digest: Digest
        ) {
            self.recordCount = recordCount
            self.storedLength = storedLength
            self.rawLength = rawLength
            self.codec = codec
            self.digest = digest
        }
    }

    /// Numbers of records.
    package let first: UInt64
    package let last: UInt64
    /// SHA-256 of the stored bytes of the last record.
    package let hash: Digest
    /// The checkpoint of the records before; nil where there are none before.
    package let previous: CheckpointName?
    package let blocks: [Block]

    package static let blockLimit = 16_384
    /// The longest head, in bytes.
    package static let byteLimit = fixedLength + blockLimit * rowLength
    /// Of what comes before the rows.
    package static let fixedLength = 104
    private static let rowLength = 45
    private static let magic: StaticString = "REGCKPT1"

    package init(
        first: UInt64, last: UInt64, hash: Digest, previous: CheckpointName?, blocks: [Block]
    ) {
        self.first = first
        self.last = last
        self.hash = hash
        self.previous = previous
        self.blocks = blocks
    }

    /// Of the head, in bytes.
    package var length: Int { CheckpointHead.fixedLength + blocks.count * CheckpointHead.rowLength }

    /// Of the whole checkpoint.
    package var byteCount: UInt64 { blocks.reduce(UInt64(length)) { $0 + UInt64($1.storedLength) } }

    package var encoded: [UInt8] {
        var writer = ByteWriter()
        writer.append(CheckpointHead.magic)
        writer.u32(UInt32(length))
        writer.u64(first)
        writer.u64(last)
        writer.append(hash.bytes)
        writer.u64(previous?.byteCount ?? 0)
        writer.append(previous?.id.bytes ?? [UInt8](repeating: 0, count: Digest.byteCount))
        writer.u32(UInt32(blocks.count))
        for block in blocks {
            writer.u32(UInt32(block.recordCount))
            writer.u32(UInt32(block.storedLength))
            writer.u32(UInt32(block.rawLength))
            writer.u8(block.codec.rawValue)
            writer.append(block.digest.bytes)
        }
        return writer.bytes
    }

    /// The length of the head that `bytes` begin; nil where they begin none, or one that is too long.
    package static func length(of bytes: [UInt8]) -> Int? {
        var reader = ByteReader(bytes)
        guard reader.skip(magic), let length = try? reader.u32(), length >= fixedLength, length <= byteLimit
        else { return nil }
        return Int(length)
    }

    /// Reads a whole head.
    package init(parsing bytes: [UInt8]) throws(CheckpointError) {
        guard CheckpointHead.length(of: bytes) == bytes.count else {
            throw .malformed("it does not begin with a head of version 1")
        }
        do { try self.init(bytes) } catch let error as CheckpointError { throw error } catch {
            throw .malformed("its head ends too early")
        }
    }

    private init(_ bytes: [UInt8]) throws {
        var reader = ByteReader(bytes)
        _ = try reader.take(12)
        first = try reader.u64()
        last = try reader.u64()
        hash = try CheckpointHead.digest(&reader)
        let previousByteCount = try reader.u64()
        let previousID = try CheckpointHead.digest(&reader)
        let hasPrevious = previousByteCount > 0
        guard first > 0, last >= first, last <= UInt64(Int64.max), hasPrevious == (first > 1),
            hasPrevious || previousID.bytes.allSatisfy({ $0 == 0 })
        else { throw CheckpointError.malformed("its numbers fit no log") }
        previous = CheckpointName(last: first - 1, byteCount: previousByteCount, id: previousID)
        guard hasPrevious == (previous != nil) else {
            throw CheckpointError.malformed("no checkpoint can be as long as the one before")
        }
        let count = Int(try reader.u32())
        guard count <= CheckpointHead.blockLimit, count * CheckpointHead.rowLength == reader.remaining else {
            throw CheckpointError.malformed("its head does not hold its \(count) rows")
        }
        blocks = try (0..<count).map { _ in try CheckpointHead.block(&reader) }
        guard blocks.reduce(0, { $0 + UInt64($1.recordCount) }) == last - first + 1 else {
            throw CheckpointError.malformed("its blocks hold another number of records")
        }
    }

    private static func digest(_ reader: inout ByteReader) throws -> Digest {
        guard let digest = Digest(try reader.take(Digest.byteCount)) else {
            throw CheckpointError.malformed("it has no hash")
        }
        return digest
    }

    private static func block(_ reader: inout ByteReader) throws -> Block {
        let recordCount = Int(try reader.u32())
        let storedLength = Int(try reader.u32())
        let rawLength = Int(try reader.u32())
        let codec = CodecID(rawValue: try reader.u8())
        guard 1...Block.recordLimit ~= recordCount, storedLength > 0,
            storedLength <= CodecLimit.storedByteCount(raw: rawLength)
        else { throw CheckpointError.malformed("the lengths of a block are not possible") }
        do throws(CodecError) {
            try codec.checkLengths(stored: storedLength, raw: rawLength, limit: Block.rawLimit)
        } catch { throw CheckpointError.malformed("the lengths of a block are not possible") }
        return Block(
            recordCount: recordCount, storedLength: storedLength, rawLength: rawLength, codec: codec,
            digest: try digest(&reader))
    }
}
