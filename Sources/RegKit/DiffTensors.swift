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
    private let level: DiffLevel
    private let copies: CopyReader
    private let fetcher: ChunkFetcher
    private let threadCount: Int
    private let observer: ProgressObserver?
    private(set) var tensors: [DiffReport.TensorChange] = []
    private(set) var unchangedCount: UInt64 = 0

    init(_ level: DiffLevel, library: ManifestLibrary, session: Session) {
        self.level = level
        copies = library.copies
        fetcher = ChunkFetcher(copies, session: session)
        threadCount = copies.isNetworked ? max(session.jobs, session.connectionCount) : session.jobs
        observer = session.options.progress
    }

    /// Whether a file may hold tensors, by its name: looking into each of a million images would take requests.
    static func mayHoldTensors(_ path: BytePath) -> Bool {
        let name = path.lastComponent.lossy
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return true }
        let suffixes = ["safetensors", "gguf", "npy", "npz", "pt", "pth", "bin", "ckpt"]
        return suffixes.contains(name[name.index(after: dot)...].lowercased())
    }

    /// Compares two files where both are sound containers of tensors.
    mutating func compare(_ pair: DiffFilePair) throws {
        guard TensorComparison.mayHoldTensors(pair.old.row.row.path),
            TensorComparison.mayHoldTensors(pair.path),
            let old = try TensorSide(pair.old, fetcher), let new = try TensorSide(pair.new, fetcher)
        else {
            return
        }
        var rest = Dictionary(new.file.tensors.map { (BytePath($0.name), $0) }) { first, _ in first }
        var removed: [Tensor] = []
        var matches: [TensorMatch] = []
        for tensor in old.file.tensors {
            if let twin = rest.removeValue(forKey: BytePath(tensor.name)) {
                matches.append(TensorMatch(tensor, twin, old, new, level))
            } else {
                removed.append(tensor)
            }
        }
        let added = new.file.tensors.filter { rest[BytePath($0.name)] != nil }
        let found = try TensorWork(matches, old, new).run(threadCount: threadCount, copies, observer)
        func keep(
            _ status: DiffReport.TensorChange.Status, _ old: Tensor?, _ new: Tensor?, _ figures: Figures?
        ) {
            tensors.append(
                DiffReport.TensorChange(
                    artifact: pair.artifact, file: pair.path, status: status, old: old, new: new,
                    figures: figures))
        }
        for (match, outcome) in zip(matches, found) {
            if match.isPlain && outcome.areSame {
                unchangedCount += 1
            } else {
                keep(match.status, match.old, match.new, outcome.figures)
            }
        }
        let renamed = try RenamedTensors(removed, old, added, new, copies)
        for (before, after) in renamed.pairs { keep(.renamed, before, after, nil) }
        for tensor in renamed.removed { keep(.removed, tensor, nil, nil) }
        for tensor in renamed.added { keep(.added, nil, tensor, nil) }
    }
}

/// The tensors of a file of one side.
private struct TensorSide {
    let file: TensorFile
    let bytes: DiffBytes
    let subject: String

    /// Tensors that share bytes would be read again and again: a file in which they have more than this many times its bytes
    /// is compared as a file.
    private static let sharingLimit: UInt64 = 4

