// SPDX-License-Identifier: Apache-2.0

/// Cuts one file into chunks by its content, `reg-cdc-1`.
///
/// Cuts depend on nothing but the file's bytes: not on how they are split into calls, nor on what came before the
/// last cut, so equal content cuts equally anywhere, once two files have one cut in common.
/// - SeeAlso: docs/format.md, "Chunking".
struct ContentCutter: Sendable {
    /// A file of at most this many bytes is one chunk.
    static let wholeFile = 64 << 10
    static let shortest = 8 << 10
    static let longest = 256 << 10

    private var isFirst = true
    /// Places of the unfinished chunk, counted from its start, that are known not to be boundaries.
    private var searched = 0

    /// Lengths of the chunks complete in `bytes`, which begin where the last call's chunks end.
    mutating func cuts(in bytes: UnsafeRawBufferPointer, isEnd: Bool) -> [Int] {
        if isFirst && bytes.count <= Self.wholeFile { return isEnd && !bytes.isEmpty ? [bytes.count] : [] }
        isFirst = false
        var lengths: [Int] = []
        var start = 0
        while let length = next(in: UnsafeRawBufferPointer(rebasing: bytes[start...])) {
            lengths.append(length)
            start += length
            searched = 0
        }
        if isEnd && start < bytes.count { lengths.append(bytes.count - start) }
        return lengths
    }

    /// The length of the chunk that begins with `bytes`; nil if it does not end in them.
    private mutating func next(in bytes: UnsafeRawBufferPointer) -> Int? {
        let end = min(bytes.count, Self.longest)
        if let place = Boundary.first(in: bytes, from: max(Self.shortest, searched + 1), through: end) {
            return place
        }
        searched = max(searched, end)
        return end == Self.longest ? end : nil
    }
}
