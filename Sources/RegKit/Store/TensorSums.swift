// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegDiff
internal import RegManifest
internal import RegTensor

/// The tensors of a file whose elements are plain numbers.
struct NumericTensors: Sendable {
    private struct Entry {
        let name: BytePath
        /// Where it is in the file.
        let range: Range<UInt64>
        let type: NumberType
    }

    /// Tensors that share bytes would be measured again and again: not where they have more than this many times the file's bytes.
    private static let sharingLimit: UInt64 = 4

    /// By where they begin.
    private let entries: [Entry]
    /// How far each, and all before it, reach at most.
    private let reaches: [UInt64]

    var count: Int { entries.count }

    /// Nil where there are none, or too many that share bytes.
    init?(_ file: TensorFile) {
        let byteCount = file.tensors.reduce(0) { saturatingSum($0, $1.byteCount) }
        guard byteCount / NumericTensors.sharingLimit <= file.byteCount else { return nil }
        entries = file.tensors.compactMap { tensor in
            guard let type = NumberType(dtype: tensor.dtype), tensor.byteCount > 0,
                tensor.byteCount.isMultiple(of: UInt64(type.byteCount))
            else { return nil }
            return Entry(name: BytePath(tensor.name), range: tensor.range, type: type)
        }
        if entries.isEmpty { return nil }
        var reach: UInt64 = 0
        reaches = entries.map { entry in
            reach = max(reach, entry.range.upperBound)
            return reach
        }
    }

    /// Measures the parts of tensors that lie in `bytes`, a piece of the file from `offset` on.
    ///
    /// A piece ends between elements, as chunks of containers do: of one that does not, an element would be missing.
    func measure(
        _ bytes: UnsafeRawBufferPointer, at offset: UInt64, _ take: (_ tensor: Int, Moments) -> Void
    ) {
        let piece = offset..<offset + UInt64(bytes.count)
        // The first that reaches into the piece.
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if reaches[middle] <= piece.lowerBound { low = middle + 1 } else { high = middle }
        }
        for (number, entry) in entries.enumerated().dropFirst(low) {
            if entry.range.lowerBound >= piece.upperBound { return }
            let part = entry.range.clamped(to: piece)
            if part.isEmpty { continue }
            let place = Int(part.lowerBound - offset)..<Int(part.upperBound - offset)
            take(number, Moments(of: UnsafeRawBufferPointer(rebasing: bytes[place]), entry.type))
        }
    }

    /// What a table of statistics says of these; those that have not had all their elements are left out.
    fileprivate func statistics(_ moments: [Moments]) -> StatisticsTable.File {
        var file = StatisticsTable.File(minimumCapacity: count)
        for (entry, moments) in zip(entries, moments)
        where moments.count == UInt64(entry.range.count) / UInt64(entry.type.byteCount)
            && entry.name.bytes.count <= StatisticsTable.nameLimit
        {
            file[entry.name] = TensorStatistics(moments)
        }
        return file
    }
}

/// What is found of the tensors of a file while it is read.
final class TensorSums {
    let tensors: NumericTensors
    private var moments: [Moments]

    /// Nil where the file has no tensors of plain numbers.
    init?(_ file: TensorFile) {
        guard let tensors = NumericTensors(file) else { return nil }
        self.tensors = tensors
        moments = [Moments](repeating: Moments(), count: tensors.count)
    }

    /// Takes in the next part of a tensor.
    func add(_ part: Moments, to tensor: Int) { moments[tensor].add(part) }

    var statistics: StatisticsTable.File { tensors.statistics(moments) }
}

extension TensorStatistics {
    init(_ moments: Moments) {
        self.init(
            elementCount: moments.count, nanCount: moments.nanCount, infiniteCount: moments.infiniteCount,
            mean: moments.mean, deviation: moments.deviation, minimum: moments.minimum,
            maximum: moments.maximum)
    }

    /// Whether all elements are finite.
    var isFinite: Bool { nanCount == 0 && infiniteCount == 0 }
}

extension NonFiniteTensors {
    /// Takes in what is not finite of a file.
    mutating func add(_ file: StatisticsTable.File, of path: BytePath) {
        for (name, statistics) in file.filter({ !$1.isFinite }).sorted(by: { $0.key < $1.key }) {
            add(
                Tensor(
                    file: path, name: name.lossy, elementCount: statistics.elementCount,
                    nanCount: statistics.nanCount, infiniteCount: statistics.infiniteCount))
        }
    }
}

extension ManifestLibrary {
    /// The tensors of a version that are not finite, as its statistics say.
    func nonFiniteTensors(of manifest: Manifest, subject: String) throws -> NonFiniteTensors {
        var found = NonFiniteTensors()
        guard let table = manifest.statistics,
            table.files.values.contains(where: { !$0.values.allSatisfy(\.isFinite) })
        else { return found }
        try forEachItem(of: manifest, subject: subject) { item in
            guard case .row(let row, _) = item, case .file(_, let hash, _) = row.kind,
                let file = table.files[hash]
            else { return }
            found.add(file, of: row.path)
        }
        return found
    }
}
