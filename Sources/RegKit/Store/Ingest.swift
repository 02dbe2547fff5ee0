// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegCatalog
internal import RegChunk
internal import RegCodec
internal import RegFiles
internal import RegHash
internal import RegJobs
internal import RegManifest
internal import RegPack
internal import RegStore

/// What is to be stored at one path of a tree.
enum IngestEntry {
    /// Rows that are known to the byte, with the copies of their chunks.
    case known([ManifestItem])
    case emptyDirectory(BytePath)
    case symlink(BytePath, target: BytePath)
    /// `before`: the chunks of its version before.
    case file(BytePath, FileStatus, SourceFile, before: [ChunkRow])
    /// A file whose bytes are at hand.
    case bytes(BytePath, isExecutable: Bool, [UInt8])
}

/// Cuts, hashes, codes and packs the files of one or several artifacts.
///
/// Reading and cutting run on the caller's thread, hashing long files, coding, and packing on threads of their own
/// (``Pipeline``); what is in flight is bounded by the blocks. Packs are shared by the artifacts of one run.
final class Ingest {
    /// What came of one artifact; it becomes a manifest when the packs are finished.
    struct Result {
        let draft: ManifestDraft
        /// Raw bytes that had to be stored, and what they take in packs.
        let newByteCount: UInt64
        let storedByteCount: UInt64
        let nonFinite: NonFiniteTensors
        let pointers: PointerFiles
    }

    private let catalog: Catalog
    private let copies: CopyReader
    private let jobs: Int
    private let progress: Monitor<Progress>
    private let observer: ProgressObserver?
    let index: ChunkIndex
    private let packs: PackWriter
    private let blocks: [IngestBlock]
    private let encoder = Encoder()
    private let coded = ReusedBuffer()
    /// Checks chunks that move to another pack.
    private lazy var checker = PullBlock()

    /// `store`: where packs go; `unfinished`: where they are noted meanwhile; `onPack`: called for each that is there.
    init(
        into store: any ObjectStore, unfinished: UnfinishedPacks?, catalog: Catalog, copies: CopyReader,
        fetchesBases: Bool, jobs: Int, progress: Progress, observer: ProgressObserver?,
        onPack: @escaping (PackName) throws -> Void = { _ in }
    ) throws {
        self.catalog = catalog
        self.copies = copies
        self.jobs = jobs
        self.progress = Monitor(progress)
        self.observer = observer
        let index = try ChunkIndex(catalog: catalog, copies: copies, fetchesBases: fetchesBases)
        self.index = index
        packs = PackWriter(store: store, unfinished: unfinished) { pack in
            try index.keep(pack)
            try onPack(pack.name)
        }
        blocks = (0..<min(2 * jobs + 8, 16)).map { _ in IngestBlock() }
    }

    /// Stores one artifact.
    ///
    /// `pages`: pages that are stored already, by id.
    /// `bases`: where bases are for files that have no version before; nil where none are to be used.
    /// `statistics`: what earlier versions say of files that are not read.
    /// `remember`: called with the path in the tree of every file that was read, and what it is.
    /// `entries`: gives the tree's entries in path order to what it is called with.
    func store(
        pages: [Digest: Copy], bases: BaseVersions? = nil, statistics: [StatisticsTable] = [],
        remember: @escaping (BytePath, KnownEntry) throws -> Void,
        entries: ((IngestEntry) throws -> Void) throws -> Void
    ) throws -> Result {
        let sink = ManifestSink(self, pages: pages, earlier: statistics, remember: remember)
        try Pipeline.run(
            slots: blocks,
            stages: [
                .ordered { $0.hashLongFiles() },
                .parallel(jobs) { [index] block in
                    try block.encode(index)
                    block.measureTensors()
                },
                .ordered { try sink.take($0) },
            ]
        ) { pipeline in
            let feeder = BlockFeeder(pipeline, bases: bases, copies)
            try entries { try feeder.feed($0) }
            try feeder.flush()
        }
        return try sink.finish()
    }

    /// Finishes the last pack: only then are manifests of the results to be written.
    func finish() throws { try packs.finish() }

    /// Takes finished blocks in order: appends new chunks to packs and rows to the manifest.
    private final class ManifestSink: @unchecked Sendable {  // used by the last stage, one block at a time
        private let ingest: Ingest
        private let remember: (BytePath, KnownEntry) throws -> Void
        private var manifest: ManifestWriter
        /// What earlier versions say of tensors.
        private let earlier: [StatisticsTable]
        private var statistics = StatisticsTable()
        private var nonFinite = NonFiniteTensors()
        private var pointers = PointerFiles()
        private var newByteCount: UInt64 = 0
        private var storedByteCount: UInt64 = 0

