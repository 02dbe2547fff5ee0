// SPDX-License-Identifier: Apache-2.0
internal import RegCodec
internal import RegFiles
internal import RegHash
internal import RegManifest
internal import RegPack
internal import RegStore

extension PullBlock {
    /// Chunks of one pack that are read in one request.
    private struct Run {
        /// Of the block's chunks.
        var chunks: Range<Int>
        let pack: PackName
        /// In the pack.
        let start: UInt64
        var end: UInt64

        var byteCount: Int { Int(end - start) }
    }

    /// Reads and decodes all chunks; those that lie near each other in a pack in one request.
    ///
    /// `onReady`: called as chunks get ready, for whoever wants not to wait for the rest.
    func read(_ copies: CopyReader, onReady: () throws -> Void = {}) throws {
        for index in chunks.indices { try readFromPart(&chunks[index]) }
        try readBases(copies)
        isVerified = true
        var next = 0
        while next < chunks.count {
            if chunks[next].isInPart {
                next += 1
                readyCount = next
                continue
            }
            let run = try run(from: next, gap: copies.gapLimit)
            try read(run, copies, onReady)
            next = run.chunks.upperBound
        }
        try onReady()
    }

    private func readBases(_ copies: CopyReader) throws {
        let based = chunks.filter { !$0.isInPart && $0.row.copy.base != nil }
        if based.isEmpty { return }
        try bases.readAhead(based.compactMap(\.row.copy.base?.copy), copies)
    }

    /// Takes a chunk from where an earlier run has left it, if those bytes have its hash.
    private func readFromPart(_ chunk: inout Chunk) throws {
        guard let file = chunk.part, chunk.offset < file.byteCount else { return }
        let room = UnsafeMutableRawBufferPointer(rebasing: raw[chunk.range])
        chunk.isInPart =
            try file.read(into: room, at: chunk.offset) == room.count
            && hash(UnsafeRawBufferPointer(room)) == chunk.row.id
    }

    /// The longest run that begins with a chunk and passes over no more than `gap` bytes at a time.
    private func run(from first: Int, gap: UInt64) throws -> Run {
        let copy = chunks[first].row.copy
        try checkLengths(of: chunks[first].row)
        var run = Run(chunks: first..<first + 1, pack: copy.pack, start: copy.offset, end: copy.end)
        while run.chunks.upperBound < chunks.count, !chunks[run.chunks.upperBound].isInPart {
            let row = chunks[run.chunks.upperBound].row
            try checkLengths(of: row)
            guard row.copy.pack == run.pack, row.copy.offset >= run.end, row.copy.offset - run.end <= gap,
                row.copy.end - run.start <= UInt64(stored.count)
            else { break }
            run.chunks = first..<run.chunks.upperBound + 1
            run.end = row.copy.end
        }
        return run
    }

    /// Makes sure that the stored length can give the raw length, and that there is room for it.
    private func checkLengths(of row: ChunkRow) throws {
        let count = Int(row.copy.storedLength)
        let rawLength = Int(row.rawLength)
        do { try row.copy.codec.checkLengths(stored: count, raw: rawLength) } catch {
            throw RegError.codec(error, of: row.copy.subject)
        }
        // No encoder makes a chunk longer than this, and there is room for no more.
        guard count <= CodecLimit.storedByteCount(raw: rawLength), count <= stored.count else {
            throw RegError(.corrupt, "\(row.copy.subject) is damaged: it is longer than it can be")
        }
    }

    private func read(_ run: Run, _ copies: CopyReader, _ onReady: () throws -> Void) throws {
        let verifies = try copies.isRemote(run.pack)
        if !verifies { isVerified = false }
        // Stored chunks in order are their raw bytes in order.
        let isPlain = isPlain(run)
        let target =
            isPlain
            ? raw[chunks[run.chunks.lowerBound].range.lowerBound...].prefix(run.byteCount)
            : stored[..<run.byteCount]
        let buffer = UnsafeMutableRawBufferPointer(rebasing: target)
        var next = run.chunks.lowerBound
        var failure: (any Error)?
        /// Takes what has come; stops at the first chunk that is wrong.
        func take(_ count: Int) {
            while failure == nil, next < run.chunks.upperBound,
                chunks[next].row.copy.end - run.start <= UInt64(count)
            {
                do {
                    if !isPlain { try decode(chunks[next], from: buffer, startingAt: run.start, copies) }
                    // The hash of a long file tells as much; the next attempt then finds the chunk in its part.
                    if verifies, chunks[next].part == nil { try verify(chunks[next]) }
                    next += 1
                    readyCount = next
                    try onReady()
                } catch { failure = error }
            }
        }
        try copies.read(run.pack, at: run.start, into: buffer, arrived: take)
        while let problem = failure {
            guard verifies, (problem as? RegError)?.kind == .corrupt else { throw problem }
            failure = nil
            // Once more, by another way: it may have been damaged on this one.
            try readAgain(chunks[next], copies)
            next += 1
            readyCount = next
            try onReady()
            take(run.byteCount)
        }
    }

    private func isPlain(_ run: Run) -> Bool {
        var place = chunks[run.chunks.lowerBound].range.lowerBound
        var offset = run.start
        return chunks[run.chunks].allSatisfy { chunk in
            let copy = chunk.row.copy
            defer { (place, offset) = (chunk.range.upperBound, copy.end) }
            return copy.codec == .stored && copy.offset == offset && chunk.range.lowerBound == place
        }
    }

    private func decode(
        _ chunk: Chunk, from buffer: UnsafeMutableRawBufferPointer, startingAt start: UInt64,
        _ copies: CopyReader, _ mode: ReadMode = .usual
    ) throws {
        let copy = chunk.row.copy
        let first = Int(copy.offset - start)
        let part = UnsafeRawBufferPointer(rebasing: buffer[first..<first + Int(copy.storedLength)])
        let base = try copy.base.map { try bases.bytes(of: $0, copies, mode) }
        do {
            try copy.codec.decode(
                part, base: base, into: UnsafeMutableRawBufferPointer(rebasing: raw[chunk.range]))
        } catch { throw RegError.codec(error, of: copy.subject) }
    }

    private func verify(_ chunk: Chunk) throws {
        let found = id(of: chunk)
        guard found == chunk.row.id else {
            throw RegError(
                .corrupt,
                "\(chunk.row.copy.subject) is damaged: its hash is \(found.short)…, not \(chunk.row.id.short)…",
                hint: "nothing of it was written; see what else it hurts: reg verify --data")
        }
    }

    private func readAgain(_ chunk: Chunk, _ copies: CopyReader) throws {
        let copy = chunk.row.copy
        var bytes = [UInt8](repeating: 0, count: Int(copy.storedLength))
        try bytes.withUnsafeMutableBytes { try copies.read(copy.pack, at: copy.offset, into: $0, .again) }
        try bytes.withUnsafeMutableBytes {
            try decode(chunk, from: $0, startingAt: copy.offset, copies, .again)
        }
        try verify(chunk)
    }

    /// Whether a chunk's copy can be read and gives the bytes that its id names.
    func isSound(_ row: ChunkRow, copies: CopyReader) throws -> Bool {
        clear()
        append(row)
        do { try read(copies) } catch let error as RegError where error.kind == .corrupt { return false }
        return hash(bytes(of: 0..<1)) == row.id
    }
}
