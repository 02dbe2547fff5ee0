// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegHash
internal import RegLock
internal import RegManifest
internal import RegPack

/// Compares the rows of artifacts, one pair after another.
struct FileComparison {
    private let request: DiffRequest
    private let library: ManifestLibrary
    private var bytes = SharedBytes()
    private(set) var files: [DiffReport.File] = []
    /// What became of the artifacts that differ, apart from the bytes they share, and which pair each was.
    private var changed: [(pair: Int, changes: ArtifactChanges)] = []
    private var pairCount = 0
    /// Files that differ and may be compared by what is in them.
    private(set) var contents: [DiffContents] = []
    /// The first ones of each artifact, in path order.
    private(set) var labels: [DiffFileChange] = []
    /// Annotations of splits that are the same on both sides.
    private(set) var unchangedSplits: [DiffFilePair] = []
    private(set) var metrics: [DiffFileChange] = []
    private(set) var datasets: [DiffReport.Dataset] = []
    private(set) var notes: [String] = []
    private(set) var unchangedCount: UInt64 = 0
    /// Files that were never pulled, and so cannot be compared.
    private(set) var absentCount: UInt64 = 0

    init(_ request: DiffRequest, library: ManifestLibrary) {
        self.request = request
        self.library = library
    }

    /// What the newer side of each pair shares with the older ones, once all were compared.
    var totals: [SharedBytes.Totals] { bytes.totals }

    /// The artifacts that differ, once all pairs were compared.
    var artifacts: [DiffReport.Artifact] {
        let totals = totals
        return changed.map { pair, changes in changes.artifact(totals[pair]) }
    }

    /// Goes through both sides in path order.
    mutating func compare(_ pair: DiffPair) throws {
        var changes = FileChanges(artifact: pair.name, type: pair.type)
        var tally = DatasetTally(artifact: pair.name, type: pair.type)
        bytes.beginArtifact()
        defer { pairCount += 1 }
        let (olds, news) = (
            try DiffRows(of: pair.old, library: library), try DiffRows(of: pair.new, library: library)
        )
        var (old, new) = (try olds.next(), try news.next())
        while let path = [old?.row.path, new?.row.path].compactMap({ $0 }).min() {
            let left = old?.row.path == path ? old : nil
            let right = new?.row.path == path ? new : nil
            if left != nil { old = try olds.next() }
            if right != nil { new = try news.next() }
            guard request.holds(path) else { continue }
            take(left, right, at: path, of: pair, &changes)
            keepSplit(left, right, of: pair)
            if request.level != .files { tally.take(left?.row, right?.row) }
        }
        let settled = changes.settled
        files += settled.files
        if !settled.files.isEmpty {
            changed.append((pairCount, ArtifactChanges(pair, settled.files, changes)))
        }
        guard request.level != .files, let old = pair.old, let new = pair.new, !settled.files.isEmpty else {
            return
        }
        var pairs: [DiffFilePair] = []
        var (removed, added): ([DiffFile], [DiffFile]) = ([], [])
        for change in settled.contents {
            let before = change.old.map { DiffFile(side: old, row: $0) }
            let after = change.new.map { DiffFile(side: new, row: $0) }
            switch change.content {
            case .values:
                if let before, let after {
                    pairs.append(DiffFilePair(artifact: pair.name, old: before, new: after))
                } else {
                    removed += before.map { [$0] } ?? []
                    added += after.map { [$0] } ?? []
                }
            case .labels: labels.append(DiffFileChange(artifact: pair.name, old: before, new: after))
            case .metrics: metrics.append(DiffFileChange(artifact: pair.name, old: before, new: after))
            }
        }
        contents.append(
            DiffContents(artifact: pair.name, pairs: pairs, removed: removed, added: added))
        if changes.hasMoreLabels {
            notes.append(
                "\(pair.name): only the first \(FileChanges.labelLimit) label files are compared by boxes")
        }
        if let note = tally.note { notes.append(note) }
        if let dataset = try tally.dataset(paths: { try self.paths(of: new, $0) }) {
            datasets.append(dataset)
        }
    }

    /// The most annotations of splits that are the same on both sides, of an artifact.
    private static let splitLimit = 16

