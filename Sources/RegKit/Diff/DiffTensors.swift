// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import RegBytes
internal import RegDiff
internal import RegHash
internal import RegJobs
internal import RegManifest
internal import RegTensor

/// Compares the tensors of files that differ.
struct TensorComparison {
    /// More files of an artifact are compared one by one: all of these are open at one time.
    private static let fileLimit = 256

    private let level: DiffLevel
    private let copies: CopyReader
    private let fetcher: ChunkFetcher
    private let threadCount: Int
    /// How many bytes of each side are read ahead at a time.
    private let slotTarget: Int
    private let observer: ProgressObserver?
    private var tables = StatisticsTables()
    private(set) var tensors: [DiffReport.TensorChange] = []
    private(set) var unchangedCount: UInt64 = 0
    /// How many of those lie in another file than before.
    private var movedCount = 0
    /// Of how many tensors more the histograms may be made: each takes 32 KiB.
    private var histogramCount: Int

    init(_ request: DiffRequest, library: ManifestLibrary, session: Session) {
        level = request.level
        histogramCount = request.wantsHistograms ? 1_000 : 0
        copies = library.copies
        fetcher = ChunkFetcher(copies, session: session)
        // A few long requests at a time: each holds what it brought of both sides.
        threadCount = copies.isNetworked ? 3 : session.jobs
        slotTarget = copies.isNetworked ? 8 << 20 : PullBlock.usualTarget
        observer = session.options.progress
    }

    private static let models = ["safetensors", "gguf", "pt", "pth", "ckpt"]
    /// These may as well be something else.
    private static let others = ["npy", "npz", "bin"]

    /// Whether a file may hold tensors, by its name: looking into each of a million images would take requests.
    static func mayHoldTensors(_ path: BytePath) -> Bool {
        guard let suffix = suffix(of: path) else { return true }
        return models.contains(suffix) || others.contains(suffix)
    }

    /// How a file ends that may be a model by its name; nil for others.
    static func modelSuffix(of path: BytePath) -> String? {
        suffix(of: path).flatMap { models.contains($0) ? $0 : nil }
    }

    private static func suffix(of path: BytePath) -> String? {
        let name = path.lastComponent.lossy
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return nil }
        return name[name.index(after: dot)...].lowercased()
    }

    /// Compares the tensors of the files of an artifact that differ.
    ///
    /// Those of a file first with those of its own other version; what is left, by names, with what other files have: a model may
    /// have been divided anew.
    mutating func compare(_ files: DiffContents) throws {
        let pairs = files.pairs.filter(TensorComparison.mayHoldTensors)
        let (removed, added) = (
            files.removed.filter(TensorComparison.mayHoldTensors),
            files.added.filter(TensorComparison.mayHoldTensors)
        )
        let isDivided = pairs.count + max(removed.count, added.count) > 1
        let count = 2 * pairs.count + removed.count + added.count
        if isDivided, count <= TensorComparison.fileLimit,
            let group = try TensorGroup(pairs, removed, added, fetcher, &tables)
        {
            return try compare(group, of: files.artifact)
        }
        for pair in pairs {
            guard let group = try TensorGroup([pair], [], [], fetcher, &tables) else { continue }
            try compare(group, of: files.artifact)
        }
    }

    private mutating func compare(_ group: TensorGroup, of artifact: String) throws {
        var (matches, rest) = group.matches(level)
        for index in matches.indices where histogramCount > 0 {
            guard case .figures = matches[index].work else { continue }
            matches[index].wantsHistograms = true
            histogramCount -= 1
        }
        let found = try TensorWork(matches).run(slotTarget, threadCount, copies, observer)
        let start = tensors.count
        func keep(
            _ status: DiffReport.TensorChange.Status, _ old: SideTensor?, _ new: SideTensor?,
            _ outcome: TensorOutcome = TensorOutcome()
        ) {
            tensors.append(
                DiffReport.TensorChange(
                    artifact: artifact, file: group.file(old, new),
                    formerFile: group.formerFile(old, new), status: status, old: old?.tensor,
                    new: new?.tensor,
                    figures: outcome.figures, histograms: outcome.histograms,
                    oldStatistics: outcome.figures.map { TensorStatistics($0.old) } ?? old?.statistics,
                    newStatistics: outcome.figures.map { TensorStatistics($0.new) } ?? new?.statistics))
        }
        for (match, outcome) in zip(matches, found) {
            if match.isPlain && outcome.areSame {
                unchangedCount += 1
                if group.formerFile(match.old, match.new) != nil { movedCount += 1 }
            } else {
                keep(match.status, match.old, match.new, outcome)
            }
        }
        let renamed = try RenamedTensors(rest.old, rest.new, copies)
        for (before, after) in renamed.pairs { keep(.renamed, before, after) }
        for tensor in renamed.removed { keep(.removed, tensor, nil) }
        for tensor in renamed.added { keep(.added, nil, tensor) }
        guard group.hasSeveralFiles else { return }
        // In the order of files, those of each as they were found.
        let changes = tensors[start...].enumerated().sorted {
            ($0.element.file, $0.offset) < ($1.element.file, $1.offset)
        }
        tensors.replaceSubrange(start..., with: changes.lazy.map(\.element))
    }

    private static func mayHoldTensors(_ pair: DiffFilePair) -> Bool {
        mayHoldTensors(pair.old) && mayHoldTensors(pair.new)
    }

    private static func mayHoldTensors(_ file: DiffFile) -> Bool { mayHoldTensors(file.row.row.path) }

    var notes: [String] {
        if movedCount == 0 { return [] }
        return [
            movedCount == 1
                ? "1 tensor lies in another file than before"
                : "\(movedCount) tensors lie in other files than before"
        ]
    }
}