        init(
            _ ingest: Ingest, pages: [Digest: Copy], earlier: [StatisticsTable],
            remember: @escaping (BytePath, KnownEntry) throws -> Void
        ) {
            self.ingest = ingest
            self.earlier = earlier
            self.remember = remember
            manifest = ManifestWriter { id, page in try pages[id] ?? ingest.store(page: page, id: id) }
        }

        /// What the new bytes take less in packs; what others have coded badly may even take more.
        private var compressedByteCount: UInt64 { newByteCount - min(storedByteCount, newByteCount) }

        func take(_ block: IngestBlock) throws {
            var done: UInt64 = 0
            var saved: UInt64 = 0
            let before = compressedByteCount
            for (file, tensor, moments) in block.moments { file.sums?.add(moments, to: tensor) }
            for step in block.steps {
                switch step {
                case .item(let item):
                    done += item.chunks.reduce(0) { $0 + UInt64($1.rawLength) }
                    saved = done
                    try take(item)
                case .piece(let file, let range, let isFirst, let isLast):
                    if isFirst && isLast && PointerFiles.isPointer(block.bytes(ofPiece: range)) {
                        pointers.add(file.path)
                    }
                    for index in range { try take(block, block.chunks[index], of: file, &done, &saved) }
                    if isLast { try end(file) }
                }
            }
            ingest.report(
                done: done, saved: saved, compressed: compressedByteCount - min(before, compressedByteCount))
        }

        private func take(_ item: ManifestItem) throws {
            for chunk in item.chunks {
                let (kept, storedLength) = try ingest.reliable(chunk)
                if let storedLength {
                    newByteCount += UInt64(chunk.rawLength)
                    storedByteCount += UInt64(storedLength)
                }
                try manifest.append(kept, of: item.path)
            }
            guard case .row(let row, _) = item else { return }
            try manifest.append(row)
            if case .file(_, let hash, _) = row.kind,
                let file = earlier.lazy.compactMap({ $0.files[hash] }).first
            {
                note(file, of: row.path, hash)
            }
        }

        private func note(_ file: StatisticsTable.File, of path: BytePath, _ hash: Digest) {
            statistics.add(file, of: hash)
            nonFinite.add(file, of: path)
        }

        private func take(
            _ block: IngestBlock, _ chunk: IngestBlock.Chunk, of file: IngestFile, _ done: inout UInt64,
            _ saved: inout UInt64
        ) throws {
            guard let id = chunk.id else { preconditionFailure("a chunk skipped the coding stage") }
            let rawLength = chunk.range.count
            done += UInt64(rawLength)
            let copy: Copy
            if let known = try chunk.known ?? ingest.index.copy(of: id) {
                copy = known
                saved += UInt64(rawLength)
            } else {
                let stored = block.codedBytes(of: chunk)
                copy = try ingest.packs.append(
                    .chunk, id: id, rawLength: rawLength, codec: chunk.codec, base: chunk.base, stored: stored
                )
                ingest.index.add(id, copy)
                newByteCount += UInt64(rawLength)
                storedByteCount += UInt64(stored.count)
            }
            file.byteCount += UInt64(rawLength)
            try manifest.append(ChunkRow(id: id, rawLength: UInt32(rawLength), copy: copy), of: file.path)
        }

        private func end(_ file: IngestFile) throws {
            let hash = file.hash ?? SHA256.digest(of: [])
            let kind = TreeRow.Kind.file(size: file.byteCount, hash: hash, isExecutable: file.isExecutable)
            try manifest.append(TreeRow(path: file.path, kind: kind))
            if let sums = file.sums { note(sums.statistics, of: file.path, hash) }
            guard let status = file.status else { return }
            try remember(file.path, .afterReading(.file(hash, isExecutable: file.isExecutable), status))
        }

        func finish() throws -> Result {
            var draft = try manifest.finish()
            draft.statistics = statistics
            return Result(
                draft: draft, newByteCount: newByteCount, storedByteCount: storedByteCount,
                nonFinite: nonFinite, pointers: pointers)
        }
    }

    /// A chunk that is stored, its copy one that may be named: where its pack was collected, another.
    ///
    /// - Returns: with it the bytes that a copy in a new pack takes; nil where none was needed.
    private func reliable(_ chunk: ChunkRow) throws -> (ChunkRow, storedLength: UInt32?) {
        if try chunk.copy.chain.allSatisfy({ try !index.isDeleted($0.pack) }) { return (chunk, nil) }
        if let copy = try index.copy(of: chunk.id) {
            return (ChunkRow(id: chunk.id, rawLength: chunk.rawLength, copy: copy), nil)
        }
        guard try checker.isSound(chunk, copies: copies) else {
            throw RegError(.corrupt, "\(chunk.copy.subject) is damaged")
        }
        let copy = try encode(checker.bytes(of: 0..<1), by: encoder.encodeChunk) {
            try packs.append(
                .chunk, id: chunk.id, rawLength: Int(chunk.rawLength), codec: $0, stored: $1)
        }
        index.add(chunk.id, copy)
        return (ChunkRow(id: chunk.id, rawLength: chunk.rawLength, copy: copy), copy.storedLength)
    }