    private mutating func keepSplit(_ old: DiffRow?, _ new: DiffRow?, of pair: DiffPair) {
        guard request.level != .files, let old, let new, old.row == new.row, case .file = new.row.kind,
            AnnotationComparison.split(of: new.row.path) != nil, let before = pair.old, let after = pair.new,
            unchangedSplits.count(where: { $0.artifact == pair.name }) < FileComparison.splitLimit
        else { return }
        unchangedSplits.append(
            DiffFilePair(
                artifact: pair.name, old: DiffFile(side: before, row: old),
                new: DiffFile(side: after, row: new)))
    }

    /// The paths of some rows of a side, by their numbers.
    private func paths(of side: DiffSide, _ wanted: Set<UInt32>) throws -> [UInt32: BytePath] {
        let rows = try DiffRows(of: side, library: library)
        var paths: [UInt32: BytePath] = [:]
        var number: UInt32 = 0
        while paths.count < wanted.count, let row = try rows.next() {
            guard request.holds(row.row.path) else { continue }
            if wanted.contains(number) { paths[number] = row.row.path }
            number += 1
        }
        return paths
    }

    private mutating func take(
        _ old: DiffRow?, _ new: DiffRow?, at path: BytePath, of pair: DiffPair, _ changes: inout FileChanges
    ) {
        changes.count(old, new)
        if let old { bytes.addOld(old) }
        if old == nil && pair.old?.isMissing(path) == true || new == nil && pair.new?.isMissing(path) == true
        {
            absentCount += 1
        } else if let old, let new, old.row == new.row {
            unchangedCount += 1
            changes.unchangedCount += 1
            bytes.addUnchanged(new.row)
        } else {
            if let new { bytes.addNew(new) }
            changes.add(old, new)
        }
    }
}

extension DiffSide {
    /// Whether something at `path` was never pulled.
    fileprivate func isMissing(_ path: BytePath) -> Bool {
        if case .files(_, _, let checkout) = content { !checkout.holds(path) } else { false }
    }
}

/// What became of an artifact that differs.
private struct ArtifactChanges {
    private let pair: DiffPair
    private let files: [DiffReport.File.Status: Int]
    private let changes: (old: FileChanges.Rows, new: FileChanges.Rows, unchangedCount: UInt64)

    init(_ pair: DiffPair, _ files: [DiffReport.File], _ changes: FileChanges) {
        self.pair = pair
        self.files = Dictionary(files.map { ($0.status, 1) }, uniquingKeysWith: +)
        self.changes = (changes.old, changes.new, changes.unchangedCount)
    }

    func artifact(_ totals: SharedBytes.Totals) -> DiffReport.Artifact {
        DiffReport.Artifact(
            name: pair.name, type: pair.new?.type ?? pair.old?.type,
            old: pair.old.map { side($0, changes.old) }, new: pair.new.map { side($0, changes.new) },
            files: files, unchangedFileCount: changes.unchangedCount,
            sharedByteCount: totals.sharedByteCount, byteCountToFetch: totals.byteCountToFetch)
    }

    private func side(_ side: DiffSide, _ rows: FileChanges.Rows) -> DiffReport.Artifact.Side {
        DiffReport.Artifact.Side(
            version: side.version, digest: side.digest, byteCount: rows.byteCount, fileCount: rows.fileCount)
    }
}

/// The rows of one artifact that differ, before it is known which were renamed.
private struct FileChanges {
    /// Label files that are compared by what is in them.
    static let labelLimit = 20_000

    private let artifact: String
    private let type: ArtifactType?
    private var changed: [(old: DiffRow, new: DiffRow)] = []
    private var removed: [DiffRow] = []
    private var added: [DiffRow] = []
    /// What each side has.
    private(set) var old = Rows()
    private(set) var new = Rows()
    var unchangedCount: UInt64 = 0

    struct Rows {
        var count: UInt64 = 0
        var fileCount: UInt64 = 0
        var byteCount: UInt64 = 0

        mutating func add(_ row: TreeRow) {
            count += 1
            if row.isFile { fileCount += 1 }
            byteCount = saturatingSum(byteCount, row.byteCount)
        }
    }

    private var labelCount = 0
    private var lastLabelPath: BytePath?

    init(artifact: String, type: ArtifactType?) {
        self.artifact = artifact
        self.type = type
    }

    var hasMoreLabels: Bool { labelCount > FileChanges.labelLimit }

    mutating func count(_ old: DiffRow?, _ new: DiffRow?) {
        if let old { self.old.add(old.row) }
        if let new { self.new.add(new.row) }
    }

