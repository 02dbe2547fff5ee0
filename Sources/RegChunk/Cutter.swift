// SPDX-License-Identifier: Apache-2.0

/// Cuts one file into chunks, block by block, after a plan.
///
/// ```swift
/// var cutter = Cutter(plan)
/// repeat {
///     // `block` is what was left over of the last one, and new bytes after it.
///     for length in cutter.cuts(in: block, isEnd: isEnd) { … }
/// } while !isEnd
/// ```
package struct Cutter: Sendable {
    /// No chunk is longer, in bytes; so less than this is left over of a block, and a block must hold this much.
    package static let longestChunk = 1 << 20

    private let stretches: [UInt64]
    private var current = 0
    /// Bytes of the current stretch that are cut already.
    private var done: UInt64 = 0
    private var content = ContentCutter()

    package init(_ plan: CutPlan) {
        switch plan {
        case .content: stretches = []
        case .stretches(let lengths): stretches = lengths.filter { $0 > 0 }
        }
    }

    /// Lengths in bytes of the chunks that are complete in `bytes`, one after another from its start.
    ///
    /// `bytes` must begin where the chunks returned so far end: the caller brings what was left over again, followed
    /// by more. With `isEnd` the lengths add up to `bytes.count`. How a file is split into calls changes nothing.
    /// A file that does not fit its plan, because it changes meanwhile, still gets chunks: where it ends early the
    /// last is shorter, and what comes after the last stretch is cut by content.
    package mutating func cuts(in bytes: UnsafeRawBufferPointer, isEnd: Bool) -> [Int] {
        var lengths: [Int] = []
        var start = 0
        while current < stretches.count && start < bytes.count {
            let length = Int(min(stretches[current] - done, UInt64(Self.longestChunk)))
            let left = bytes.count - start
            guard length <= left || isEnd else { return lengths }
            lengths.append(min(length, left))
            start += min(length, left)
            advance(by: UInt64(length))
        }
        guard current == stretches.count else { return lengths }
        return lengths + content.cuts(in: UnsafeRawBufferPointer(rebasing: bytes[start...]), isEnd: isEnd)
    }

    private mutating func advance(by length: UInt64) {
        done += length
        guard done == stretches[current] else { return }
        done = 0
        current += 1
    }
}
