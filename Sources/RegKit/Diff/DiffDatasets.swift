// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegHash
internal import RegLock
internal import RegManifest

/// Counts the samples of an artifact by directories, and finds those with the same bytes; from manifests alone.
struct DatasetTally {
    private static let folderLimit = 10_000
    private static let splitLimit = 64
    /// Samples of both sides.
    private static let sampleLimit = 4_000_000
    static let exampleLimit = 5

    /// A file of a side.
    private struct Sample {
        /// The beginning of its hash: few enough bytes for millions, and enough for two never to be alike by accident.
        let hash: UInt64
        let split: UInt32
        /// Among all rows of its side.
        let number: UInt32
    }

    /// A pair of splits, or one twice.
    private struct SplitPair: Hashable {
        let first: UInt32
        let second: UInt32
    }

    private struct Overlaps {
        var counts: [SplitPair: UInt64] = [:]
        var examples: [SplitPair: [(UInt32, UInt32)]] = [:]
    }

    private let artifact: String
    private let type: ArtifactType?
    private var folders: [BytePath: (old: UInt64, new: UInt64)] = [:]
    private var splits: [String] = []
    private var splitNumbers: [String: UInt32] = [:]
    private var olds: [Sample] = []
    private var news: [Sample] = []
    private var oldRowCount: UInt32 = 0
    private var newRowCount: UInt32 = 0
    private var mediaCount = 0
    private var fileCount = 0
    private var isFull = false

    init(artifact: String, type: ArtifactType?) {
        self.artifact = artifact
        self.type = type
    }

    /// Takes in what both sides have at the next path.
    mutating func take(_ old: TreeRow?, _ new: TreeRow?) {
        if let old { take(old, isOld: true) }
        if let new { take(new, isOld: false) }
    }

    private mutating func take(_ row: TreeRow, isOld: Bool) {
        let number = isOld ? oldRowCount : newRowCount
        if isOld { oldRowCount &+= 1 } else { newRowCount &+= 1 }
        guard !isFull, case .file(let size, let hash, _) = row.kind, DatasetTally.isSample(row.path) else {
            return
        }
        fileCount += 1
        if DatasetTally.mediaSuffixes.contains(row.path.suffix) { mediaCount += 1 }
        let folder = row.path.parent
        guard folders[folder] != nil || folders.count < DatasetTally.folderLimit,
            olds.count + news.count < DatasetTally.sampleLimit, let split = split(of: folder)
        else {
            isFull = true
            (olds, news, folders) = ([], [], [:])
            return
        }
        if isOld {
            folders[folder, default: (0, 0)].old += 1
        } else {
            folders[folder, default: (0, 0)].new += 1
        }
        if size == 0 { return }
        let sample = Sample(hash: hash.beginning, split: split, number: number)
        if isOld { olds.append(sample) } else { news.append(sample) }
    }

    private mutating func split(of folder: BytePath) -> UInt32? {
        let name =
            folder.components.lazy.map { String(decoding: $0, as: UTF8.self) }.first(where: Self.isSplit)
            ?? ""
        if let number = splitNumbers[name] { return number }
        guard splits.count < DatasetTally.splitLimit else { return nil }
        splitNumbers[name] = UInt32(splits.count)
        splits.append(name)
        return UInt32(splits.count - 1)
    }

    // MARK: Names

    private static let mediaSuffixes: Set<String> = [
        "jpg", "jpeg", "png", "bmp", "webp", "tif", "tiff", "gif", "ppm", "pgm", "dcm", "wav", "flac", "mp3",
        "ogg", "mp4",
        "avi", "mkv", "mov", "npy",
    ]
    private static let sideSuffixes: Set<String> = [
        "json", "xml", "yaml", "yml", "md", "csv", "tsv", "jsonl", "ndjson",
    ]
    private static let splitNames: [String] = [
        "train", "training", "val", "valid", "validation", "dev", "test", "testing", "holdout",
    ]

    /// What is neither about samples nor the labels of one.
    private static func isSample(_ path: BytePath) -> Bool {
        if sideSuffixes.contains(path.suffix) { return false }
        return path.suffix != "txt" || !path.parent.components.contains { isLabelDirectory($0) }
    }

    private static func isLabelDirectory(_ name: ArraySlice<UInt8>) -> Bool {
        let name = String(decoding: name, as: UTF8.self).lowercased()
        return name.hasPrefix("labels") || name == "annotations"
    }

