// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegCodec
internal import RegDiff
internal import RegFiles
internal import RegHash
internal import RegLock
internal import RegManifest
internal import RegTensor

/// A file of one side, whose bytes can be read.
struct DiffFile {
    let side: DiffSide
    let row: DiffRow
}

/// A file on both sides, with other bytes.
struct DiffFilePair {
    let artifact: String
    let old: DiffFile
    let new: DiffFile

    var path: BytePath { new.row.row.path }
}

/// The files of an artifact that differ and may be compared by what is in them.
struct DiffContents {
    let artifact: String
    let pairs: [DiffFilePair]
    /// Those that only one side has.
    let removed: [DiffFile]
    let added: [DiffFile]
}

/// A file that differs, or that only one side has.
struct DiffFileChange {
    let artifact: String
    let old: DiffFile?
    let new: DiffFile?

    /// In the newer version, or in the older one where it was removed.
    var path: BytePath { (new ?? old)?.row.row.path ?? BytePath([]) }

    /// For messages.
    var subject: String { (new ?? old)?.subject ?? "" }

    /// Of both sides.
    var byteCount: UInt64 { saturatingSum(old?.row.row.byteCount ?? 0, new?.row.row.byteCount ?? 0) }
}

/// What a file may be compared by, as its name tells.
enum DiffContent {
    /// Tensors, configs or records of annotations, which a look into it tells apart.
    case values
    /// Boxes of one image.
    case labels
    case metrics

    /// `artifact`: its name.
    init?(_ row: TreeRow, of artifact: String, type: ArtifactType?) {
        guard case .file = row.kind else { return nil }
        let path = row.path
        let name = path.lastComponent.lossy.lowercased()
        if ["json", "jsonl", "ndjson"].contains(path.suffix), type == .metrics || name.hasPrefix("metrics") {
            self = .metrics
        } else if let format = AnnotationComparison.labelFormat(path),
            row.byteCount <= UInt64(LabelFile.byteLimit),
            format == .voc || name != "classes.txt" && DiffContent.holdsLabels(path, artifact, type)
        {
            self = .labels
        } else if TensorComparison.mayHoldTensors(path) || ConfigComparison.isConfig(row)
            || AnnotationComparison.format(path) != nil
        {
            self = .values
        } else {
            return nil
        }
    }

    /// Whether the text files at a path are probably labels.
    private static func holdsLabels(_ path: BytePath, _ artifact: String, _ type: ArtifactType?) -> Bool {
        type == .annotations || artifact.contains("labels")
            || path.parent.components.contains {
                String(decoding: $0, as: UTF8.self).lowercased().hasPrefix("labels")
            }
    }
}

extension BytePath {
    /// What follows the last dot of its last component, in small letters; empty where nothing does.
    var suffix: String {
        let name = lastComponent.lossy
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return "" }
        return name[name.index(after: dot)...].lowercased()
    }

    /// Its last component without the suffix.
    var stem: String {
        let name = lastComponent.lossy
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return name }
        return String(name[..<dot])
    }
}

/// The bytes of a file of one side, wherever they are.
enum DiffBytes: Sendable {
    case stored(FileChunks)
    case disk(Descriptor, byteCount: UInt64)
    case memory([UInt8])
}

extension DiffFile {
    /// For messages.
    var subject: String { "\(side.subject):\(printable(row.row.path))" }

    /// Nil for what is no file, or no longer is.
    func open() throws -> DiffBytes? {
        guard case .file(let size, _, _) = row.row.kind else { return nil }
        switch side.content {
        case .stored: return .stored(FileChunks(row.chunks))
        case .files(let tree, let path, let checkout):
            let whole = try tree.base(of: path).appending(row.row.path)
            return .disk(try tree.open(whole, links: checkout.links), byteCount: size)
        case .git(let artifact):
            return artifact.files.first { $0.path == row.row.path }.map { .memory($0.bytes) }
        }
    }
}

extension DiffFile {
    /// To be read front to back; nil for what is no file, or no longer is.
    func stream(_ fetcher: ChunkFetcher) throws -> ByteStream? {
        guard let bytes = try open() else { return nil }
        let file = bytes.file(fetcher, subject: subject)
        return ByteStream(byteCount: file.byteCount) { range in
            let part = try file.read([range]).first ?? []
            guard part.count == range.count else { throw RegError.changed(row.row.path) }
            return part
        }
    }
}

extension DiffBytes {
    /// To be read as a container of tensors.
    func file(_ fetcher: ChunkFetcher, subject: String) -> any FileBytes {
        switch self {
        case .stored(let chunks): StoredFile(chunks, fetcher: fetcher, subject: subject)
        case .disk(let file, let byteCount): OpenFile(file: file, byteCount: byteCount)
        case .memory(let bytes): MemoryBytes(bytes)
        }
    }

