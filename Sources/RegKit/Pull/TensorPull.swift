// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegCatalog
internal import RegFiles
internal import RegHash
internal import RegJobs
internal import RegManifest
internal import RegStore
internal import RegTensor

/// A pull of single tensors: which there are, which are wanted, and the safetensors files that they become.
///
/// Of each container only its headers and the chunks of wanted tensors are read. Chunks are checked against their ids;
/// the hash of a whole file cannot be.
struct TensorPull {
    /// A container, and what of it is wanted.
    private struct Source {
        let target: Int
        /// Where the tensors go, relative to the root of the pull.
        let output: BytePath
        let bytes: StoredFile
        let file: TensorFile
        var tensors: [Tensor]
        /// Of the safetensors file, once it is known which tensors it gets.
        var draft: SafetensorsDraft?
    }

    private let targets: [PullTarget]
    private let library: ManifestLibrary
    private let fetcher: ChunkFetcher
    private let session: Session
    private var sources: [Source] = []
    private var totals: [Manifest.Totals] = []
    /// Read of the registry for each target.
    private var fetchedByteCounts: [UInt64] = []

    /// Nil where whole files are asked for.
    static func ifAsked(
        for targets: [PullTarget], _ request: PullRequest, library: ManifestLibrary, session: Session
    ) throws -> TensorPull? {
        if !request.tensors.isEmpty {
            return try TensorPull(targets, request, library: library, session: session)
        }
        // A shard of a single file is one of its tensors.
        guard request.shard != nil, targets.count == 1, let target = targets.first,
            try session.manifest(of: target.version, in: library).totals.rowCount == 1
        else { return nil }
        do { return try TensorPull(targets, request, library: library, session: session) } catch let error
            as RegError where error.kind == .notFound
        {
            return nil
        }
    }

    /// Looks into the containers of all targets for tensors.
    private init(_ targets: [PullTarget], _ request: PullRequest, library: ManifestLibrary, session: Session)
        throws
    {
        self.targets = targets
        self.library = library
        self.session = session
        fetcher = ChunkFetcher(library.copies, session: session)
        var known = TensorNames()
        for index in targets.indices {
            let before = try session.registryTraffic()?.readByteCount ?? 0
            try look(into: index, request, &known)
            fetchedByteCounts.append((try session.registryTraffic()?.readByteCount ?? 0) - before)
        }
        guard known.containerCount > 0 else {
            throw RegError(
                .notFound, "\(TensorPull.subject(of: targets)) has no file of tensors",
                hint: "they are found in safetensors, GGUF, npy, npz and PyTorch files")
        }
        guard !sources.isEmpty else {
            let patterns = request.tensors.map { "'\(printable(BytePath($0.text)))'" }.joined(separator: ", ")
            throw RegError(
                .notFound, "no tensor of \(TensorPull.subject(of: targets)) fits \(patterns)",
                hint: known.hint)
        }
        if let shard = request.shard { deal(shard) }
        try checkOutputs()
        for index in sources.indices { sources[index].draft = try draft(of: sources[index]) }
    }

    private static func subject(of targets: [PullTarget]) -> String {
        targets.map(\.version.subject).joined(separator: ", ")
    }

    /// What there is, for whoever asked for something else.
    private struct TensorNames {
        var containerCount = 0
        var count = 0
        var first: [String] = []

        mutating func add(_ tensors: [Tensor]) {
            containerCount += 1
            count += tensors.count
            first += tensors.prefix(5 - min(first.count, 5)).map(\.name)
        }

        var hint: String {
            let names = first.map { printable(BytePath($0)) }.joined(separator: ", ")
            return "it has \(count) tensor\(count == 1 ? "" : "s")\(first.isEmpty ? "" : ": \(names)")"
                + (count > first.count ? ", …" : "")
        }
    }

    private mutating func look(
        into index: Int, _ request: PullRequest, _ known: inout TensorNames
    ) throws {
        let target = targets[index]
        let manifest = try session.manifest(of: target.version, in: library)
        totals.append(manifest.totals)
        var parts: [ChunkRow] = []
        var found: [Source] = []
        try library.forEachItem(of: manifest, subject: target.version.subject) { item in
            parts += item.chunks
            guard case .row(let row, _) = item else { return }
            defer { parts = [] }
            guard case .file = row.kind, request.holds(row.path) else { return }
            let subject = "\(target.version.subject):\(printable(row.path))"
            let bytes = StoredFile(FileChunks(parts), fetcher: fetcher, subject: subject)
            guard let file = try Container.read(bytes) else { return }
            known.add(file.tensors)
            let tensors = file.tensors.filter { request.wants(tensor: $0.name) }
            if tensors.isEmpty { return }
            let isSame = file.container == .safetensors
            let output = isSame ? row.path : BytePath(row.path.bytes + Array(".safetensors".utf8))
            found.append(
                Source(
                    target: index, output: target.base.appending(output), bytes: bytes, file: file,
                    tensors: tensors))
        }
        sources += found
    }

