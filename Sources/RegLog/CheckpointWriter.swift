// SPDX-License-Identifier: Apache-2.0
internal import RegCodec
package import RegHash
internal import RegStore

extension Checkpoints {
    /// A log of fewer records is read record by record.
    private static let leastCount: UInt64 = 6
    /// Writers of every second record make a checkpoint.
    private static let step: UInt64 = 2
    /// Records that one writer reads where each is a request to a server: a chain that was lost is made anew in pieces.
    private static let requestLimit: UInt64 = 10_000
    /// What a checkpoint shorter than this many times the new records is merged with.
    private static let mergeFactor: UInt64 = 32
    /// Shorter ones are merged in any case.
    private static let leastByteCount: UInt64 = 32 << 10

    /// Makes a checkpoint that ends at `tail`, whose stored bytes are `record`, where it is time for one.
    ///
    /// To be called by the writer of that record. `genesis`: the hash of `registry.json`.
    package func extend(to tail: Tail, _ record: [UInt8], genesis: Digest) throws(CheckpointError) {
        guard tail.number >= Checkpoints.leastCount, tail.number % Checkpoints.step == 0 else { return }
        for name in try newest(endingBy: tail.number - Checkpoints.step) {
            do throws(CheckpointError) {
                let base = try Checkpoint(name, from: store, wholeLimit: CheckpointDraft.heldLimit)
                return try write(
                    after: Tail(number: name.last, hash: base.head.hash), to: tail, record, base: base)
            } catch {
                if !error.isDamage { throw error }
            }
        }
        try write(after: Tail(number: 0, hash: genesis), to: tail, record, base: nil)
    }

    private func write(
        after start: Tail, to tail: Tail, _ record: [UInt8], base: Checkpoint?
    ) throws(CheckpointError) {
        var draft = CheckpointDraft(after: start, previous: base?.name)
        try read(after: start, before: tail, into: &draft)
        if draft.tail.number + 1 == tail.number { draft.append(record, tail) }
        draft.close()
        var next = base?.name
        while let name = next,
            name.byteCount < max(Checkpoints.mergeFactor * draft.byteCount, Checkpoints.leastByteCount)
        {
            var older = base
            if name != base?.name {
                older = try Checkpoint(name, from: store, wholeLimit: CheckpointDraft.heldLimit)
            }
            guard let older, older.head.blocks.count + draft.blockCount <= CheckpointHead.blockLimit else {
                break
            }
            try draft.merge(older)
            next = older.head.previous
        }
        try draft.write(to: store)
    }

    /// Reads the records between `start` and `tail`.
    private func read(
        after start: Tail, before tail: Tail, into draft: inout CheckpointDraft
    ) throws(CheckpointError) {
        let limit = log.isListed ? Checkpoints.requestLimit : .max
        let end = start.number + min(limit, tail.number - 1 - start.number)
        while draft.tail.number < end, draft.byteCount < CheckpointDraft.newByteLimit {
            let first = draft.tail.number + 1
            for result in log.wave(from: first, count: Int(end - draft.tail.number)) {
                do throws(LogError) {
                    guard let bytes = try result.get() else {
                        throw .missing(number: first, later: tail.number)
                    }
                    draft.append(bytes, try Log.entry(bytes, after: draft.tail).tail)
                } catch {
                    if case .store(let error) = error { throw .store(error) }
                    throw .malformed("it does not go with the log")
                }
            }
        }
    }
}

extension CheckpointError {
    /// Whether a checkpoint is not what it should be, or not there; else it could not be read.
    package var isDamage: Bool {
        switch self {
        case .malformed, .store(.notFound), .store(.short), .store(.tooLarge): true
        case .store: false
        }
    }
}