    mutating func add(_ old: DiffRow?, _ new: DiffRow?) {
        if let row = new ?? old, content(of: row) == .labels {
            labelCount += 1
            if !hasMoreLabels { lastLabelPath = row.row.path }
        }
        switch (old.map(forContents), new.map(forContents)) {
        case (let old?, let new?): changed.append((old, new))
        case (let old?, nil): removed.append(old)
        case (nil, let new?): added.append(new)
        case (nil, nil): break
        }
    }

    /// What a row may be compared by.
    private func content(of row: DiffRow) -> DiffContent? { DiffContent(row.row, of: artifact, type: type) }

    /// The same, without chunks that nobody will read.
    private func forContents(_ row: DiffRow) -> DiffRow {
        let isRead =
            switch content(of: row) {
            case nil: false
            case .labels?: !hasMoreLabels
            case .values?, .metrics?: true
            }
        return isRead ? row : DiffRow(row: row.row, chunks: [])
    }

    /// A file whose contents may be compared.
    struct Content {
        let content: DiffContent
        let old: DiffRow?
        let new: DiffRow?
    }

    /// Nil where its contents are not compared: both sides must be alike in what they hold.
    private func content(_ old: DiffRow?, _ new: DiffRow?) -> Content? {
        let kinds = [old, new].compactMap { $0 }.map { content(of: $0) }
        guard let kind = kinds.first ?? nil, kinds.allSatisfy({ $0 == kind }),
            old?.row.contentHash != new?.row.contentHash
        else { return nil }
        if kind == .labels, let row = new ?? old {
            guard let lastLabelPath, row.row.path <= lastLabelPath else { return nil }
        }
        return Content(content: kind, old: old, new: new)
    }

    private func file(_ status: DiffReport.File.Status, _ old: DiffRow?, _ new: DiffRow?) -> DiffReport.File {
        DiffReport.File(
            artifact: artifact, status: status, old: old.map { ShowReport.File($0.row) },
            new: new.map { ShowReport.File($0.row) })
    }

    /// All of them in path order, each that was removed beside the first of the same bytes that was added; and those whose
    /// contents may be compared.
    var settled: (files: [DiffReport.File], contents: [Content]) {
        var files: [DiffReport.File] = []
        // By the bytes: where they were, the first last.
        var gone: [Digest: [Int]] = [:]
        for (place, row) in removed.enumerated().reversed() {
            if let hash = row.row.contentHash { gone[hash, default: []].append(place) }
        }
        var isRenamed = [Bool](repeating: false, count: removed.count)
        var rest: [DiffRow] = []
        for row in added {
            if let hash = row.row.contentHash, let place = gone[hash]?.popLast() {
                isRenamed[place] = true
                files.append(file(.renamed, removed[place], row))
            } else {
                rest.append(row)
            }
        }
        var lost = zip(removed, isRenamed).filter { !$1 }.map(\.0)
        var changed = changed
        if self.old.count == 1, self.new.count == 1, let old = lost.first, let new = rest.first,
            old.row.isFile,
            new.row.isFile
        {
            // Two single files are two versions of one, whatever they are called.
            changed.append((old, new))
            (lost, rest) = ([], [])
        } else if let (old, new) = FileChanges.onlyModels(lost, rest) {
            changed.append((old, new))
            lost.removeAll { $0.row.path == old.row.path }
            rest.removeAll { $0.row.path == new.row.path }
        }
        files += lost.map { file(.removed, $0, nil) } + rest.map { file(.added, nil, $0) }
        files += changed.map { file(.changed, $0, $1) }
        let alone = lost.map { content($0, nil) } + rest.map { content(nil, $0) }
        let contents = (alone + changed.map { content($0, $1) }).compactMap { $0 }
        return (
            files.sorted { $0.path < $1.path },
            contents.sorted {
                ($0.new ?? $0.old)?.row.path ?? BytePath([]) < ($1.new ?? $1.old)?.row.path ?? BytePath([])
            }
        )
    }

    /// The only file of weights that went and the only one that came, where their names end alike: two versions of one.
    private static func onlyModels(_ lost: [DiffRow], _ new: [DiffRow]) -> (DiffRow, DiffRow)? {
        func only(_ rows: [DiffRow]) -> (row: DiffRow, suffix: String)? {
            let models = rows.lazy.compactMap { row in
                TensorComparison.modelSuffix(of: row.row.path).map { (row, $0) }
            }.prefix(2)
            return models.count == 1 ? models.first : nil
        }
        guard let old = only(lost), let new = only(new), old.suffix == new.suffix else { return nil }
        return (old.row, new.row)
    }
}

