// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegCatalog
internal import RegCodec
internal import RegFiles
internal import RegHash
internal import RegJobs
internal import RegManifest
internal import RegPack

/// A file on its way out of packs.
final class PullFile: @unchecked Sendable {  // stages pass it on with its blocks, in order
    /// Relative to the root of the pull.
    let path: BytePath
    let directory: Descriptor
    /// Set when its row comes, with its last piece.
    var hash = SHA256.digest(of: [])
    var isExecutable = false
    /// Sums up a file that comes in several pieces.
    let hasher = SHA256()
    var found: Digest?
    /// What an earlier run may have left of a long file.
    let part: PartFile?
    /// How far the file is fed, in bytes.
    fileprivate var fedByteCount: UInt64 = 0
    /// Whether all bytes so far were in the part.
    var isInPart = true

    init(path: BytePath, directory: Descriptor, part: PartFile?) {
        self.path = path
        self.directory = directory
        self.part = part
    }

    var content: Content { .file(hash, isExecutable: isExecutable) }

    /// From this size on a file is gone on with where an earlier run has left it.
    static let partThreshold: UInt64 = 4 << 20

    /// The name of what a killed pull leaves of the file `name`, whatever its content: chunks are checked one by one,
    /// so what an unfinished version shares with this one is kept.
    static func partName(of name: BytePath) -> BytePath {
        RegFiles.partName(SHA256.digest(of: name.bytes).beginning)
    }
}

/// A few mebibytes of chunks, in the order of their files, on their way through the stages of ``Puller``.
///
/// Owned by one stage at a time, which is what makes it safe to hand on between threads.
final class PullBlock: @unchecked Sendable {
    /// A block is sent on when it holds this much, in bytes.
    ///
    /// What a killed pull has fetched and not yet written is fetched again, so this is not larger than it need be.
    static let target = 1 << 20
    /// Room for one more chunk, of the longest that the format allows.
    static let capacity = target + 8 << 20
    static let stepLimit = 4096

    struct Chunk {
        let row: ChunkRow
        /// Of the raw bytes.
        let range: Range<Int>
        /// The file that may have the bytes already, and where.
        var part: (file: PartFile, offset: UInt64)?
        /// Whether it had them.
        var isInPart = false
    }

    enum Step {
        /// The next chunks of a file: a range of `chunks`.
        case piece(PullFile, Range<Int>, isFirst: Bool, isLast: Bool)
    }