/// The tables of statistics of the manifests that were read last.
private struct StatisticsTables {
    private var last: [(id: Digest, table: StatisticsTable?)] = []

    mutating func table(of manifest: Manifest) -> StatisticsTable? {
        if let known = last.first(where: { $0.id == manifest.id }) { return known.table }
        let table = manifest.statistics
        last = last.suffix(1) + [(manifest.id, table)]
        return table
    }
}

/// The tensors of a file of one side.
private final class TensorSide: Sendable {
    let path: BytePath
    let file: TensorFile
    let bytes: DiffBytes
    let subject: String
    /// What the version says of them.
    let statistics: StatisticsTable.File

    /// Tensors that share bytes would be read again and again: a file in which they have more than this many times its bytes
    /// is compared as a file.
    private static let sharingLimit: UInt64 = 4

    /// Nil where it is no sound container of tensors.
    init?(_ source: DiffFile, _ fetcher: ChunkFetcher, _ tables: inout StatisticsTables) throws {
        path = source.row.row.path
        subject = source.subject
        guard let bytes = try source.open(),
            let file = try Container.read(bytes.file(fetcher, subject: subject)),
            file.tensors.reduce(0, { saturatingSum($0, $1.byteCount) }) / TensorSide.sharingLimit
                <= file.byteCount
        else { return nil }
        self.bytes = bytes
        self.file = file
        if case .stored(let manifest) = source.side.content, case .file(_, let hash, _) = source.row.row.kind
        {
            statistics = tables.table(of: manifest)?.files[hash] ?? [:]
        } else {
            statistics = [:]
        }
    }

    var tensors: [SideTensor] { file.tensors.map { SideTensor(side: self, tensor: $0) } }
}

/// A tensor, and where it is.
private struct SideTensor {
    let side: TensorSide
    let tensor: Tensor

    var name: BytePath { BytePath(tensor.name) }

    /// What the version says of it, if that can be so.
    var statistics: TensorStatistics? {
        guard let found = side.statistics[name], let type = NumberType(dtype: tensor.dtype),
            found.elementCount == tensor.byteCount / UInt64(type.byteCount)
        else { return nil }
        return found
    }
}

/// Files of an artifact whose tensors are compared with each other.
private struct TensorGroup {
    /// Of all files of a side together.
    private static let tensorLimit = 200_000

    private var pairs: [(old: TensorSide, new: TensorSide)] = []
    private var removed: [TensorSide] = []
    private var added: [TensorSide] = []