    /// Nil where it is no sound container of tensors.
    init?(_ source: DiffFile, _ fetcher: ChunkFetcher) throws {
        subject = source.subject
        guard let bytes = try source.open(),
            let file = try Container.read(bytes.file(fetcher, subject: subject)),
            file.tensors.reduce(0, { saturatingSum($0, $1.byteCount) }) / TensorSide.sharingLimit
                <= file.byteCount
        else { return nil }
        self.bytes = bytes
        self.file = file
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

    let old: Tensor
    let new: Tensor
    /// What is to be done with their bytes.
    let work: Work
    /// Whether the bytes are known to be the same.
    let areSame: Bool

    init(_ old: Tensor, _ new: Tensor, _ oldSide: TensorSide, _ newSide: TensorSide, _ level: DiffLevel) {
        self.old = old
        self.new = new
        let isPlain = old.dtype == new.dtype && old.shape == new.shape
        let areSame =
            old.byteCount == new.byteCount
            ? DiffBytes.areSame(oldSide.bytes, old.range, newSide.bytes, new.range) : false
        self.areSame = areSame == true
        if isPlain && areSame == true {
            work = .nothing
        } else if level == .full, let types = TensorMatch.numbers(old, new) {
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
    var isPlain: Bool { old.dtype == new.dtype && old.shape == new.shape }

    var status: DiffReport.TensorChange.Status {
        if isPlain { return .changed }
        if old.shape == new.shape { return .cast }
        return old.dtype == new.dtype ? .reshaped : .changed
    }
}

/// What was found of a tensor, or of a piece of it.
private struct TensorOutcome: Sendable {
    var figures: Figures?
    var areSame = true
}

/// Reads what has to be read of tensors, piece by piece, several at one time.
private struct TensorWork {
    /// A part of a tensor on both sides.
    private struct Piece: Sendable {
        /// Of the match.
        let number: Int
        let old: Range<UInt64>
        let new: Range<UInt64>
        /// How to read its elements; nil where only equality counts.
        let types: (old: NumberType, new: NumberType)?
        /// Whether equal bytes are equal elements.
        let isSameType: Bool
    }

    /// Pieces on their way.
    // Unchecked: stages pass it on.
    private final class Slot: @unchecked Sendable {
        let old: PartReader
        let new: PartReader
        var pieces: [Piece] = []
        var outcomes: [TensorOutcome] = []
        var byteCount: UInt64 = 0

        init(_ copies: CopyReader) { (old, new) = (PartReader(copies), PartReader(copies)) }

        var isFull: Bool { byteCount >= TensorWork.pieceByteCount || pieces.count >= 256 }

        func clear() {
            pieces.removeAll(keepingCapacity: true)
            outcomes.removeAll(keepingCapacity: true)
            byteCount = 0
        }
    }

    /// Chunks of large tensors have this many bytes from their start on, so that each is read once.
    private static let pieceByteCount: UInt64 = 1 << 20

    private let matches: [TensorMatch]
    private let old: TensorSide
    private let new: TensorSide

    init(_ matches: [TensorMatch], _ old: TensorSide, _ new: TensorSide) {
        (self.matches, self.old, self.new) = (matches, old, new)
    }

    private var byteCountToRead: UInt64 {
        matches.reduce(0) { sum, match in
            if case .nothing = match.work { sum } else { saturatingSum(sum, match.new.byteCount) }
        }
    }

    /// One outcome for each match.
    func run(
        threadCount: Int, _ copies: CopyReader, _ observer: ProgressObserver?
    ) throws -> [TensorOutcome] {
        let outcomes = Monitor(matches.map { TensorOutcome(areSame: $0.areSame) })
        let total = byteCountToRead
        if total == 0 { return outcomes.with { $0 } }
        let progress = Monitor(Progress(phase: "diff", totalByteCount: total))
        let (oldBytes, newBytes, oldSubject, newSubject) = (old.bytes, new.bytes, old.subject, new.subject)
        let slots = (0..<threadCount + 1).map { _ in Slot(copies) }
        for (number, match) in matches.enumerated() {
            if case .nothing = match.work { continue }
            outcomes.with { $0[number].areSame = true }
        }
        try Pipeline.run(
            slots: slots,
            stages: [
                .parallel(threadCount) { slot in
                    for piece in slot.pieces {
                        slot.outcomes.append(
                            try TensorWork.compare(
                                piece, slot.old, oldBytes, oldSubject, slot.new, newBytes, newSubject))
                    }
                },
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
                slot.byteCount += piece.new.upperBound - piece.new.lowerBound
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
            let count = match.old.byteCount / oldSize
            for first in stride(from: 0, to: count, by: Int(step)) {
                let end = min(first + step, count)
                let (old, new) = (match.old.range.lowerBound, match.new.range.lowerBound)
                try body(
                    Piece(
                        number: number, old: old + first * oldSize..<old + end * oldSize,
                        new: new + first * newSize..<new + end * newSize, types: types,
                        isSameType: match.old.dtype == match.new.dtype))
            }
        }
    }

    private static func compare(
        _ piece: Piece, _ oldReader: PartReader, _ oldBytes: DiffBytes, _ oldSubject: String,
        _ newReader: PartReader, _ newBytes: DiffBytes, _ newSubject: String
    ) throws -> TensorOutcome {
        let areKnown =
            piece.isSameType && DiffBytes.areSame(oldBytes, piece.old, newBytes, piece.new) == true
        if areKnown && piece.types == nil { return TensorOutcome() }
        let new = try newReader.read(piece.new, of: newBytes, subject: newSubject)
        let old = areKnown ? new : try oldReader.read(piece.old, of: oldBytes, subject: oldSubject)
        let areSame = areKnown || piece.isSameType && old.elementsEqualBytes(of: new)
        guard let types = piece.types else { return TensorOutcome(areSame: areSame) }
        let figures =
            areSame ? Figures(ofUnchanged: new, types.new) : Figures(from: old, types.old, to: new, types.new)
        return TensorOutcome(figures: figures, areSame: areSame)
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
    }
}

/// Finds tensors whose bytes have another name.
private struct RenamedTensors {
    private(set) var pairs: [(old: Tensor, new: Tensor)] = []
    private(set) var removed: [Tensor] = []
    private(set) var added: [Tensor] = []

    /// Tensors with other signatures need not be looked at.
    private struct Signature: Hashable {
        let dtype: String
        let shape: [UInt64]

        init(_ tensor: Tensor) { (dtype, shape) = (tensor.dtype, tensor.shape) }
    }

    init(_ olds: [Tensor], _ old: TensorSide, _ news: [Tensor], _ new: TensorSide, _ copies: CopyReader)
        throws
    {
        let candidates = Dictionary(grouping: news.filter { $0.byteCount > 0 }) { Signature($0) }
        let wanted = Dictionary(grouping: olds.filter { candidates[Signature($0)] != nil }) { Signature($0) }
        var former: [String: Tensor] = [:]
        let reader = PartReader(copies)
        for (signature, olds) in wanted {
            let news = candidates[signature] ?? []
            let areWhole =
                olds.allSatisfy { old.bytes.areWholeChunks(in: $0.range) }
                && news.allSatisfy { new.bytes.areWholeChunks(in: $0.range) }
            var byContent: [Digest: [Tensor]] = [:]
            for tensor in olds.reversed() {
                byContent[try old.identity(of: tensor, byChunks: areWhole, reader), default: []].append(
                    tensor)
            }
            for tensor in news {
                let content = try new.identity(of: tensor, byChunks: areWhole, reader)
                if let match = byContent[content]?.popLast() { former[tensor.name] = match }
            }
        }
        let gone = Set(former.values.map { BytePath($0.name) })
        pairs = news.compactMap { new in former[new.name].map { ($0, new) } }
        removed = olds.filter { !gone.contains(BytePath($0.name)) }
        added = news.filter { former[$0.name] == nil }
    }
}

extension TensorSide {
    /// What only tensors with the same bytes have.
    ///
    /// `byChunks`: by the ids of its chunks, without reading it.
    fileprivate func identity(of tensor: Tensor, byChunks: Bool, _ reader: PartReader) throws -> Digest {
        let hasher = SHA256()
        if byChunks, case .stored(let chunks) = bytes {
            for number in chunks.chunks(in: tensor.range) {
                chunks.rows[number].id.withBytes { hasher.update($0) }
            }
            return hasher.finish()
        }
        for start in stride(from: tensor.range.lowerBound, to: tensor.range.upperBound, by: 1 << 20) {
            let part = start..<min(start + (1 << 20), tensor.range.upperBound)
            hasher.update(try reader.read(part, of: bytes, subject: subject))
        }
        return hasher.finish()
    }
}

extension DiffBytes {
    fileprivate func areWholeChunks(in range: Range<UInt64>) -> Bool {
        if case .stored(let chunks) = self { chunks.areWhole(in: range) } else { false }
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
