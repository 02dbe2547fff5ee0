// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import RegBytes
internal import RegDiff
internal import RegHash
internal import RegJobs
internal import RegManifest
internal import RegTensor

/// Files of an artifact whose tensors are compared with each other.
struct TensorGroup {
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

/// A tensor, and where it is.
struct SideTensor {
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

extension SideTensor {
    var isWholeChunks: Bool {
        if case .stored(let chunks) = side.bytes { chunks.areWhole(in: tensor.range) } else { false }
    }

    /// What only tensors with the same bytes have.
    ///
    /// `byChunks`: by the ids of its chunks, without reading it.
    func identity(byChunks: Bool, _ reader: PartReader) throws -> Digest {
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

/// The tensors of a file of one side.
final class TensorSide: Sendable {
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

/// The tables of statistics of the manifests that were read last.
struct StatisticsTables {
    private var last: [(id: Digest, table: StatisticsTable?)] = []

    mutating func table(of manifest: Manifest) -> StatisticsTable? {
        if let known = last.first(where: { $0.id == manifest.id }) { return known.table }
        let table = manifest.statistics
        last = last.suffix(1) + [(manifest.id, table)]
        return table
    }
}

/// Finds tensors whose bytes have another name.
struct RenamedTensors {
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