    /// Nil where they have too many tensors, or none.
    init?(
        _ pairs: [DiffFilePair], _ removed: [DiffFile], _ added: [DiffFile], _ fetcher: ChunkFetcher,
        _ tables: inout StatisticsTables
    ) throws {
        var count = 0
        for pair in pairs {
            guard let old = try TensorSide(pair.old, fetcher, &tables),
                let new = try TensorSide(pair.new, fetcher, &tables)
            else { continue }
            self.pairs.append((old, new))
            count += max(old.file.tensors.count, new.file.tensors.count)
            if count > TensorGroup.tensorLimit { return nil }
        }
        for (files, keeping) in [(removed, \TensorGroup.removed), (added, \TensorGroup.added)] {
            for file in files {
                guard let side = try TensorSide(file, fetcher, &tables) else { continue }
                self[keyPath: keeping].append(side)
                count += side.file.tensors.count
                if count > TensorGroup.tensorLimit { return nil }
            }
        }
        if self.pairs.isEmpty && (self.removed.isEmpty || self.added.isEmpty) { return nil }
    }

    var hasSeveralFiles: Bool { pairs.count + removed.count + added.count > 1 }

    /// Where a tensor is; of one that was removed, what its file is now.
    func file(_ old: SideTensor?, _ new: SideTensor?) -> BytePath {
        if let new { return new.side.path }
        guard let old else { return BytePath([]) }
        return pairs.first { $0.old === old.side }?.new.path ?? old.side.path
    }

    /// Where a tensor was, if that is not what its file was before.
    func formerFile(_ old: SideTensor?, _ new: SideTensor?) -> BytePath? {
        guard let old = old?.side, let new = new?.side, old.path != new.path,
            !pairs.contains(where: { $0.old === old && $0.new === new })
        else { return nil }
        return old.path
    }

    /// What both sides have by the same name, and the rest of each side.
    func matches(_ level: DiffLevel) -> (matches: [TensorMatch], rest: (old: [SideTensor], new: [SideTensor]))
    {
        var matches: [TensorMatch] = []
        var (olds, news): ([SideTensor], [SideTensor]) = ([], [])
        for pair in pairs {
            var rest = Dictionary(pair.new.tensors.map { ($0.name, $0) }) { first, _ in first }
            for old in pair.old.tensors {
                if let new = rest.removeValue(forKey: old.name) {
                    matches.append(TensorMatch(old, new, level))
                } else {
                    olds.append(old)
                }
            }
            news += pair.new.tensors.filter { rest[$0.name] != nil }
        }
        let found = matchAcrossFiles(
            olds + removed.flatMap(\.tensors), news + added.flatMap(\.tensors), level)
        // A file that has nothing to do with others is new, or gone: that says all.
        let touched = Set(
            (found.matches.map(\.old.side) + found.matches.map(\.new.side)).map(ObjectIdentifier.init))
        let alone = Set((removed + added).map(ObjectIdentifier.init)).subtracting(touched)
        func isKept(_ tensor: SideTensor) -> Bool { !alone.contains(ObjectIdentifier(tensor.side)) }
        return (matches + found.matches, (found.old.filter(isKept), found.new.filter(isKept)))
    }

    /// Brings together what only one file of each side has by some name.
    private func matchAcrossFiles(
        _ olds: [SideTensor], _ news: [SideTensor], _ level: DiffLevel
    ) -> (matches: [TensorMatch], old: [SideTensor], new: [SideTensor]) {
        let isOnce = Dictionary(olds.map { ($0.name, true) }) { _, _ in false }
        var byName = Dictionary(news.map { ($0.name, [$0]) }, uniquingKeysWith: +)
        var matches: [TensorMatch] = []
        var rest: [SideTensor] = []
        for old in olds {
            if isOnce[old.name] == true, let new = byName[old.name], new.count == 1 {
                matches.append(TensorMatch(old, new[0], level))
                byName[old.name] = nil
            } else {
                rest.append(old)
            }
        }
        return (matches, rest, news.filter { byName[$0.name] != nil })
    }
}

/// A tensor that both sides have by the same name.
private struct TensorMatch {
    enum Work {
        case nothing
        /// Find out whether the bytes are the same.
        case equality
        case figures(NumberType, NumberType)
    }

