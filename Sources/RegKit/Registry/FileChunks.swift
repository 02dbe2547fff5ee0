// SPDX-License-Identifier: Apache-2.0
internal import RegManifest

/// The chunks of a stored file, and where each lies in it.
struct FileChunks: Sendable {
    /// All of the file, in order.
    let rows: [ChunkRow]
    /// Where each begins, in bytes of the file.
    private let starts: [UInt64]
    let byteCount: UInt64

    init(_ rows: [ChunkRow]) {
        self.rows = rows
        var place: UInt64 = 0
        starts = rows.map { row in
            defer { place += UInt64(row.rawLength) }
            return place
        }
        byteCount = place
    }

    /// The chunks that a part of the file lies in.
    func chunks(in range: Range<UInt64>) -> Range<Int> {
        if range.isEmpty || range.lowerBound >= byteCount { return 0..<0 }
        return index(at: range.lowerBound)..<index(at: min(range.upperBound, byteCount) - 1) + 1
    }

    /// Where a chunk lies in the file.
    func range(of chunk: Int) -> Range<UInt64> {
        starts[chunk]..<starts[chunk] + UInt64(rows[chunk].rawLength)
    }

    /// The chunk that has the byte at `place`.
    func index(at place: UInt64) -> Int {
        var (low, high) = (0, starts.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if starts[middle] <= place { low = middle } else { high = middle }
        }
        return low
    }

    /// Whether a part of the file is a run of whole chunks.
    func areWhole(in part: Range<UInt64>) -> Bool {
        let numbers = chunks(in: part)
        guard let first = numbers.first, let last = numbers.last else { return false }
        return range(of: first).lowerBound == part.lowerBound && range(of: last).upperBound == part.upperBound
    }
}
