// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegJobs
internal import RegManifest
internal import RegTensor

/// A file of a version, read where it is stored: only the chunks that the wanted parts need.
final class StoredFile: FileBytes {
    /// Chunks that were read are kept for the next header nearby, up to so many bytes.
    private static let cacheLimit = 16 << 20

    let chunks: FileChunks
    private let fetcher: ChunkFetcher
    /// What it is, for messages.
    let subject: String
    private var cache: [Int: [UInt8]] = [:]

    init(_ chunks: FileChunks, fetcher: ChunkFetcher, subject: String) {
        self.chunks = chunks
        self.fetcher = fetcher
        self.subject = subject
    }

    var byteCount: UInt64 { chunks.byteCount }

    /// Up to the end of a chunk: the next one may be a tensor's.
    func readAhead(from offset: UInt64) -> UInt64 {
        guard offset < byteCount else { return 0 }
        return chunks.range(of: chunks.index(at: offset)).upperBound - offset
    }

    func read(_ ranges: [Range<UInt64>]) throws -> [[UInt8]] {
        try load(Set(ranges.flatMap { chunks.chunks(in: $0) }))
        return ranges.map { range in
            var bytes: [UInt8] = []
            for number in chunks.chunks(in: range) {
                let place = chunks.range(of: number)
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
        try fetcher.fetch(missing.lazy.map { (number: $0, row: self.chunks.rows[$0]) }, of: subject) {
            number, bytes in
            let copy = Array(bytes)
            found.with { $0[number] = copy }
        }
        cache.merge(found.with { $0 }) { _, new in new }
    }
}