    let old: SideTensor
    let new: SideTensor
    /// What is to be done with their bytes.
    let work: Work
    /// Whether the bytes are known to be the same.
    let areSame: Bool
    var wantsHistograms = false

    init(_ old: SideTensor, _ new: SideTensor, _ level: DiffLevel) {
        self.old = old
        self.new = new
        let isPlain = old.tensor.dtype == new.tensor.dtype && old.tensor.shape == new.tensor.shape
        var areSame =
            old.tensor.byteCount == new.tensor.byteCount
            ? DiffBytes.areSame(old.side.bytes, old.tensor.range, new.side.bytes, new.tensor.range) : false
        if areSame == nil, level == .summary, let before = old.statistics, let after = new.statistics,
            before != after
        {
            areSame = false
        }
        self.areSame = areSame == true
        if isPlain && areSame == true {
            work = .nothing
        } else if level == .full, let types = TensorMatch.numbers(old.tensor, new.tensor) {
            work = .figures(types.0, types.1)
        } else {
            work = isPlain && areSame == nil ? .equality : .nothing
        }
    }

    /// How to read both, where they have as many elements.
    private static func numbers(_ old: Tensor, _ new: Tensor) -> (NumberType, NumberType)? {
        guard let oldType = NumberType(dtype: old.dtype), let newType = NumberType(dtype: new.dtype),
            old.byteCount > 0, old.byteCount.isMultiple(of: UInt64(oldType.byteCount)),
            new.byteCount.isMultiple(of: UInt64(newType.byteCount)),
            old.byteCount / UInt64(oldType.byteCount) == new.byteCount / UInt64(newType.byteCount)
        else { return nil }
        return (oldType, newType)
    }

    /// Whether only their bytes may differ.
    var isPlain: Bool { old.tensor.dtype == new.tensor.dtype && old.tensor.shape == new.tensor.shape }

    var status: DiffReport.TensorChange.Status {
        if isPlain { return .changed }
        if old.tensor.shape == new.tensor.shape { return .cast }
        return old.tensor.dtype == new.tensor.dtype ? .reshaped : .changed
    }
}

/// What was found of a tensor, or of a piece of it.
private struct TensorOutcome: Sendable {
    var figures: Figures?
    var histograms: DiffReport.TensorHistograms?
    var areSame = true
}

/// Reads what has to be read of tensors, piece by piece, several at one time.
private struct TensorWork {
    /// A part of a tensor on one side.
    private struct Part: Sendable {
        let side: TensorSide
        let range: Range<UInt64>
    }

    /// A part of a tensor on both sides.
    private struct Piece: Sendable {
        /// Of the match.
        let number: Int
        let old: Part
        let new: Part
        /// How to read its elements; nil where only equality counts.
        let types: (old: NumberType, new: NumberType)?
        /// Whether equal bytes are equal elements.
        let isSameType: Bool
        let wantsHistograms: Bool

        /// Whether the chunks say that the bytes are the same.
        var areKnown: Bool {
            isSameType && DiffBytes.areSame(old.side.bytes, old.range, new.side.bytes, new.range) == true
        }
    }

    /// Pieces on their way.
    // Unchecked: stages pass it on.
    private final class Slot: @unchecked Sendable {
        private let target: Int
        private let old: PartReader
        private let new: PartReader
        var pieces: [Piece] = []
        var outcomes: [TensorOutcome] = []
        var byteCount: UInt64 = 0

        init(_ target: Int, _ copies: CopyReader) {
            self.target = target
            (old, new) = (PartReader(copies, target: target), PartReader(copies, target: target))
        }

        var isFull: Bool { byteCount >= target || pieces.count >= 256 }

        func clear() {
            pieces.removeAll(keepingCapacity: true)
            outcomes.removeAll(keepingCapacity: true)
            byteCount = 0
        }

        func compare() throws {
            let areKnown = pieces.map(\.areKnown)
            let work = zip(pieces, areKnown).filter { $0.types != nil || !$1 }
            try new.readAhead(work.map { ($0.0.new.range, $0.0.new.side.bytes, $0.0.new.side.subject) })
            try old.readAhead(
                work.filter { !$1 }.map { ($0.0.old.range, $0.0.old.side.bytes, $0.0.old.side.subject) })
            for (piece, areKnown) in zip(pieces, areKnown) { outcomes.append(try outcome(piece, areKnown)) }
        }

