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

    private let chunks: FileChunks
    /// By id: which chunk it is; nothing for those that the file has several times.
    private let positions: [Digest: Int]
    /// Tensors that both files have, in the order of the new one; nil where that is no container of tensors.
    private let twins: [Twin]?
    /// How far the new file's content has moved, in bytes, where it was last seen.
    private let shift = Monitor<Int64>(0)

    /// `rows`: of the file, in order; at least one.
    init(_ rows: [ChunkRow], for new: TensorFile?, _ copies: CopyReader) throws {
        let chunks = FileChunks(rows)
        self.chunks = chunks
        var positions: [Digest: Int?] = [:]
        for (position, chunk) in rows.enumerated() {
            positions.updateValue(positions[chunk.id] == nil ? position : nil, forKey: chunk.id)
        }
        self.positions = positions.compactMapValues { $0 }
        twins = try new.map { new in
            try Container.read(ChunkBytes(chunks, copies)).map { BaseFile.twins(new, $0) } ?? []
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
        guard start < chunks.byteCount else { return nil }
        let position = chunks.index(at: start)
        return chunks.range(of: position) == start..<start + UInt64(range.count)
            ? chunks.rows[position] : nil
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
        anchor.map {
            Int64(clamping: place.range.lowerBound) - Int64(clamping: chunks.range(of: $0).lowerBound)
        } ?? 0
    }

    private func chunk(at offset: UInt64) -> ChunkRow? {
        offset < chunks.byteCount ? chunks.rows[chunks.index(at: offset)] : chunks.rows.last
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

/// The bytes of a file that lies in packs, read one chunk at a time; what they say is only used to find bases, which are checked.
private final class ChunkBytes: FileBytes {
    private let chunks: FileChunks
    private let copies: CopyReader
    private let reader = BaseReader()
    private var current: (number: Int, bytes: [UInt8])?

    init(_ chunks: FileChunks, _ copies: CopyReader) { (self.chunks, self.copies) = (chunks, copies) }

    var byteCount: UInt64 { chunks.byteCount }

    func read(_ ranges: [Range<UInt64>]) throws -> [[UInt8]] {
        try ranges.map { range in
            try chunks.chunks(in: range).flatMap { number in
                let place = chunks.range(of: number)
                let part = range.clamped(to: place)
                let first = Int(part.lowerBound - place.lowerBound)
                return try chunk(number)[first..<first + part.count]
            }
        }
    }

    private func chunk(_ number: Int) throws -> [UInt8] {
        if let current, current.number == number { return current.bytes }
        let row = chunks.rows[number]
        let bytes = Array(try reader.bytes(of: Copy.Base(row.copy, rawLength: row.rawLength), copies))
        current = (number, bytes)
        return bytes
    }
}