    private let raw = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 4096)
    private let stored = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 4096)
    private let hasher = SHA256()
    private(set) var used = 0
    private(set) var chunks: [Chunk] = []
    private(set) var steps: [Step] = []
    /// Directories of its files, which stay open as long as it is on its way.
    private var directoryCount = 0
    private var lastDirectory: Descriptor?
    private let directoryLimit: Int

    /// `directoryLimit`: how many directories it may keep open, and one more.
    init(directoryLimit: Int = .max) { self.directoryLimit = directoryLimit }

    deinit {
        raw.deallocate()
        stored.deallocate()
    }

    func clear() {
        used = 0
        chunks.removeAll(keepingCapacity: true)
        steps.removeAll(keepingCapacity: true)
        directoryCount = 0
        lastDirectory = nil
    }

    var isFull: Bool {
        used >= PullBlock.target || steps.count >= PullBlock.stepLimit || directoryCount > directoryLimit
    }

    func append(_ step: Step) {
        steps.append(step)
        guard case .piece(let file, _, _, _) = step, file.directory !== lastDirectory else { return }
        lastDirectory = file.directory
        directoryCount += 1
    }

    func append(_ row: ChunkRow) {
        let range = used..<used + Int(row.rawLength)
        chunks.append(Chunk(row: row, range: range))
        used = range.upperBound
    }

    /// Appends the next chunk of a file.
    func append(_ row: ChunkRow, of file: PullFile) {
        append(row)
        if let part = file.part { chunks[chunks.count - 1].part = (part, file.fedByteCount) }
        file.fedByteCount += UInt64(row.rawLength)
    }

    func bytes(of piece: Range<Int>) -> UnsafeRawBufferPointer {
        guard let first = piece.first, let last = piece.last else {
            return UnsafeRawBufferPointer(start: nil, count: 0)
        }
        let range = chunks[first].range.lowerBound..<chunks[last].range.upperBound
        return UnsafeRawBufferPointer(rebasing: raw[range])
    }

    func hash(_ bytes: UnsafeRawBufferPointer) -> Digest {
        hasher.update(bytes)
        return hasher.finish()
    }

    func hashLongFiles() {
        for case .piece(let file, let range, let isFirst, let isLast) in steps where !(isFirst && isLast) {
            file.hasher.update(bytes(of: range))
            if isLast { file.found = file.hasher.finish() }
        }
    }

    // MARK: Reading

    /// Reads and decodes all chunks; those that lie side by side in a pack in one request.
    func read(_ copies: CopyReader) throws {
        for index in chunks.indices { try readFromPart(&chunks[index]) }
        var start = 0
        while start < chunks.count {
            var end = start + 1
            defer { start = end }
            if chunks[start].isInPart { continue }
            var byteCount = try storedByteCount(of: chunks[start].row)
            while end < chunks.count, !chunks[end].isInPart,
                isNext(chunks[end].row.copy, after: chunks[end - 1].row.copy)
            {
                let more = try storedByteCount(of: chunks[end].row)
                if byteCount + more > stored.count { break }
                byteCount += more
                end += 1
            }
            try readRun(start..<end, byteCount: byteCount, copies)
        }
    }

    /// Takes a chunk from where an earlier run has left it, if those bytes have its hash.
    private func readFromPart(_ chunk: inout Chunk) throws {
        guard let (file, offset) = chunk.part, offset < file.byteCount else { return }
        let room = UnsafeMutableRawBufferPointer(rebasing: raw[chunk.range])
        chunk.isInPart =
            try file.read(into: room, at: offset) == room.count
            && hash(UnsafeRawBufferPointer(room)) == chunk.row.id
    }

    private func isNext(_ copy: Copy, after last: Copy) -> Bool {
        copy.pack == last.pack && copy.offset == last.end
    }

    /// The stored length, once it is sure that it can give the raw length.
    private func storedByteCount(of row: ChunkRow) throws -> Int {
        let copy = row.copy
        let count = Int(copy.storedLength)
        let rawLength = Int(row.rawLength)
        do {
            try copy.codec.checkLengths(stored: count, raw: rawLength)
        } catch { throw RegError.codec(error, of: PullBlock.subject(of: row)) }
        // No encoder makes a chunk longer than this, and there is room for no more.
        guard count <= CodecLimit.storedByteCount(raw: rawLength), count <= stored.count else {
            throw RegError(.corrupt, "\(PullBlock.subject(of: row)) is damaged: it is longer than it can be")
        }
        return count
    }

    private static func subject(of row: ChunkRow) -> String {
        "the chunk at byte \(row.copy.offset) of pack \(row.copy.pack.hex)"
    }

    private func readRun(_ run: Range<Int>, byteCount: Int, _ copies: CopyReader) throws {
        let first = chunks[run.lowerBound]
        if chunks[run].allSatisfy({ $0.row.copy.codec == .stored }) {
            // Stored chunks in order are their raw bytes in order.
            let whole = first.range.lowerBound..<first.range.lowerBound + byteCount
            return try copies.read(
                first.row.copy.pack, at: first.row.copy.offset,
                into: UnsafeMutableRawBufferPointer(rebasing: raw[whole]))
        }
        let source = UnsafeMutableRawBufferPointer(rebasing: stored[..<byteCount])
        try copies.read(first.row.copy.pack, at: first.row.copy.offset, into: source)
        var offset = 0
        for chunk in chunks[run] {
            let copy = chunk.row.copy
            let part = UnsafeRawBufferPointer(rebasing: source[offset..<offset + Int(copy.storedLength)])
            do {
                try copy.codec.decode(part, into: UnsafeMutableRawBufferPointer(rebasing: raw[chunk.range]))
            } catch { throw RegError.codec(error, of: PullBlock.subject(of: chunk.row)) }
            offset += part.count
        }
    }

    /// Whether a chunk's copy can be read and gives the bytes that its id names.
    func isSound(_ row: ChunkRow, copies: CopyReader) throws -> Bool {
        clear()
        append(row)
        do { try read(copies) } catch let error as RegError where error.kind == .corrupt { return false }
        return hash(bytes(of: 0..<1)) == row.id
    }
}

/// Fills blocks with the chunks of files, in order, and sends them on.
struct PullFeeder {
    private let pipeline: Pipeline<PullBlock>
    private var current: PullBlock?
    /// The file whose parts came, but not its row.
    private var open: PullFile?

    init(_ pipeline: Pipeline<PullBlock>) { self.pipeline = pipeline }

    mutating func feed(_ item: ManifestItem, path: BytePath, directory: Descriptor?) throws {
        guard let directory else { preconditionFailure("a directory that was to be made is not there") }
        var isFirst = open == nil
        let file = try open ?? PullFile(path: path, directory: directory, part: part(of: item, in: directory))
        open = file
        var rest = item.chunks[...]
        repeat {
            let block = try block()
            let start = block.chunks.count
            while let chunk = rest.first, !block.isFull {
                block.append(chunk, of: file)
                rest.removeFirst()
            }
            let isLast = try rest.isEmpty && end(file, with: item)
            block.append(.piece(file, start..<block.chunks.count, isFirst: isFirst, isLast: isLast))
            isFirst = false
        } while !rest.isEmpty
    }

    /// The file to go on with where `item` is the first of a long file.
    private func part(of item: ManifestItem, in directory: Descriptor) throws -> PartFile? {
        if case .row(let row, _) = item {
            guard case .file(let size, _, _) = row.kind, size >= PullFile.partThreshold else { return nil }
        }
        return try PartFile.open(PullFile.partName(of: item.path.lastComponent), in: directory)
    }

    /// Takes over what the row says of its file; false for a part, which ends nothing.
    private mutating func end(_ file: PullFile, with item: ManifestItem) throws -> Bool {
        guard case .row(let row, _) = item, case .file(_, let hash, let isExecutable) = row.kind else {
            return false
        }
        file.hash = hash
        file.isExecutable = isExecutable
        open = nil
        return true
    }

    private mutating func block() throws -> PullBlock {
        if let block = current, !block.isFull { return block }
        try flush()
        let block = try pipeline.acquire()
        block.clear()
        current = block
        return block
    }

    mutating func flush() throws {
        guard let block = current else { return }
        current = nil
        pipeline.submit(block)
    }
}