        private func outcome(_ piece: Piece, _ areKnown: Bool) throws -> TensorOutcome {
            if areKnown && piece.types == nil { return TensorOutcome() }
            let new = try read(piece.new, new)
            let old = areKnown ? new : try read(piece.old, old)
            let areSame = areKnown || piece.isSameType && old.elementsEqualBytes(of: new)
            guard let types = piece.types else { return TensorOutcome(areSame: areSame) }
            let figures =
                areSame
                ? Figures(ofUnchanged: new, types.new) : Figures(from: old, types.old, to: new, types.new)
            let histograms =
                piece.wantsHistograms
                ? DiffReport.TensorHistograms(
                    old: Histogram(of: old, types.old), new: Histogram(of: new, types.new)) : nil
            return TensorOutcome(figures: figures, histograms: histograms, areSame: areSame)
        }

        private func read(_ part: Part, _ reader: PartReader) throws -> UnsafeRawBufferPointer {
            try reader.read(part.range, of: part.side.bytes, subject: part.side.subject)
        }
    }

    /// Chunks of large tensors have this many bytes from their start on, so that each is read once.
    private static let pieceByteCount: UInt64 = 1 << 20

    private let matches: [TensorMatch]

    init(_ matches: [TensorMatch]) { self.matches = matches }

    private var byteCountToRead: UInt64 {
        matches.reduce(0) { sum, match in
            if case .nothing = match.work { sum } else { saturatingSum(sum, match.new.tensor.byteCount) }
        }
    }

    /// One outcome for each match.
    func run(
        _ slotTarget: Int, _ threadCount: Int, _ copies: CopyReader, _ observer: ProgressObserver?
    ) throws -> [TensorOutcome] {
        let outcomes = Monitor(matches.map { TensorOutcome(areSame: $0.areSame) })
        let total = byteCountToRead
        if total == 0 { return outcomes.with { $0 } }
        let progress = Monitor(Progress(phase: "diff", totalByteCount: total))
        let slots = (0..<threadCount + 1).map { _ in Slot(slotTarget, copies) }
        for (number, match) in matches.enumerated() {
            if case .nothing = match.work { continue }
            outcomes.with { $0[number].areSame = true }
        }
        try Pipeline.run(
            slots: slots,
            stages: [
                .parallel(threadCount) { slot in try slot.compare() },
                .ordered { slot in
                    outcomes.with { outcomes in
                        for (piece, outcome) in zip(slot.pieces, slot.outcomes) {
                            outcomes[piece.number].add(outcome)
                        }
                    }
                    let done = progress.with {
                        $0.doneByteCount += slot.byteCount
                        return $0
                    }
                    observer?(done)
                },
            ]
        ) { pipeline in
            var current: Slot?
            try forEachPiece { piece in
                let slot = try current ?? pipeline.acquire()
                if current == nil { slot.clear() }
                slot.pieces.append(piece)
                slot.byteCount += UInt64(piece.new.range.count)
                current = slot
                if slot.isFull {
                    pipeline.submit(slot)
                    current = nil
                }
            }
            if let current { pipeline.submit(current) }
        }
        return outcomes.with { $0 }
    }

    private func forEachPiece(_ body: (Piece) throws -> Void) throws {
        for (number, match) in matches.enumerated() {
            let types: (old: NumberType, new: NumberType)?
            switch match.work {
            case .nothing: continue
            case .equality: types = nil
            case .figures(let old, let new): types = (old, new)
            }
            let oldSize = UInt64(types?.old.byteCount ?? 1)
            let newSize = UInt64(types?.new.byteCount ?? 1)
            let step = TensorWork.pieceByteCount / min(oldSize, newSize)
            let count = match.old.tensor.byteCount / oldSize
            for first in stride(from: 0, to: count, by: Int(step)) {
                let end = min(first + step, count)
                func part(_ tensor: SideTensor, _ size: UInt64) -> Part {
                    let start = tensor.tensor.range.lowerBound
                    return Part(side: tensor.side, range: start + first * size..<start + end * size)
                }
                try body(
                    Piece(
                        number: number, old: part(match.old, oldSize), new: part(match.new, newSize),
                        types: types, isSameType: match.old.tensor.dtype == match.new.tensor.dtype,
                        wantsHistograms: match.wantsHistograms))
            }
        }
    }
}

