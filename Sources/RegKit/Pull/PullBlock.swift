// SPDX-License-Identifier: Apache-2.0
internal import RegCodec
internal import RegFiles
internal import RegHash
internal import RegManifest
internal import RegPack

/// A few mebibytes of chunks, in the order of their files, on their way through the stages of ``Puller``.
///
/// Owned by one stage at a time, which is what makes it safe to hand on between threads.
final class PullBlock: @unchecked Sendable {
    /// A block is sent on when its chunks' stored lengths come to this much, in bytes.
    static let usualTarget = 1 << 20
    /// The same where each request to a server takes its time, for one of `count` blocks.
    static func remoteTarget(sharedBy count: Int) -> Int {
        max(usualTarget, min(4 << 20, (48 << 20) / count))
    }
    private static let stepLimit = 4096
    /// Pieces of long files are written when they have this much, in bytes, or their block ends.
    static let writeSize = 512 << 10

    struct Chunk {
        let row: ChunkRow
        /// Whether it is a page, which has an id of its own kind.
        let isPage: Bool
        /// Of the raw bytes.
        let range: Range<Int>
        /// Where it begins in its file, in bytes.
        let offset: UInt64
        /// The file that may have the bytes already.
        var part: PartFile?
        /// Whether it had them.
        var isInPart = false
    }

    enum Step {
        /// The next chunks of a file: a range of `chunks`.
        case piece(PullFile, Range<Int>, isFirst: Bool, isLast: Bool)
    }

    private let target: Int
    /// A block is sent on as well when it holds this much, in bytes, however short its chunks are stored.
    private var rawTarget: Int { 2 * target }
    let raw: UnsafeMutableRawBufferPointer
    /// For what was read and is not decoded yet.
    let stored: UnsafeMutableRawBufferPointer
    let bases = BaseReader()
    private let hasher = SHA256()
    private var used = 0
    private var storedByteCount = 0
    var chunks: [Chunk] = []
    private(set) var steps: [Step] = []
    /// How many chunks have their bytes, from the first one on.
    var readyCount = 0
    /// Whether the ready chunks were checked against their ids, but for those of long files.
    var isVerified = false
    /// Directories of its files, which stay open as long as it is on its way.
    private var directoryCount = 0
    private var lastDirectory: Descriptor?
    private let directoryLimit: Int

    /// `directoryLimit`: how many directories it may keep open, and one more.
    init(target: Int = usualTarget, directoryLimit: Int = .max) {
        self.target = target
        self.directoryLimit = directoryLimit
        // Room for one more chunk, of the longest that the format allows.
        let room = 8 << 20 + 2 * PieceFile.alignment
        raw = .allocate(byteCount: 2 * target + room, alignment: PieceFile.alignment)
        stored = .allocate(byteCount: target + room, alignment: PieceFile.alignment)
    }

    deinit {
        raw.deallocate()
        stored.deallocate()
    }

    func clear() {
        used = 0
        storedByteCount = 0
        chunks.removeAll(keepingCapacity: true)
        steps.removeAll(keepingCapacity: true)
        readyCount = 0
        isVerified = false
        directoryCount = 0
        lastDirectory = nil
    }

    var isFull: Bool {
        storedByteCount >= target || used >= rawTarget || steps.count >= PullBlock.stepLimit
            || directoryCount > directoryLimit
    }

    func append(_ step: Step) {
        steps.append(step)
        guard case .piece(let file, _, _, _) = step, file.directory !== lastDirectory else { return }
        lastDirectory = file.directory
        directoryCount += 1
    }

    /// Appends a chunk, or a page, of no file.
    func append(_ row: ChunkRow, isPage: Bool = false) { append(row, isPage: isPage, at: 0, nil) }

    private func append(_ row: ChunkRow, isPage: Bool, at offset: UInt64, _ part: PartFile?) {
        let range = used..<used + Int(row.rawLength)
        chunks.append(Chunk(row: row, isPage: isPage, range: range, offset: offset, part: part))
        used = range.upperBound
        // What claims more is refused when it is read.
        storedByteCount += min(
            Int(row.copy.storedLength), CodecLimit.storedByteCount(raw: Int(row.rawLength)))
        for base in row.copy.chain.dropLast() { storedByteCount += Int(base.storedLength) }
    }

    /// Makes the next piece, of a long file, lie in memory as it does in its file, so that it can be written directly.
    func align(for file: PullFile) {
        let step = PieceFile.alignment
        used = (used + step - 1) / step * step + Int(file.fedByteCount % UInt64(step))
    }

    /// Appends the next chunk of a file.
    func append(_ row: ChunkRow, of file: PullFile) {
        append(row, isPage: false, at: file.fedByteCount, file.part)
        file.fedByteCount += UInt64(row.rawLength)
    }

    func bytes(of piece: Range<Int>) -> UnsafeRawBufferPointer {
        guard let first = piece.first, let last = piece.last else {
            return UnsafeRawBufferPointer(start: nil, count: 0)
        }
        let range = chunks[first].range.lowerBound..<chunks[last].range.upperBound
        return UnsafeRawBufferPointer(rebasing: raw[range])
    }

    /// Chunks of `piece`, of a long file, as they are to be written: what lies at an end that is not the piece's own, and
    /// shares a block of the disk with a neighbour there, is written with the neighbour that comes later.
    ///
    /// - Returns: the bytes, and where in the file they begin.
    func directBytes(of run: Range<Int>, in piece: Range<Int>) -> (
        bytes: UnsafeRawBufferPointer, offset: UInt64
    ) {
        let step = PieceFile.alignment
        let (first, last) = (chunks[run.lowerBound], chunks[run.upperBound - 1])
        let start = max(chunks[piece.lowerBound].range.lowerBound, first.range.lowerBound / step * step)
        let isFollowed = run.upperBound < piece.upperBound && !chunks[run.upperBound].isInPart
        let end = isFollowed ? last.range.upperBound / step * step : last.range.upperBound
        return (
            UnsafeRawBufferPointer(rebasing: raw[start..<max(start, end)]),
            first.offset - UInt64(first.range.lowerBound - start)
        )
    }

    func hash(_ bytes: UnsafeRawBufferPointer) -> Digest {
        hasher.update(bytes)
        return hasher.finish()
    }

    /// What the bytes of a chunk, or page, are named by.
    func id(of chunk: Chunk) -> Digest {
        let bytes = UnsafeRawBufferPointer(rebasing: raw[chunk.range])
        return chunk.isPage ? Page.id(of: Array(bytes)) : hash(bytes)
    }

    /// The hash of a file that is whole in this block.
    func hash(ofFile piece: Range<Int>) -> Digest {
        if isVerified, piece.count == 1, let only = piece.first, chunks[only].part == nil {
            return chunks[only].row.id
        }
        return hash(bytes(of: piece))
    }

    func hashLongFiles() {
        for case .piece(let file, let range, let isFirst, let isLast) in steps where !(isFirst && isLast) {
            file.hasher.update(bytes(of: range))
            if isLast { file.found = file.hasher.finish() }
        }
    }
}
