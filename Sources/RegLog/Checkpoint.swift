// SPDX-License-Identifier: Apache-2.0
internal import RegHash
package import RegStore

/// A checkpoint of a registry whose head was read.
package struct Checkpoint: Sendable {
    package let name: CheckpointName
    package let head: CheckpointHead
    private let store: any ObjectStore
    /// The whole object, where it was read whole.
    private let whole: [UInt8]?

    /// In the first bytes of a long checkpoint its whole head lies, most of the time.
    private static let beginningLength = 64 << 10
    /// Of blocks, how many bytes are read at a time.
    private static let rangeLength = 8 << 20

    /// Reads a checkpoint: whole where it is at most `wholeLimit` bytes long, else its head.
    package init(
        _ name: CheckpointName, from store: any ObjectStore, wholeLimit: UInt64
    ) throws(CheckpointError) {
        let beginning: [UInt8]
        if name.byteCount <= wholeLimit {
            beginning = try Checkpoint.whole(name, from: store)
        } else {
            let count = Int(min(name.byteCount, UInt64(Checkpoint.beginningLength)))
            beginning = try Checkpoint.range(of: name, at: 0, count, from: store)
        }
        guard let length = CheckpointHead.length(of: beginning), UInt64(length) <= name.byteCount else {
            throw .malformed("it does not begin with a head of version 1")
        }
        var bytes = Array(beginning.prefix(length))
        if bytes.count < length {
            bytes += try Checkpoint.range(
                of: name, at: UInt64(bytes.count), length - bytes.count, from: store)
        }
        guard SHA256.digest(of: bytes) == name.id else {
            throw .malformed("its head is not what its name says")
        }
        let head = try CheckpointHead(parsing: bytes)
        guard head.last == name.last, head.byteCount == name.byteCount else {
            throw .malformed("it is not as long as its name says")
        }
        self.name = name
        self.head = head
        self.store = store
        whole = name.byteCount <= wholeLimit ? beginning : nil
    }

    private static func whole(
        _ name: CheckpointName, from store: any ObjectStore
    ) throws(CheckpointError) -> [UInt8] {
        do throws(StoreError) {
            guard let bytes = try store.read(name.key, limit: Int(name.byteCount)) else {
                throw .notFound(key: name.key, location: store.location)
            }
            return bytes
        } catch { throw .store(error) }
    }

    private static func range(
        of name: CheckpointName, at offset: UInt64, _ count: Int, from store: any ObjectStore
    ) throws(CheckpointError) -> [UInt8] {
        do { return try store.read(name.key, at: offset, count: count) } catch { throw .store(error) }
    }

    /// A block, and the numbers of its records.
    package struct Block: Sendable {
        package let row: CheckpointHead.Block
        package let first: UInt64
        /// Where its bytes begin in the checkpoint.
        package let offset: UInt64

        package var last: UInt64 { first + UInt64(row.recordCount) - 1 }
        package var end: UInt64 { offset + UInt64(row.storedLength) }
    }

    package var blocks: [Block] {
        var first = head.first
        var offset = UInt64(head.length)
        return head.blocks.map { row in
            defer {
                first += UInt64(row.recordCount)
                offset += UInt64(row.storedLength)
            }
            return Block(row: row, first: first, offset: offset)
        }
    }

    /// Whether its blocks are in memory.
    package var isWhole: Bool { whole != nil }

    /// The bytes of that range; of a whole checkpoint, all.
    private func bytes(_ range: Range<UInt64>) throws(CheckpointError) -> [UInt8] {
        if let whole { return whole }
        return try Checkpoint.range(of: name, at: range.lowerBound, range.count, from: store)
    }

    /// Calls `body` with the stored bytes of these blocks, which follow one another; they are read some at a time.
    package func forEachStored(
        _ blocks: ArraySlice<Block>, inOneRequest: Bool = false,
        _ body: (Block, ArraySlice<UInt8>) throws(CheckpointError) -> Void
    ) throws(CheckpointError) {
        var rest = blocks
        while let first = rest.first {
            let limit = first.offset + UInt64(inOneRequest ? Int.max >> 1 : Checkpoint.rangeLength)
            let part = rest.prefix { $0.end <= limit || $0.offset == first.offset }
            rest = rest.dropFirst(part.count)
            guard let end = part.last?.end else { return }
            let start = isWhole ? 0 : first.offset
            let bytes = try bytes(first.offset..<end)
            for block in part {
                let range = Int(block.offset - start)..<Int(block.end - start)
                guard range.upperBound <= bytes.count else { throw .malformed("it ends too early") }
                try body(block, bytes[range])
            }
        }
    }
}
