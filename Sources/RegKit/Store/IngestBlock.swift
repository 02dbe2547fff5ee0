// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegChunk
internal import RegCodec
internal import RegDiff
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
    /// What its chunks may be coded against.
    let base: BaseFile?
    /// What is found of its tensors; nil for a file without.
    let sums: TensorSums?
    /// Whether that is all known before it is cut.
    let isMeasured: Bool
    var byteCount: UInt64 = 0
    var hash: Digest?
    /// Sums up a file that is longer than one block.
    let hasher = SHA256()

    init(
        path: BytePath, isExecutable: Bool, status: FileStatus?, base: BaseFile? = nil,
        sums: TensorSums? = nil, isMeasured: Bool = false
    ) {
        self.path = path
        self.isExecutable = isExecutable
        self.status = status
        self.base = base
        self.sums = sums
        self.isMeasured = isMeasured
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
        /// Where it begins in its file, in bytes.
        let offset: UInt64
        var id: Digest?
        /// Where the chunk lies already; nil for one that is to be stored.
        var known: Copy?
        var codec = CodecID.stored
        /// What it is coded against.
        var base: Copy.Base?
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
    private let bases = BaseReader()
    private let hasher = SHA256()
    var used = 0
    var chunks: [Chunk] = []
    var steps: [Step] = []
    /// What was found of the parts of tensors in this block, in order.
    private(set) var moments: [(file: IngestFile, tensor: Int, Moments)] = []

    deinit {
        raw.deallocate()
        coded.deallocate()
    }

    func clear() {
        used = 0
        chunks.removeAll(keepingCapacity: true)
        steps.removeAll(keepingCapacity: true)
        moments.removeAll(keepingCapacity: true)
    }

    var isEmpty: Bool { steps.isEmpty }

    func bytes(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: raw[range])
    }

    func codedBytes(of chunk: Chunk) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: (chunk.codec == .stored ? raw : coded)[chunk.codedRange])
    }

    func bytes(ofPiece piece: Range<Int>) -> UnsafeRawBufferPointer { bytes(range(of: piece)) }

    /// Where the raw bytes of a piece are.
    private func range(of piece: Range<Int>) -> Range<Int> {
        guard let first = piece.first, let last = piece.last else { return 0..<0 }
        return chunks[first].range.lowerBound..<chunks[last].range.upperBound
    }

    /// Goes on with the hash of the files that do not lie in this block whole.
    func hashLongFiles() {
        for case .piece(let file, let piece, let isFirst, let isLast) in steps where !(isFirst && isLast) {
            file.hasher.update(bytes(ofPiece: piece))
            if isLast { file.hash = file.hasher.finish() }
        }
    }

    /// Measures the tensors of containers.
    func measureTensors() {
        for case .piece(let file, let piece, _, _) in steps {
            guard let sums = file.sums, !file.isMeasured, let first = piece.first else { continue }
            sums.tensors.measure(bytes(range(of: piece)), at: chunks[first].offset) {
                moments.append((file, $0, $1))
            }
        }
    }

    /// Hashes the chunks, and codes those that `index` does not know a copy of.
    func encode(_ index: ChunkIndex) throws {
        for (number, id) in SHA256.digests(of: chunks.map { bytes($0.range) }).enumerated() {
            chunks[number].id = id
            chunks[number].known = try index.copy(of: id)
        }
        for step in steps {
            guard case .piece(let file, let piece, _, _) = step else { continue }
            let candidates = try file.base.map { try self.candidates(of: piece, in: $0, index) } ?? [:]
            for number in piece where chunks[number].known == nil {
                try encode(number, against: candidates[number], likeness: file.base?.likeness, index)
            }
        }
        hashWholeFiles()
    }

    /// What the new chunks of a piece may be coded against.
    private func candidates(
        of piece: Range<Int>, in base: BaseFile, _ index: ChunkIndex
    ) throws -> [Int: ChunkRow] {
        let places = piece.compactMap { number in
            chunks[number].id.map { id in
                let start = chunks[number].offset
                return BaseFile.Place(id: id, range: start..<start + UInt64(chunks[number].range.count))
            }
        }
        var found: [Int: ChunkRow] = [:]
        for (number, row) in zip(piece, base.bases(for: places)) where chunks[number].known == nil {
            if let row, try index.isFitForBase(row.copy) { found[number] = row }
        }
        // From a disk they come as fast one by one, and take less memory.
        if index.copies.isNetworked { try bases.readAhead(found.values.map(\.copy), index.copies) }
        return found
    }

    private func encode(
        _ number: Int, against row: ChunkRow?, likeness: Likeness?, _ index: ChunkIndex
    ) throws {
        let range = chunks[number].range
        let room = UnsafeMutableRawBufferPointer(rebasing: coded[range])
        let result: Encoder.Result
        if let row, let likeness, let raw = try baseBytes(row, index) {
            result = encoder.encodeChunk(bytes(range), base: raw, likeness, into: room)
            if result.codec.needsBase { chunks[number].base = Copy.Base(row.copy, rawLength: row.rawLength) }
        } else {
            result = encoder.encodeChunk(bytes(range), into: room)
        }
        chunks[number].codec = result.codec
        chunks[number].codedRange = range.lowerBound..<range.lowerBound + result.byteCount
    }

    /// The raw bytes of a base; nil where they are not what its id says: nothing is to depend on them then.
    private func baseBytes(_ row: ChunkRow, _ index: ChunkIndex) throws -> UnsafeRawBufferPointer? {
        let raw: UnsafeRawBufferPointer
        do { raw = try bases.bytes(of: Copy.Base(row.copy, rawLength: row.rawLength), index.copies) } catch {
            guard RegError.explaining(error).kind == .corrupt else { throw error }
            return nil
        }
        hasher.update(raw)
        return hasher.finish() == row.id ? raw : nil
    }

    /// A file of one chunk has the hash of the chunk: it is hashed once.
    private func hashWholeFiles() {
        for case .piece(let file, let piece, true, true) in steps {
            if piece.count == 1, let only = piece.first {
                file.hash = chunks[only].id
            } else {
                hasher.update(bytes(ofPiece: piece))
                file.hash = hasher.finish()
            }
        }
    }
}