    private func store(page: [UInt8], id: Digest) throws -> Copy {
        try page.withUnsafeBytes {
            try encode($0, by: encoder.encode) {
                try packs.append(.page, id: id, rawLength: page.count, codec: $0, stored: $1)
            }
        }
    }

    private func encode(
        _ raw: UnsafeRawBufferPointer,
        by code: (UnsafeRawBufferPointer, UnsafeMutableRawBufferPointer) -> Encoder.Result,
        _ append: (CodecID, UnsafeRawBufferPointer) throws -> Copy
    ) throws -> Copy {
        let room = coded.room(raw.count)
        let result = code(raw, room)
        let stored =
            result.codec == .stored ? raw : UnsafeRawBufferPointer(rebasing: room[..<result.byteCount])
        return try append(result.codec, stored)
    }

    private func report(done: UInt64, saved: UInt64, compressed: UInt64) {
        guard let observer else { return }
        observer(
            progress.with { progress in
                progress.doneByteCount += done
                progress.savedByteCount += saved
                progress.compressedByteCount += compressed
                return progress
            })
    }
}

/// Which chunks lie where: those of packs that are not finished in memory, all others in the catalog.
final class ChunkIndex: Sendable {
    private let catalog: Catalog
    let copies: CopyReader
    /// Whether bases may come over a network.
    private let fetchesBases: Bool
    private let open = Monitor<[Digest: Copy]>([:])
    private let deleted = Monitor<[PackName: Bool]>([:])
    private let finished = Monitor<Set<PackName>>([])
    /// Beginnings of the ids that the catalog has, to answer for most new chunks without asking it; nil where they
    /// would take too much memory.
    private let known: Monitor<Set<UInt64>?>

    private static let knownLimit = 1_000_000

    init(catalog: Catalog, copies: CopyReader, fetchesBases: Bool) throws {
        self.catalog = catalog
        self.copies = copies
        self.fetchesBases = fetchesBases
        known = Monitor(try catalog.chunkBeginnings(limit: ChunkIndex.knownLimit))
    }

    /// A copy of a chunk that can be relied on; a pack that is gone is forgotten.
    func copy(of chunk: Digest) throws -> Copy? {
        if let copy = open.with({ $0[chunk] }) { return copy }
        if known.with({ $0?.contains(chunk.beginning) == false }) { return nil }
        guard let copy = try catalog.copy(of: chunk) else { return nil }
        for pack in copy.chain.map(\.pack) where try !copies.has(pack) || isDeleted(pack) {
            try catalog.forget(pack: pack)
            return nil
        }
        return copy
    }

    /// Whether a copy can be relied on as a base, and read at little cost.
    func isFitForBase(_ copy: Copy) throws -> Bool {
        guard copy.depth < Copy.depthLimit else { return false }
        return try copy.chain.allSatisfy { copy in
            guard try copies.has(copy.pack), try !isDeleted(copy.pack) else { return false }
            return try fetchesBases || !copies.isRemote(copy.pack)
        }
    }

    /// Whether the log says that a collection has removed the pack.
    func isDeleted(_ pack: PackName) throws -> Bool {
        if let known = deleted.with({ $0[pack] }) { return known }
        let isDeleted = try catalog.isDeleted(pack: pack)
        deleted.with { $0[pack] = isDeleted }
        return isDeleted
    }

    /// The packs that this run has finished.
    var finishedPacks: Set<PackName> { finished.with { $0 } }

    func add(_ chunk: Digest, _ copy: Copy) { open.with { $0[chunk] = copy } }

    /// Keeps the chunks of a pack that is now finished.
    func keep(_ pack: PackWriter.Finished) throws {
        try catalog.keep(pack)
        finished.with { _ = $0.insert(pack.name) }
        note(pack.entries.lazy.filter { $0.kind == .chunk }.map(\.id))
        open.with { open in for entry in pack.entries { open[entry.id] = nil } }
    }

    /// Takes notice of chunks that the catalog now has.
    func note(_ chunks: some Sequence<Digest>) {
        known.with { known in
            for chunk in chunks { known?.insert(chunk.beginning) }
            if known.map({ $0.count > ChunkIndex.knownLimit }) == true { known = nil }
        }
    }
}
