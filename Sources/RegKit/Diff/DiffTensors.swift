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