    /// Whether a directory holds a split: `train`, `val2017`.
    static func isSplit(_ name: String) -> Bool {
        let stem = name.lowercased().reversed().drop { $0.isNumber || $0 == "-" || $0 == "_" }.reversed()
        return splitNames.contains(String(stem))
    }

    private static func rank(of split: String) -> Int {
        splitNames.firstIndex { split.lowercased().hasPrefix($0) } ?? splitNames.count
    }

    // MARK: Results

    /// Whether the artifact is one of samples.
    private var isDataset: Bool {
        switch type {
        case .dataset?: fileCount > 0
        case .weights?, .config?, .metrics?: false
        case nil, .other?, .annotations?: mediaCount * 2 > fileCount
        }
    }

    var note: String? {
        isFull && isDataset ? "\(artifact) has too many directories or files to look for duplicates" : nil
    }

    /// What there is to tell; `paths` gives those of rows of the newer side, by their numbers.
    mutating func dataset(paths: (Set<UInt32>) throws -> [UInt32: BytePath]) throws -> DiffReport.Dataset? {
        guard isDataset, !isFull else { return nil }
        let before = Self.overlaps(of: &olds, splits, withExamples: false)
        let after = Self.overlaps(of: &news, splits, withExamples: true)
        let wanted = Set(after.examples.values.joined().flatMap { [$0.0, $0.1] })
        let found = wanted.isEmpty ? [:] : try paths(wanted)
        let pairs = Set(before.counts.keys).union(after.counts.keys)
        let overlaps = pairs.map { pair in
            DiffReport.Dataset.Overlap(
                first: splits[Int(pair.first)], second: splits[Int(pair.second)],
                old: before.counts[pair] ?? 0,
                new: after.counts[pair] ?? 0,
                examples: (after.examples[pair] ?? []).compactMap { first, second in
                    guard let first = found[first], let second = found[second] else { return nil }
                    return (first, second)
                })
        }
        let changed = folders.filter { $0.value.old != $0.value.new }
        return DiffReport.Dataset(
            artifact: artifact,
            folders: changed.map { .init(path: $0.key, old: $0.value.old, new: $0.value.new) }.sorted {
                $0.path < $1.path
            }, unchangedFolderCount: UInt64(folders.count - changed.count),
            overlaps: overlaps.sorted { Self.comesBefore($0, $1) })
    }

    /// What leaks from one split into another comes first.
    private static func comesBefore(_ left: DiffReport.Dataset.Overlap, _ right: DiffReport.Dataset.Overlap)
        -> Bool
    {
        func key(_ overlap: DiffReport.Dataset.Overlap) -> (Int, Int, Int, String, String) {
            (
                overlap.first == overlap.second ? 1 : 0, rank(of: overlap.first), rank(of: overlap.second),
                overlap.first, overlap.second
            )
        }
        return key(left) < key(right)
    }

    private static func overlaps(
        of samples: inout [Sample], _ splits: [String], withExamples: Bool
    ) -> Overlaps {
        let ranks = splits.map { rank(of: $0) }
        samples.sort {
            if $0.hash != $1.hash { return $0.hash < $1.hash }
            let (left, right) = (ranks[Int($0.split)], ranks[Int($1.split)])
            return (left, $0.split, $0.number) < (right, $1.split, $1.number)
        }
        var overlaps = Overlaps()
        func note(_ first: Sample, _ second: Sample, count: Int) {
            let pair = SplitPair(first: first.split, second: second.split)
            overlaps.counts[pair, default: 0] += UInt64(count)
            if withExamples, overlaps.examples[pair, default: []].count < exampleLimit {
                overlaps.examples[pair, default: []].append((first.number, second.number))
            }
        }
        var rest = samples[...]
        while let first = rest.first {
            let same = rest.prefix { $0.hash == first.hash }
            rest = rest.dropFirst(same.count)
            if same.count == 1 { continue }
            var groups: [ArraySlice<Sample>] = []
            var others = same
            while let next = others.first {
                groups.append(others.prefix { $0.split == next.split })
                others = others.dropFirst(groups.last?.count ?? 1)
            }
            for (place, group) in groups.enumerated() {
                guard let one = group.first else { continue }
                if let twin = group.dropFirst().first { note(one, twin, count: group.count - 1) }
                for other in groups[(place + 1)...] {
                    if let twin = other.first { note(one, twin, count: other.count) }
                }
            }
        }
        return overlaps
    }
}