    /// Whether two parts of two files, of the same length, have the same bytes, as far as their chunks tell; nil where they
    /// do not.
    static func areSame(
        _ old: DiffBytes, _ oldRange: Range<UInt64>, _ new: DiffBytes, _ newRange: Range<UInt64>
    ) -> Bool? {
        if oldRange.isEmpty && newRange.isEmpty { return true }
        guard case .stored(let olds) = old, case .stored(let news) = new else { return nil }
        let (oldChunks, newChunks) = (olds.chunks(in: oldRange), news.chunks(in: newRange))
        guard let oldFirst = oldChunks.first, let newFirst = newChunks.first else { return nil }
        if oldChunks.count == newChunks.count,
            oldRange.lowerBound - olds.range(of: oldFirst).lowerBound
                == newRange.lowerBound - news.range(of: newFirst).lowerBound,
            zip(oldChunks, newChunks).allSatisfy({ olds.rows[$0].id == news.rows[$1].id })
        {
            return true
        }
        // Whole chunks of the same lengths differ where their ids do.
        guard olds.areWhole(in: oldRange), news.areWhole(in: newRange),
            oldChunks.lazy.map({ olds.rows[$0].rawLength }).elementsEqual(
                newChunks.lazy.map { news.rows[$0].rawLength })
        else { return nil }
        return false
    }
}

/// Reads parts of files into memory of its own; for one thread at a time.
final class PartReader {
    private let copies: CopyReader
    private let block: PullBlock
    /// The chunks that the block has, by their ids.
    private var loaded: [Digest: Int] = [:]
    private let buffer = ReusedBuffer()

    /// `target`: how many bytes are read ahead at most, stored; raw twice as many.
    init(_ copies: CopyReader, target: Int = 64 << 10) {
        self.copies = copies
        block = PullBlock(target: target)
    }

    /// Reads the chunks of parts that will be wanted, as many as there is room for; neighbours in a pack in one request.
    func readAhead(_ parts: [(range: Range<UInt64>, bytes: DiffBytes, subject: String)]) throws {
        var rows: [ChunkRow] = []
        var known: Set<Digest> = []
        for part in parts {
            guard case .stored(let chunks) = part.bytes else { continue }
            for number in chunks.chunks(in: part.range) where known.insert(chunks.rows[number].id).inserted {
                rows.append(chunks.rows[number])
            }
        }
        if let subject = parts.first?.subject { try load(rows, subject: subject) }
    }

    /// Fills the block with chunks, up to its room.
    private func load(_ rows: [ChunkRow], subject: String) throws {
        loaded.removeAll(keepingCapacity: true)
        block.clear()
        for row in rows where !block.isFull { block.append(row) }
        do { try block.read(copies) } catch let error as RegError where error.kind == .corrupt {
            throw RegError(.corrupt, "\(subject): \(error.message)", hint: error.hint)
        }
        for (place, chunk) in block.chunks.enumerated() {
            guard block.isVerified || block.id(of: chunk) == chunk.row.id else {
                throw RegError.damaged(chunk.row.copy, of: subject)
            }
            loaded[chunk.row.id] = place
        }
    }

    /// Where the block has a chunk; reads it if need be.
    private func place(of row: ChunkRow, subject: String) throws -> Int {
        if let place = loaded[row.id], block.chunks[place].row.rawLength == row.rawLength { return place }
        try load([row], subject: subject)
        return 0
    }

    /// The bytes of a part, which is inside the file and no longer than 8 MiB; good until the next call.
    ///
    /// - Throws: `corrupt` where a chunk has not the bytes of its id, `conflict` where a file on disk has got shorter.
    func read(_ part: Range<UInt64>, of bytes: DiffBytes, subject: String) throws -> UnsafeRawBufferPointer {
        let count = Int(part.upperBound - part.lowerBound)
        switch bytes {
        case .memory(let bytes):
            let room = buffer.room(count)
            bytes.withUnsafeBytes {
                room.copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: $0[Int(part.lowerBound)..<Int(part.upperBound)]))
            }
            return UnsafeRawBufferPointer(room)
        case .disk(let file, _):
            let room = buffer.room(count)
            guard try file.read(into: room, at: part.lowerBound) == count else {
                throw RegError.changed(file.path)
            }
            return UnsafeRawBufferPointer(room)
        case .stored(let chunks): return try read(part, of: chunks, subject: subject)
        }
    }

    private func read(
        _ part: Range<UInt64>, of chunks: FileChunks, subject: String
    ) throws -> UnsafeRawBufferPointer {
        let numbers = chunks.chunks(in: part)
        let room = numbers.count == 1 ? nil : buffer.room(Int(part.upperBound - part.lowerBound))
        for number in numbers {
            let row = chunks.rows[number]
            let index = try self.place(of: row, subject: subject)
            let place = chunks.range(of: number)
            let wanted = part.clamped(to: place)
            let first = Int(wanted.lowerBound - place.lowerBound)
            let bytes = UnsafeRawBufferPointer(
                rebasing: block.bytes(of: index..<index + 1)[first..<first + wanted.count])
            guard let room else { return bytes }
            let start = Int(wanted.lowerBound - part.lowerBound)
            UnsafeMutableRawBufferPointer(rebasing: room[start...]).copyMemory(from: bytes)
        }
        return UnsafeRawBufferPointer(room ?? UnsafeMutableRawBufferPointer(start: nil, count: 0))
    }
}
