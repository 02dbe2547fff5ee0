// SPDX-License-Identifier: Apache-2.0

/// Which files of a tree the cache lacks, by the numbers of their rows.
///
/// One bit a row: trees can have millions.
package struct MissingFiles: Sendable {
    private var bits: [UInt64] = []
    private var count = 0
    package private(set) var fileCount: UInt64 = 0
    package private(set) var byteCount: UInt64 = 0
    /// Files that come once for several rows.
    private var seen: Set<CachedFile> = []

    /// From this size on, equal files of a tree are brought once; of smaller ones to remember each would cost more.
    private static let largeSize: UInt64 = 1 << 20
    /// So many small ones are remembered: what is equal in many rows, such as empty files, comes up early.
    private static let seenLimit = 1 << 17

    package var isEmpty: Bool { fileCount == 0 }

    /// Whether the row of this number, counted from 0, is to be brought.
    package func contains(_ number: Int) -> Bool {
        let word = number >> 6
        return bits.indices.contains(word) && bits[word] >> UInt64(number & 63) & 1 == 1
    }

    /// Notes the next row.
    mutating func append(_ file: CachedFile?, isMissing: Bool) {
        let number = count
        count += 1
        if number & 63 == 0 { bits.append(0) }
        guard isMissing, let file else { return }
        if seen.contains(file) { return }
        if file.size >= MissingFiles.largeSize || seen.count < MissingFiles.seenLimit { seen.insert(file) }
        bits[number >> 6] |= 1 << UInt64(number & 63)
        fileCount += 1
        byteCount += file.size
    }
}
