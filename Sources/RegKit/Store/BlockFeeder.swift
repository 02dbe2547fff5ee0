// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegChunk
internal import RegFiles
internal import RegHash
internal import RegJobs
internal import RegManifest
internal import RegTensor

/// Fills blocks with the bytes of files, cut into chunks, and sends them on.
final class BlockFeeder {
    private let pipeline: Pipeline<IngestBlock>
    private let bases: BaseVersions?
    private let copies: CopyReader
    private var current: IngestBlock?
    /// How many short files more are looked into for tensors: a million of them would take their time.
    private var shortFileCount = 1_000

    /// `bases`: nil where nothing is to be coded against other files.
    init(_ pipeline: Pipeline<IngestBlock>, bases: BaseVersions?, _ copies: CopyReader) {
        self.pipeline = pipeline
        self.bases = bases
        self.copies = copies
    }

    func feed(_ entry: IngestEntry) throws {
        switch entry {
        case .known(let items):
            for item in items { try block(room: 0).steps.append(.item(item)) }
        case .emptyDirectory(let path):
            let row = TreeRow(path: path, kind: .emptyDirectory)
            try block(room: 0).steps.append(.item(.row(row, [])))
        case .symlink(let path, let target):
            let row = TreeRow(path: path, kind: .symlink(target: target))
            try block(room: 0).steps.append(.item(.row(row, [])))
        case .file(let path, let status, let source, let before):
            try feed(path, walked: status, source, before)
        case .bytes(let path, let isExecutable, let bytes):
            var source = ByteSource(bytes)
            let sums =
                try looksInto(path, size: UInt64(bytes.count))
                ? Container.read(MemoryBytes(bytes)).flatMap { TensorSums($0) } : nil
            // They are not cut at tensors.
            bytes.withUnsafeBytes { bytes in
                sums?.tensors.measure(bytes, at: 0) { sums?.add($1, to: $0) }
            }
            let file = IngestFile(
                path: path, isExecutable: isExecutable, status: nil, sums: sums, isMeasured: true)
            try cut(file, size: UInt64(bytes.count), plan: .content) { source.read(into: $0) }
        }
    }

    func flush() throws {
        guard let block = current else { return }
        current = nil
        pipeline.submit(block)
    }

    /// The block being filled, with at least `room` bytes free.
    private func block(room: Int) throws -> IngestBlock {
        if let block = current {
            if IngestBlock.capacity - block.used >= room && block.steps.count < IngestBlock.stepLimit {
                return block
            }
            try flush()
        }
        let block = try pipeline.acquire()
        block.clear()
        current = block
        return block
    }

    private func feed(
        _ path: BytePath, walked: FileStatus, _ place: SourceFile, _ earlier: [ChunkRow]
    ) throws {
        func changed() -> RegError { .changed(place.tree.root.path.appending(place.path)) }
        let source: Descriptor
        do { source = try place.open() } catch let error as FileError {
            throw error.isNotFound ? changed() : error
        }
        let before = try source.status()
        let isUnchanged = { (status: FileStatus) in status.kind == .file && status.isSameContent(as: walked) }
        guard isUnchanged(before) else { throw changed() }
        let found =
            looksInto(path, size: walked.size)
            ? try Container.read(OpenFile(file: source, byteCount: walked.size)) : nil
        // What is one chunk by its content stays so: its row needs no chunk id, and it comes in one request.
        let tensors = walked.size <= CutPlan.wholeFile ? nil : found
        let file = IngestFile(
            path: path, isExecutable: walked.isExecutable, status: walked,
            base: base(of: path, tensors, earlier), sums: found.flatMap { TensorSums($0) })
        let byteCount = try cut(file, size: walked.size, plan: CutPlan(tensors)) {
            try source.read(into: $0)
        }
        guard byteCount == walked.size, isUnchanged(try source.status()) else { throw changed() }
    }

    /// Whether a file is looked into for tensors: each that is cut at them, and the first short ones that may have some by their names.
    private func looksInto(_ path: BytePath, size: UInt64) -> Bool {
        if size > CutPlan.wholeFile { return true }
        guard shortFileCount > 0, TensorComparison.mayHoldTensors(path) else { return false }
        shortFileCount -= 1
        return true
    }

    /// What the chunks of a file may be coded against; nil also where that cannot be read: it is waste, no error.
    private func base(of path: BytePath, _ tensors: TensorFile?, _ earlier: [ChunkRow]) -> BaseFile? {
        guard let bases else { return nil }
        let chunks = earlier.isEmpty ? bases.chunks(ofFileLike: path) : earlier
        return chunks.isEmpty ? nil : try? BaseFile(chunks, for: tensors, copies)
    }

    /// Reads a file of `size` bytes into blocks and cuts it.
    ///
    /// - Returns: the bytes that were read: more or fewer than `size` where the file changes meanwhile.
    @discardableResult
    private func cut(
        _ file: IngestFile, size: UInt64, plan: CutPlan, read: (UnsafeMutableRawBufferPointer) throws -> Int
    ) throws -> UInt64 {
        var cutter = Cutter(plan)
        var block = try block(room: Int(min(size, UInt64(IngestBlock.capacity))))
        var total: UInt64 = 0
        var offset: UInt64 = 0
        var carried = 0
        var isFirst = true
        while true {
            let start = block.used
            let room = UnsafeMutableRawBufferPointer(rebasing: block.raw[(start + carried)...])
            // One byte more than the file should have, where there is room: so its end is seen, and its growth.
            let wanted = Int(min(UInt64(room.count), size - min(size, total) + 1))
            let count = try read(UnsafeMutableRawBufferPointer(rebasing: room[..<wanted]))
            total += UInt64(count)
            let isLast = count < wanted || total > size
            let filled = carried + count
            let pieceStart = block.chunks.count
            for length in cutter.cuts(in: block.bytes(start..<start + filled), isEnd: isLast) {
                let range = block.used..<block.used + length
                block.chunks.append(IngestBlock.Chunk(range: range, offset: offset, codedRange: range))
                block.used += length
                offset += UInt64(length)
            }
            block.steps.append(
                .piece(file, pieceStart..<block.chunks.count, isFirst: isFirst, isLast: isLast))
            if isLast { return total }
            isFirst = false
            carried = start + filled - block.used
            block = try nextBlock(after: block, carrying: block.used..<block.used + carried)
        }
    }

    /// Sends `full` on and takes another block, which begins with the given bytes of `full`.
    private func nextBlock(after full: IngestBlock, carrying rest: Range<Int>) throws -> IngestBlock {
        let block = try pipeline.acquire()
        block.clear()
        block.raw.copyMemory(from: full.bytes(rest))
        pipeline.submit(full)
        current = block
        return block
    }
}

/// Reads from memory as if it were a file.
private struct ByteSource {
    private let bytes: [UInt8]
    private var offset = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(buffer.count, bytes.count - offset)
        buffer.copyBytes(from: bytes[offset..<offset + count])
        offset += count
        return count
    }
}

extension CutPlan {
    /// How a file is cut: at its tensors, else by content.
    fileprivate init(_ tensors: TensorFile?) {
        self = tensors.map { .container($0.parts.lazy.map { ($0.byteCount, $0.isHeader) }) } ?? .content
    }
}
