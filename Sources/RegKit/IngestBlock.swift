// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegChunk
internal import RegCodec
internal import RegFiles
internal import RegHash
internal import RegManifest
internal import RegPack

/// A file on its way into packs; its pieces may lie in several blocks.
final class IngestFile: @unchecked Sendable {  // stages pass it on with its blocks, in order
    /// Relative to the artifact.
    let path: BytePath
    let isExecutable: Bool
    /// As it was before the first byte was read; nil for bytes that are no file.
    let status: FileStatus?
    var byteCount: UInt64 = 0
    var hash: Digest?
    /// Sums up a file that is longer than one block.
    let hasher = SHA256()

    init(path: BytePath, isExecutable: Bool, status: FileStatus?) {
        self.path = path
        self.isExecutable = isExecutable
        self.status = status
    }
}

/// A few mebibytes of files, cut into chunks, on their way through the stages of ``Ingest``.
///
/// Owned by one stage at a time, which is what makes it safe to hand on between threads.
final class IngestBlock: @unchecked Sendable {
    static let capacity = 4 << 20
    static let stepLimit = 4096

    struct Chunk {
        let range: Range<Int>
        var id: Digest?
        /// Where the chunk lies already; nil for one that is to be stored.
        var known: Copy?
        var codec = CodecID.stored
        /// Of the coded bytes: in `coded`, or in `raw` for a stored chunk.
        var codedRange: Range<Int>
    }

    enum Step {
        /// A row that is complete as it is.
        case item(ManifestItem)
        /// The next chunks of a file: a range of `chunks`.
        case piece(IngestFile, Range<Int>, isFirst: Bool, isLast: Bool)
    }

    let raw = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 4096)
    private let coded = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 4096)
    private let encoder = Encoder()
    private let hasher = SHA256()
    var used = 0
    var chunks: [Chunk] = []
    var steps: [Step] = []

    deinit {
        raw.deallocate()
        coded.deallocate()
    }

    func clear() {
        used = 0
        chunks.removeAll(keepingCapacity: true)
        steps.removeAll(keepingCapacity: true)
    }

    var isEmpty: Bool { steps.isEmpty }

    func bytes(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: raw[range])
    }

    func codedBytes(of chunk: Chunk) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: (chunk.codec == .stored ? raw : coded)[chunk.codedRange])
    }

    /// The raw bytes of a piece.
    private func range(of piece: Range<Int>) -> Range<Int> {
        guard let first = piece.first, let last = piece.last else { return 0..<0 }
        return chunks[first].range.lowerBound..<chunks[last].range.upperBound
    }

    /// Goes on with the hash of the files that do not lie in this block whole.
    func hashLongFiles() {
        for case .piece(let file, let piece, let isFirst, let isLast) in steps where !(isFirst && isLast) {
            file.hasher.update(bytes(range(of: piece)))
            if isLast { file.hash = file.hasher.finish() }
        }
    }

    /// Hashes the chunks, and codes those that `find` does not know a copy of.
    func encode(find: (Digest) throws -> Copy?) throws {
        for index in chunks.indices {
            let range = chunks[index].range
            hasher.update(bytes(range))
            let id = hasher.finish()
            chunks[index].id = id
            chunks[index].known = try find(id)
            if chunks[index].known != nil { continue }
            let room = UnsafeMutableRawBufferPointer(rebasing: coded[range])
            let result = encoder.encodeChunk(bytes(range), into: room)
            chunks[index].codec = result.codec
            chunks[index].codedRange = range.lowerBound..<range.lowerBound + result.byteCount
        }
        hashWholeFiles()
    }

    /// A file of one chunk has the hash of the chunk: it is hashed once.
    private func hashWholeFiles() {
        for case .piece(let file, let piece, true, true) in steps {
            if piece.count == 1, let only = piece.first {
                file.hash = chunks[only].id
            } else {
                hasher.update(bytes(range(of: piece)))
                file.hash = hasher.finish()
            }
        }
    }
}