    /// Leaves only the tensors of one shard.
    private mutating func deal(_ shard: Shard) {
        var isMember = shard.members(ofSizes: sources.flatMap { $0.tensors.map(\.byteCount) })[...]
        for index in sources.indices {
            let count = sources[index].tensors.count
            sources[index].tensors = zip(sources[index].tensors, isMember.prefix(count)).compactMap {
                $1 ? $0 : nil
            }
            isMember = isMember.dropFirst(count)
        }
        // A file without tensors would say nothing, but a job that gets nothing at all still finds its file.
        let kept = sources.filter { !$0.tensors.isEmpty }
        sources = kept.isEmpty ? Array(sources.prefix(1)) : kept
    }

    private func checkOutputs() throws {
        var outputs: Set<BytePath> = []
        for source in sources where !outputs.insert(source.output).inserted {
            throw RegError(
                .conflict, "two files of tensors would become \(printable(source.output))",
                hint: "pull them one after another: --only GLOB")
        }
    }

    private func draft(of source: Source) throws -> SafetensorsDraft {
        do { return try SafetensorsDraft(source.tensors, of: source.file) } catch {
            switch error {
            case .unfit(let tensor):
                throw RegError(
                    .usage,
                    "the tensor \(printable(BytePath(tensor.name))) is \(printable(BytePath(tensor.dtype))), which safetensors files cannot hold",
                    hint: "leave it out, or pull its file as it is: --only GLOB")
            case .headerTooLong:
                throw RegError(
                    .refused, "\(source.bytes.subject) has too many tensors for one safetensors file",
                    hint: "ask for fewer of them")
            }
        }
    }

    var byteCountToWrite: UInt64 { sources.reduce(0) { $0 + ($1.draft?.byteCount ?? 0) } }

    // MARK: Writing

    /// Writes the files below `root`.
    mutating func carryOut(in root: Descriptor) throws {
        let progress = Monitor(Progress(phase: "pull", totalByteCount: byteCountToWrite))
        var parents = ParentCache(root: root)
        for target in targets { _ = try root.makeDirectoriesBeneath(target.base) }
        for source in sources {
            let before = try session.registryTraffic()?.readByteCount ?? 0
            guard let directory = try parents.directory(of: source.output, making: true) else { continue }
            try write(source, in: directory, progress)
            try directory.removeAbandonedFiles()
            fetchedByteCounts[source.target] += (try session.registryTraffic()?.readByteCount ?? 0) - before
        }
        try root.syncFileSystem()
    }

    /// Tensors that share bytes, and tiny chunks, could make any number of these.
    private static let sliceLimit = 2_000_000

    /// Where a part of a chunk goes.
    private struct Slice {
        /// Of the chunk.
        let range: Range<Int>
        /// In the file that is written.
        let offset: UInt64
    }

    private func write(_ source: Source, in directory: Descriptor, _ progress: Monitor<Progress>) throws {
        guard let draft = source.draft else { return }
        var slices: [Int: [Slice]] = [:]
        var sliceCount = 0
        for (tensor, offset) in draft.places {
            for number in source.bytes.chunks.chunks(in: tensor.range) {
                let place = source.bytes.chunks.range(of: number)
                let part = tensor.range.clamped(to: place)
                let first = Int(part.lowerBound - place.lowerBound)
                let slice = Slice(
                    range: first..<first + part.count,
                    offset: offset + (part.lowerBound - tensor.range.lowerBound))
                slices[number, default: []].append(slice)
                sliceCount += 1
                guard sliceCount <= TensorPull.sliceLimit else {
                    throw RegError(
                        .refused,
                        "\(source.bytes.subject) has its tensors in more than \(TensorPull.sliceLimit) pieces",
                        hint: "ask for fewer of them")
                }
            }
        }
        let output = try PieceFile(in: directory)
        try draft.header.withUnsafeBytes { try output.write($0, at: 0) }
        let wanted = slices.keys.sorted().lazy.map { (number: $0, row: source.bytes.chunks.rows[$0]) }
        let observer = session.options.progress
        try fetcher.fetch(wanted, of: source.bytes.subject) { [slices] number, bytes in
            for slice in slices[number] ?? [] {
                try output.write(UnsafeRawBufferPointer(rebasing: bytes[slice.range]), at: slice.offset)
                let done = progress.with {
                    $0.doneByteCount += UInt64(slice.range.count)
                    return $0
                }
                observer?(done)
            }
        }
        try output.complete(size: draft.byteCount, mode: 0o666 & ~fileModeMask())
        try output.publish(as: source.output.lastComponent)
    }

    // MARK: Report

    func report() throws -> PullReport {
        let artifacts = targets.indices.map { index in
            let (target, own) = (targets[index], sources.filter { $0.target == index })
            return PullReport.Artifact(
                name: target.version.name, version: target.version.version?.number,
                digest: target.version.digest, path: target.shown, byteCount: totals[index].byteCount,
                fileCount: totals[index].fileCount, fetchedByteCount: fetchedByteCounts[index],
                keptByteCount: 0, writtenFileCount: UInt64(own.count), removedFileCount: 0,
                absentFileCount: totals[index].fileCount - UInt64(own.count),
                tensorCount: UInt64(own.reduce(0) { $0 + $1.tensors.count }))
        }
        return PullReport(
            artifacts: artifacts, requestCount: try session.registryTraffic()?.requestCount ?? 0,
            retryCount: try session.registryTraffic()?.retryCount ?? 0, notes: [])
    }
}
