// SPDX-License-Identifier: Apache-2.0
internal import RegHash
package import RegStore

/// The checkpoints of a registry, as their readers take them.
///
/// They hold the records of the log once more, in few objects. Nothing in them is trusted: the last record that is
/// taken from them has the hash that the log's own record of that number has, and each names the one before.
package struct Checkpoints: Sendable {
    let store: any ObjectStore
    let log: Log

    /// How many of the newest are tried before the log is read record by record.
    static let candidateCount = 3
    /// A chain that is longer is none that a writer makes.
    private static let chainLimit = 16
    /// Encoded records that are in memory at a time.
    private static let stretchByteCount: UInt64 = 64 << 20
    /// Records that are folded in one transaction, which others of the same clone wait for.
    private static let stretchRecordCount = 150_000
    /// Of a long checkpoint, one who knows many of its records reads only what is new.
    private static let wholeLimit: UInt64 = 1 << 20

    package init(store: any ObjectStore, log: Log) {
        self.store = store
        self.log = log
    }

    /// The names of the newest, newest first; with `last`, of those that end there or before.
    func newest(endingBy last: UInt64? = nil) throws(CheckpointError) -> [CheckpointName] {
        // All names of one that ends there begin with this one's first 20 digits and a dash.
        let before = last.map { ObjectKey.checkpointPrefix(last: $0) }
        do throws(StoreError) {
            let names = try store.names(
                in: .checkpoints, after: before, limit: 2 * Checkpoints.candidateCount)
            return Array(
                names.lazy.compactMap { CheckpointName($0) }.filter { $0.last <= last ?? .max }
                    .prefix(Checkpoints.candidateCount))
        } catch { throw .store(error) }
    }

    /// Records after `tail` from checkpoints; nil where there are none that help, whatever the reason.
    ///
    /// `useless`: the newest of chains that were tried already.
    package func stretch(
        after tail: Tail, passingOver useless: Set<CheckpointName> = []
    ) -> Stretch? {
        // Records that are read one by one cost no more than that.
        let leastLast = tail.number == 0 ? 1 : tail.number + 4
        // What a checkpoint cannot give, the log can, and says why where it cannot.
        let names = (try? newest()) ?? []
        for name in names where name.last >= leastLast && !useless.contains(name) {
            guard let anchor = try? log.hash(of: name.last),
                let chain = try? chain(to: name, anchor: anchor, after: tail),
                let stretch = try? stretch(of: chain, anchor: anchor, after: tail)
            else { continue }
            return stretch
        }
        return nil
    }

    /// The checkpoints from the one that holds the record after `tail` to `newest`.
    private func chain(
        to newest: CheckpointName, anchor: Digest, after tail: Tail
    ) throws(CheckpointError) -> [Checkpoint] {
        var chain: [Checkpoint] = []
        var next: CheckpointName? = newest
        var room = Checkpoints.stretchByteCount
        while let name = next, chain.count < Checkpoints.chainLimit {
            // Who has nothing yet needs everything.
            let limit = tail.number == 0 ? room : min(room, Checkpoints.wholeLimit)
            let checkpoint = try Checkpoint(name, from: store, wholeLimit: limit)
            if chain.isEmpty, checkpoint.head.hash != anchor {
                throw .malformed("its last record is not the log's")
            }
            if checkpoint.isWhole { room -= name.byteCount }
            chain.insert(checkpoint, at: 0)
            if checkpoint.head.first <= tail.number + 1 { return chain }
            next = checkpoint.head.previous
        }
        throw .malformed("the chain of checkpoints does not reach the record that is wanted")
    }

    /// As many blocks of `chain` as may be in memory, and the hash that the last of their records must have.
    private func stretch(
        of chain: [Checkpoint], anchor: Digest, after tail: Tail
    ) throws -> Stretch? {
        var blocks: [Stretch.Block] = []
        var byteCount: UInt64 = 0
        for checkpoint in chain {
            let new = checkpoint.blocks.drop { $0.last <= tail.number }
            let wanted = new.prefix { block in
                byteCount += UInt64(block.row.storedLength)
                return byteCount <= Checkpoints.stretchByteCount
                    && block.last - tail.number <= Checkpoints.stretchRecordCount
            }
            try checkpoint.forEachStored(wanted, inOneRequest: true) { block, bytes in
                blocks.append(Stretch.Block(block: block, bytes: bytes))
            }
            if wanted.count < new.count { break }
        }
        guard let last = blocks.last?.block.last else { return nil }
        let end = last == chain.last?.name.last ? anchor : try log.hash(of: last)
        guard let end, let newest = chain.last?.name else { return nil }
        return Stretch(
            log: log, start: tail, blocks: blocks, newest: newest, end: Tail(number: last, hash: end))
    }
}

/// Consecutive records out of checkpoints, still encoded.
package struct Stretch: Sendable {
    struct Block: Sendable {
        let block: Checkpoint.Block
        let bytes: ArraySlice<UInt8>
    }

    fileprivate let log: Log
    fileprivate let start: Tail
    fileprivate let blocks: [Block]
    /// The newest checkpoint of the chain that it is from.
    package let newest: CheckpointName
    /// Its last record as the log itself has it.
    package let end: Tail

    /// Whether checkpoints hold nothing after it.
    package var isLast: Bool { end.number == newest.last }

    /// How many records that do not name the one before may be held against the log.
    private static let anchorLimit = 16

    /// Calls `body` with the entries, as many at a time as a run has.
    ///
    /// Only when this returns is it sure that they are those of the log; what `body` did before an error must be
    /// undone.
    /// - Returns: the last record that was given: ``end``, or the one before a record that a later reg understands.
    package func forEachRun(_ body: ([LogEntry]) throws -> Void) throws -> Tail {
        var tail = start
        var anchorCount = 0
        var entries: [LogEntry] = []
        var byteCount = 0
        var isBeyond = false
        for block in blocks {
            var number = block.block.first
            try RawBlock(decoding: block.bytes, block.block.row).forEachRecord {
                bytes throws(CheckpointError) in
                defer { number += 1 }
                guard number > tail.number, !isBeyond else { return }
                let entry = try Stretch.entry(bytes, after: tail)
                if case .record = entry.reading {
                } else {
                    // It need not name the record before, so that nothing after it vouches for that.
                    anchorCount += 1
                    try check(tail, anchorCount)
                    if case .beyond = entry.reading {
                        isBeyond = true
                        return
                    }
                }
                entries.append(entry)
                byteCount += bytes.count
                tail = entry.tail
            }
            if isBeyond { break }
            if entries.count >= Log.runLength || byteCount >= Log.runByteCount {
                try body(entries)
                entries = []
                byteCount = 0
            }
        }
        try body(entries)
        guard isBeyond || tail == end else {
            throw CheckpointError.malformed("its records are not those of the log")
        }
        return tail
    }

    private static func entry(_ bytes: [UInt8], after tail: Tail) throws(CheckpointError) -> LogEntry {
        do { return try Log.entry(bytes, after: tail) } catch {
            throw .malformed("record \(tail.number + 1) does not follow the one before")
        }
    }

    private func check(_ tail: Tail, _ count: Int) throws(CheckpointError) {
        if tail == start { return }
        guard count <= Stretch.anchorLimit, let found = try? log.hash(of: tail.number), found == tail.hash
        else { throw .malformed("record \(tail.number) is not the log's") }
    }
}
