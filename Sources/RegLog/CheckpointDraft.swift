// SPDX-License-Identifier: Apache-2.0
internal import RegCodec
internal import RegFiles
internal import RegHash
internal import RegStore

/// A checkpoint in the making: new records, and the blocks of older checkpoints as they are.
struct CheckpointDraft {
    /// Of older checkpoints, those of at most this length are held in memory.
    static let heldLimit: UInt64 = 1 << 20
    /// Longer ones are written piece by piece.
    private static let smallLimit: UInt64 = 4 << 20
    /// Of new records, encoded, how much one checkpoint takes.
    static let newByteLimit: UInt64 = 32 << 20

    private enum Piece {
        case held(CheckpointHead.Block, ArraySlice<UInt8>)
        case stored(Checkpoint, Checkpoint.Block)

        var row: CheckpointHead.Block {
            switch self {
            case .held(let row, _): row
            case .stored(_, let block): block.row
            }
        }

        /// The block as it was before it was encoded.
        func decoded() throws(CheckpointError) -> RawBlock {
            switch self {
            case .held(let row, let bytes): return try RawBlock(decoding: bytes, row)
            case .stored(let checkpoint, let block):
                var result = RawBlock()
                try checkpoint.forEachStored([block]) { block, bytes throws(CheckpointError) in
                    result = try RawBlock(decoding: bytes, block.row)
                }
                return result
            }
        }
    }

    private var first: UInt64
    private(set) var tail: Tail
    private var previous: CheckpointName?
    private var pieces: [Piece] = []
    /// Of all blocks as they are encoded.
    private(set) var byteCount: UInt64 = 0
    private var open = RawBlock()
    private let encoder = Encoder()

    /// `previous`: the checkpoint that ends at `start`.
    init(after start: Tail, previous: CheckpointName?) {
        first = start.number + 1
        tail = start
        self.previous = previous
    }

    var blockCount: Int { pieces.count }

    /// Appends the next record, which is `newTail` then.
    mutating func append(_ record: [UInt8], _ newTail: Tail) {
        if !open.hasRoom(for: record.count) { close() }
        open.append(record, prev: tail.hash)
        tail = newTail
    }

    /// Ends the block that new records go into.
    mutating func close() {
        guard open.recordCount > 0 else { return }
        let (row, bytes) = open.encoded(by: encoder)
        pieces.append(.held(row, bytes[...]))
        byteCount += UInt64(row.storedLength)
        open = RawBlock()
    }

    /// Puts the blocks of the checkpoint before in front; two that meet and are short become one.
    mutating func merge(_ older: Checkpoint) throws(CheckpointError) {
        var front: [Piece] = []
        if older.isWhole {
            try older.forEachStored(older.blocks[...]) { front.append(.held($0.row, $1)) }
        } else {
            front = older.blocks.map { .stored(older, $0) }
        }
        if let left = front.last, let right = pieces.first,
            left.row.rawLength + right.row.rawLength <= RawBlock.byteGoal,
            let joined = try older.lastBlock(left.decoded()).joined(with: try right.decoded())
        {
            front.removeLast()
            let (row, bytes) = joined.encoded(by: encoder)
            pieces[0] = .held(row, bytes[...])
        }
        pieces = front + pieces
        byteCount = pieces.reduce(0) { $0 + UInt64($1.row.storedLength) }
        first = older.head.first
        previous = older.head.previous
    }

    /// Gives the checkpoint its name in `store`.
    func write(to store: any ObjectStore) throws(CheckpointError) {
        let head = CheckpointHead(
            first: first, last: tail.number, hash: tail.hash, previous: previous, blocks: pieces.map(\.row))
        let encoded = head.encoded
        let id = SHA256.digest(of: encoded)
        guard let name = CheckpointName(last: tail.number, byteCount: head.byteCount, id: id) else { return }
        if head.byteCount <= CheckpointDraft.smallLimit {
            var bytes = encoded
            try forEachBlock { bytes += $0 }
            do throws(StoreError) { _ = try store.create(name.key, bytes) } catch { throw .store(error) }
            return
        }
        do {
            let writer = try store.writer(for: name.key, buffer: LargeFileWriter.Buffer())
            try encoded.withUnsafeBytes { try writer.append($0) }
            try forEachBlock { bytes throws(CheckpointError) in
                do { try bytes.withUnsafeBytes { try writer.append($0) } } catch let error as StoreError {
                    throw .store(error)
                } catch { throw .malformed("it cannot be written") }
            }
            try writer.finish()
        } catch let error as CheckpointError { throw error } catch let error as StoreError {
            throw .store(error)
        } catch { throw .malformed("it cannot be written") }
    }

    /// Calls `body` with the encoded bytes of all blocks, in order; those that are only copied are checked here.
    private func forEachBlock(
        _ body: (ArraySlice<UInt8>) throws(CheckpointError) -> Void
    ) throws(CheckpointError) {
        func pass(_ row: CheckpointHead.Block, _ bytes: ArraySlice<UInt8>) throws(CheckpointError) {
            guard bytes.withUnsafeBytes({ SHA256.digest(of: $0) }) == row.digest else {
                throw .malformed("a block is not what its head says")
            }
            try body(bytes)
        }
        var rest = pieces[...]
        while let piece = rest.popFirst() {
            switch piece {
            case .held(let row, let bytes): try pass(row, bytes)
            case .stored(let checkpoint, let block):
                var blocks = [block]
                while case .stored(let other, let next)? = rest.first, other.name == checkpoint.name {
                    blocks.append(next)
                    rest.removeFirst()
                }
                try checkpoint.forEachStored(blocks[...]) { block, bytes throws(CheckpointError) in
                    try pass(block.row, bytes)
                }
            }
        }
    }
}

extension Checkpoint {
    /// `block`, its last one, once it is sure that it ends with the record that the head names.
    fileprivate func lastBlock(_ block: RawBlock) throws(CheckpointError) -> RawBlock {
        var hash: Digest?
        try block.forEachRecord { hash = SHA256.digest(of: $0) }
        guard hash == head.hash else { throw .malformed("its last record is not the one it names") }
        return block
    }
}