extension TensorOutcome {
    /// Takes in the next piece.
    fileprivate mutating func add(_ piece: TensorOutcome) {
        areSame = areSame && piece.areSame
        guard let more = piece.figures else { return }
        var all = figures ?? Figures()
        all.add(more)
        figures = all
        guard let more = piece.histograms else { return }
        var sum = histograms ?? DiffReport.TensorHistograms()
        histograms = nil  // so that nothing is copied
        sum.old.add(more.old)
        sum.new.add(more.new)
        histograms = sum
    }
}

/// Finds tensors whose bytes have another name.
private struct RenamedTensors {
    private(set) var pairs: [(old: SideTensor, new: SideTensor)] = []
    private(set) var removed: [SideTensor] = []
    private(set) var added: [SideTensor] = []

    /// Tensors with other signatures need not be looked at.
    private struct Signature: Hashable {
        let dtype: String
        let shape: [UInt64]

        init(_ tensor: SideTensor) { (dtype, shape) = (tensor.tensor.dtype, tensor.tensor.shape) }
    }

    init(_ olds: [SideTensor], _ news: [SideTensor], _ copies: CopyReader) throws {
        let candidates = Dictionary(
            grouping: news.indices.filter { news[$0].tensor.byteCount > 0 }
        ) { Signature(news[$0]) }
        let wanted = Dictionary(grouping: olds.indices.filter { candidates[Signature(olds[$0])] != nil }) {
            Signature(olds[$0])
        }
        /// By the number of the newer one.
        var former: [Int: Int] = [:]
        let reader = PartReader(copies)
        for (signature, oldNumbers) in wanted {
            let newNumbers = candidates[signature] ?? []
            let areWhole =
                oldNumbers.allSatisfy { olds[$0].isWholeChunks }
                && newNumbers.allSatisfy { news[$0].isWholeChunks }
            var byContent: [Digest: [Int]] = [:]
            for number in oldNumbers.reversed() {
                byContent[try olds[number].identity(byChunks: areWhole, reader), default: []].append(number)
            }
            for number in newNumbers {
                let content = try news[number].identity(byChunks: areWhole, reader)
                if let match = byContent[content]?.popLast() { former[number] = match }
            }
        }
        let gone = Set(former.values)
        pairs = news.indices.compactMap { number in former[number].map { (olds[$0], news[number]) } }
        removed = olds.indices.filter { !gone.contains($0) }.map { olds[$0] }
        added = news.indices.filter { former[$0] == nil }.map { news[$0] }
    }
}

extension SideTensor {
    fileprivate var isWholeChunks: Bool {
        if case .stored(let chunks) = side.bytes { chunks.areWhole(in: tensor.range) } else { false }
    }

    /// What only tensors with the same bytes have.
    ///
    /// `byChunks`: by the ids of its chunks, without reading it.
    fileprivate func identity(byChunks: Bool, _ reader: PartReader) throws -> Digest {
        let hasher = SHA256()
        if byChunks, case .stored(let chunks) = side.bytes {
            for number in chunks.chunks(in: tensor.range) {
                chunks.rows[number].id.withBytes { hasher.update($0) }
            }
            return hasher.finish()
        }
        for start in stride(from: tensor.range.lowerBound, to: tensor.range.upperBound, by: 1 << 20) {
            let part = start..<min(start + (1 << 20), tensor.range.upperBound)
            hasher.update(try reader.read(part, of: side.bytes, subject: side.subject))
        }
        return hasher.finish()
    }
}

extension UnsafeRawBufferPointer {
    fileprivate func elementsEqualBytes(of other: UnsafeRawBufferPointer) -> Bool {
        guard count == other.count, let mine = baseAddress, let its = other.baseAddress else {
            return count == other.count
        }
        return memcmp(mine, its, count) == 0
    }
}
