// SPDX-License-Identifier: Apache-2.0
internal import RegCodec
internal import RegHash
internal import RegJobs
internal import RegManifest
internal import RegPack
internal import RegTensor

/// An earlier version of a file that is being stored, whose chunks are bases for those of the new one.
final class BaseFile: Sendable {
    /// A part that both files have at places of their own.
    private struct Twin {
        /// In the new file.
        let range: Range<UInt64>
        /// In this one.
        let start: UInt64
    }

    private let chunks: [ChunkRow]
    /// Where each chunk begins in the file; after the last one, the length of the file.
    private let starts: [UInt64]
    /// By id: which chunk it is; nothing for those that the file has several times.
    private let positions: [Digest: Int]
    /// Tensors that both files have, in the order of the new one; nil where that is no container of tensors.
    private let twins: [Twin]?
    /// How far the new file's content has moved, in bytes, where it was last seen.
    private let shift = Monitor<Int64>(0)

    init(_ chunks: [ChunkRow], for new: TensorFile?, _ copies: CopyReader) throws {
        self.chunks = chunks
        let starts = chunks.reduce(into: [UInt64(0)]) { $0.append($0[$0.count - 1] + UInt64($1.rawLength)) }
        self.starts = starts
        var positions: [Digest: Int?] = [:]
        for (position, chunk) in chunks.enumerated() {
            positions.updateValue(positions[chunk.id] == nil ? position : nil, forKey: chunk.id)
        }
        self.positions = positions.compactMapValues { $0 }
        twins = try new.map { new in
            try Container.read(ChunkBytes(chunks, starts, copies)).map { BaseFile.twins(new, $0) } ?? []
        }
    }

    /// The tensors of `new` that `old` has with the same name, type and shape.
    private static func twins(_ new: TensorFile, _ old: TensorFile) -> [Twin] {
        let known = Dictionary(old.tensors.map { (Array($0.name.utf8), $0) }) { first, _ in first }
        return new.tensors.compactMap { tensor in
            guard let twin = known[Array(tensor.name.utf8)], twin.dtype == tensor.dtype,
                twin.shape == tensor.shape, twin.byteCount == tensor.byteCount
            else { return nil }
            return Twin(range: tensor.range, start: twin.range.lowerBound)
        }
    }

    /// A chunk of the new file.
    struct Place {
        let id: Digest
        /// In the new file.
        let range: Range<UInt64>
    }

    /// How the chunks are like those that they may be coded against.
    var likeness: Likeness { twins == nil ? .text : .numbers }

    /// What each of some neighbouring chunks may be coded against; nil for those that have no counterpart here.
    func bases(for places: [Place]) -> [ChunkRow?] {
        if let twins { return places.map { twin(of: $0.range, among: twins) } }
        return counterparts(of: places)
    }

    /// The chunk that has the same part of the same tensor.
    private func twin(of range: Range<UInt64>, among twins: [Twin]) -> ChunkRow? {
        let after = twins.partitioned { $0.range.lowerBound <= range.lowerBound }
        guard after > 0, twins[after - 1].range.contains(range.lowerBound) else { return nil }
        let twin = twins[after - 1]
        let start = twin.start + (range.lowerBound - twin.range.lowerBound)
        let position = starts.partitioned { $0 < start }
        guard position < chunks.count, starts[position] == start,
            UInt64(chunks[position].rawLength) == range.upperBound - range.lowerBound
        else { return nil }
        return chunks[position]
    }

    /// The chunks that lay where these do now, as far as the chunks tell that are in both files.
    private func counterparts(of places: [Place]) -> [ChunkRow?] {
        let anchors = places.map { positions[$0.id] }
        var moved =
            anchors.indices.first { anchors[$0] != nil }.map { shift(of: places[$0], anchors[$0]) }
            ?? shift.with { $0 }
        let found = zip(places, anchors).map { place, anchor in
            if anchor != nil { moved = shift(of: place, anchor) }
            let middle = Int64(clamping: (place.range.lowerBound + place.range.upperBound) / 2)
            return chunk(at: UInt64(clamping: middle.subtractingReportingOverflow(moved).partialValue))
        }
        shift.with { $0 = moved }
        return found
    }

    private func shift(of place: Place, _ anchor: Int?) -> Int64 {
        anchor.map { Int64(clamping: place.range.lowerBound) - Int64(clamping: starts[$0]) } ?? 0
    }

    private func chunk(at offset: UInt64) -> ChunkRow? {
        let after = starts.partitioned { $0 <= offset }
        return after > 0 && after <= chunks.count ? chunks[after - 1] : chunks.last
    }
}

extension Array {
    /// How many elements come before the first one that `isBefore` is false for; those for which it is true come first.
    fileprivate func partitioned(by isBefore: (Element) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if isBefore(self[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// The bytes of a file that lies in packs.
private final class ChunkBytes: FileBytes {
    private let chunks: [ChunkRow]
    private let starts: [UInt64]
    private let copies: CopyReader
    private let reader = BaseReader()
    private var current: (position: Int, bytes: [UInt8])?

    init(_ chunks: [ChunkRow], _ starts: [UInt64], _ copies: CopyReader) {
        (self.chunks, self.starts, self.copies) = (chunks, starts, copies)
    }

    var byteCount: UInt64 { starts[chunks.count] }

    func read(_ ranges: [Range<UInt64>]) throws -> [[UInt8]] { try ranges.map(read) }

    private func read(_ range: Range<UInt64>) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var position = starts.partitioned { $0 <= range.lowerBound } - 1
        while position < chunks.count, starts[position] < range.upperBound {
            let chunk = try self.chunk(position)
            let first = Int(max(range.lowerBound, starts[position]) - starts[position])
            let end = Int(min(range.upperBound, starts[position + 1]) - starts[position])
            bytes += chunk[first..<end]
            position += 1
        }
        return bytes
    }

    private func chunk(_ position: Int) throws -> [UInt8] {
        if let current, current.position == position { return current.bytes }
        let row = chunks[position]
        let bytes = Array(try reader.bytes(of: Copy.Base(row.copy, rawLength: row.rawLength), copies))
        current = (position, bytes)
        return bytes
    }
}
