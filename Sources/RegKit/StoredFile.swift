// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegJobs
internal import RegManifest
internal import RegTensor

/// A file of a version, read where it is stored: only the chunks that the wanted parts need.
final class StoredFile: FileBytes {
    /// Chunks that were read are kept for the next header nearby, up to so many bytes.
    private static let cacheLimit = 16 << 20

    let byteCount: UInt64
    let chunks: [ChunkRow]
    /// Where each chunk begins, in bytes of the file.
    private let starts: [UInt64]
    private let fetcher: ChunkFetcher
    /// What it is, for messages.
    let subject: String
    private var cache: [Int: [UInt8]] = [:]

    /// `chunks`: all of the file, in order.
    init(_ chunks: [ChunkRow], fetcher: ChunkFetcher, subject: String) {
        self.chunks = chunks
        self.fetcher = fetcher
        self.subject = subject
        var place: UInt64 = 0
        starts = chunks.map { chunk in
            defer { place += UInt64(chunk.rawLength) }
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
        starts[chunk]..<starts[chunk] + UInt64(chunks[chunk].rawLength)
    }

    /// The chunk that has the byte at `place`.
    private func index(at place: UInt64) -> Int {
        var (low, high) = (0, starts.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if starts[middle] <= place { low = middle } else { high = middle }
        }
        return low
    }

    /// Up to the end of a chunk: the next one may be a tensor's.
    func readAhead(from offset: UInt64) -> UInt64 {
        guard offset < byteCount else { return 0 }
        return range(of: index(at: offset)).upperBound - offset
    }

    func read(_ ranges: [Range<UInt64>]) throws -> [[UInt8]] {
        try load(Set(ranges.flatMap { chunks(in: $0) }))
        return ranges.map { range in
            var bytes: [UInt8] = []
            for number in chunks(in: range) {
                let place = self.range(of: number)
                let part = range.clamped(to: place)
                let first = Int(part.lowerBound - place.lowerBound)
                bytes += cache[number]?[first..<first + part.count] ?? []
            }
            return bytes
        }
    }

    private func load(_ wanted: Set<Int>) throws {
        let missing = wanted.filter { cache[$0] == nil }.sorted()
        if missing.isEmpty { return }
        if cache.values.reduce(0, { $0 + $1.count }) > StoredFile.cacheLimit {
            cache = cache.filter { wanted.contains($0.key) }
        }
        let found = Monitor<[Int: [UInt8]]>([:])
        try fetcher.fetch(missing.lazy.map { (number: $0, row: self.chunks[$0]) }, of: subject) {
            number, bytes in
            let copy = Array(bytes)
            found.with { $0[number] = copy }
        }
        cache.merge(found.with { $0 }) { _, new in new }
    }
}
