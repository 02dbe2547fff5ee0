// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import RegBytes
internal import RegDiff
internal import RegHash
internal import RegJobs
internal import RegManifest
internal import RegTensor

/// Reads what has to be read of tensors, piece by piece, several at one time.
struct TensorWork {
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

/// A tensor that both sides have by the same name.
struct TensorMatch {
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
struct TensorOutcome: Sendable {
    var figures: Figures?
    var histograms: DiffReport.TensorHistograms?
    var areSame = true
}

extension TensorOutcome {
    /// Takes in the next piece.
    mutating func add(_ piece: TensorOutcome) {
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

extension UnsafeRawBufferPointer {
    func elementsEqualBytes(of other: UnsafeRawBufferPointer) -> Bool {
        guard count == other.count, let mine = baseAddress, let its = other.baseAddress else {
            return count == other.count
        }
        return memcmp(mine, its, count) == 0
    }
}