extension TreeRow {
    fileprivate var isFile: Bool { if case .file = kind { true } else { false } }

    /// The hash of a file that has bytes.
    fileprivate var contentHash: Digest? {
        if case .file(let size, let hash, _) = kind, size > 0 { hash } else { nil }
    }
}

/// Adds up what of the newer side's bytes the older side has, chunk by chunk where both are stored, else file by file.
struct SharedBytes {
    struct Totals: Equatable {
        /// Raw bytes of the newer side that are in the older one.
        var sharedByteCount: UInt64 = 0
        /// What the others take where they are to be fetched from, bases included.
        var byteCountToFetch: UInt64 = 0

        mutating func add(_ other: Totals) {
            sharedByteCount = saturatingSum(sharedByteCount, other.sharedByteCount)
            byteCountToFetch = saturatingSum(byteCountToFetch, other.byteCountToFetch)
        }
    }

    /// The beginnings of hashes of files and of ids of chunks that the older side has: few enough bytes for a million
    /// files, and enough for two never to be alike by accident.
    private var known: Set<UInt64> = []
    /// Files of the newer side that differ: what they share is known when all of the older side was seen.
    private var files: [File] = []
    private var artifacts: [Artifact] = []

    private struct Artifact {
        /// Of those files, its first one.
        let firstFile: Int
        var unchangedByteCount: UInt64 = 0
    }

    private struct File {
        let hash: Digest
        let size: UInt64
        let chunks: [ChunkRow]
    }

    /// What is added from here on belongs to another artifact.
    mutating func beginArtifact() { artifacts.append(Artifact(firstFile: files.count)) }

    mutating func addOld(_ row: DiffRow) {
        guard case .file(_, let hash, _) = row.row.kind else { return }
        known.insert(hash.beginning)
        for chunk in row.chunks { known.insert(chunk.id.beginning) }
    }

    mutating func addUnchanged(_ row: TreeRow) {
        guard let last = artifacts.indices.last else { return }
        artifacts[last].unchangedByteCount = saturatingSum(
            artifacts[last].unchangedByteCount, row.byteCount)
    }

    mutating func addNew(_ row: DiffRow) {
        guard case .file(let size, let hash, _) = row.row.kind else { return }
        files.append(File(hash: hash, size: size, chunks: row.chunks))
    }

    /// Where a stored chunk begins.
    private struct Place: Hashable {
        let pack: PackName
        let offset: UInt64
    }

    /// Of each artifact; what two need is fetched for the first.
    var totals: [Totals] {
        var fetched: Set<UInt64> = []
        var places: Set<Place> = []
        return artifacts.indices.map { number in
            let end = number + 1 < artifacts.count ? artifacts[number + 1].firstFile : files.count
            var totals = self.totals(
                of: files[artifacts[number].firstFile..<end], &fetched, &places)
            totals.sharedByteCount = saturatingSum(
                totals.sharedByteCount, artifacts[number].unchangedByteCount)
            return totals
        }
    }

    private func totals(
        of files: ArraySlice<File>, _ fetched: inout Set<UInt64>, _ places: inout Set<Place>
    ) -> Totals {
        var totals = Totals()
        for file in files {
            if known.contains(file.hash.beginning) {
                totals.sharedByteCount = saturatingSum(totals.sharedByteCount, file.size)
            } else if file.chunks.isEmpty {
                guard fetched.insert(file.hash.beginning).inserted else { continue }
                totals.byteCountToFetch = saturatingSum(totals.byteCountToFetch, file.size)
            } else {
                for chunk in file.chunks {
                    if known.contains(chunk.id.beginning) {
                        totals.sharedByteCount = saturatingSum(
                            totals.sharedByteCount, UInt64(chunk.rawLength))
                        continue
                    }
                    guard fetched.insert(chunk.id.beginning).inserted else { continue }
                    for copy in chunk.copy.chain
                    where places.insert(Place(pack: copy.pack, offset: copy.offset)).inserted {
                        totals.byteCountToFetch = saturatingSum(
                            totals.byteCountToFetch, UInt64(copy.storedLength))
                    }
                }
            }
        }
        return totals
    }
}
