// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegCodec
internal import RegHash
internal import RegLog
internal import RegStore
internal import RegTesting

/// A checkpoint: as it is, and with the hashes of its blocks made to fit; and the input as one raw block.
enum CheckpointTarget: FuzzTarget {
    static let name = "checkpoint"

    static func run(_ input: [UInt8]) {
        check(input)
        if let fitting = fitting(input) { check(fitting) }
        checkBlock(input)
    }

    /// Reads it as the newest of a registry whose log has no records: nothing may be taken from it.
    private static func check(_ bytes: [UInt8]) {
        guard let length = CheckpointHead.length(of: bytes), length <= bytes.count,
            let head = try? CheckpointHead(parsing: Array(bytes[..<length]))
        else { return }
        claim(head.encoded.elementsEqual(bytes[..<length]), "a head has one way of writing")
        let id = SHA256.digest(of: head.encoded)
        guard let name = CheckpointName(last: head.last, byteCount: UInt64(bytes.count), id: id) else {
            return
        }
        let store = MemoryStore([name.key: bytes])
        for limit in [0, UInt64.max] {
            guard let checkpoint = try? Checkpoint(name, from: store, wholeLimit: limit) else { continue }
            try? checkpoint.forEachStored(checkpoint.blocks[...]) { block, stored throws(CheckpointError) in
                try RawBlock(decoding: stored, block.row).forEachRecord { record throws(CheckpointError) in
                    claim(record.count <= Record.byteLimit, "records are within their limit")
                }
            }
        }
        let start = Tail(number: 0, hash: id)
        let stretch = Checkpoints(store: store, log: Log(store: store)).stretch(after: start)
        claim(stretch == nil, "what the log does not have is not taken")
    }

    /// The same head over whatever blocks follow, where those are there.
    private static func fitting(_ bytes: [UInt8]) -> [UInt8]? {
        guard let length = CheckpointHead.length(of: bytes), length <= bytes.count,
            let head = try? CheckpointHead(parsing: Array(bytes[..<length]))
        else { return nil }
        var offset = length
        var blocks: [CheckpointHead.Block] = []
        for block in head.blocks {
            guard block.storedLength <= bytes.count - offset else { return nil }
            let stored = Array(bytes[offset..<offset + block.storedLength])
            offset += block.storedLength
            blocks.append(
                CheckpointHead.Block(
                    recordCount: block.recordCount, storedLength: block.storedLength,
                    rawLength: block.rawLength, codec: block.codec, digest: SHA256.digest(of: stored)))
        }
        let other = CheckpointHead(
            first: head.first, last: head.last, hash: head.hash, previous: head.previous, blocks: blocks)
        return other.encoded + bytes[length..<offset]
    }

    /// Records that a raw block holds come back when they are put into another.
    private static func checkBlock(_ bytes: [UInt8]) {
        guard let count = bytes.first, count > 0, bytes.count > 1 else { return }
        let raw = Array(bytes[1...])
        let row = CheckpointHead.Block(
            recordCount: Int(count), storedLength: raw.count, rawLength: raw.count, codec: .stored,
            digest: SHA256.digest(of: raw))
        var records: [[UInt8]] = []
        do {
            try RawBlock(decoding: raw[...], row).forEachRecord { records.append($0) }
        } catch { return }
        var again = RawBlock()
        var prev = SHA256.digest(of: [0])
        for record in records {
            again.append(record, prev: prev)
            prev = SHA256.digest(of: record)
        }
        let (newRow, stored) = again.encoded(by: Encoder())
        var found: [[UInt8]] = []
        try? RawBlock(decoding: stored[...], newRow).forEachRecord { found.append($0) }
        claim(found == records, "records come back byte for byte")
    }

    static func seeds() throws -> [[UInt8]] {
        var seeds: [[UInt8]] = [[1, 0, 0], [2, 1, 2, 7, 0, 3, 1, 1]]
        let store = MemoryStore()
        let genesis = try RegistryInfo.create(in: store, time: "").hash
        var tail = Tail(number: 0, hash: genesis)
        var random = SeededRandom(seed: 1)
        for number in 1...40 as ClosedRange<UInt64> {
            let record = Record(
                id: try random.name(), number: number, prev: tail.hash, project: nil, author: "Ada", time: "",
                operations: [])
            let bytes = number % 7 == 0 ? random.bytes(Int(number)) : record.encoded
            _ = try store.create(.record(number), bytes)
            tail = Tail(number: number, hash: SHA256.digest(of: bytes))
            try Checkpoints(store: store, log: Log(store: store)).extend(to: tail, bytes, genesis: genesis)
        }
        for key in store.keys where key.directory == "checkpoints" {
            guard let bytes = store[key] else { throw SeedError() }
            seeds.append(bytes)
        }
        return seeds
    }
}
