// SPDX-License-Identifier: Apache-2.0

/// How a file is to be cut into chunks.
package enum CutPlan: Equatable, Sendable {
    /// Where its content says.
    case content
    /// Into stretches of these lengths in bytes, one after another, each cut every 1 MiB from its own start.
    case stretches([UInt64])
}

extension CutPlan {
    /// A file of at most this many bytes is one chunk, whatever it is.
    package static let wholeFile = UInt64(ContentCutter.wholeFile)

    /// Tensors, and what lies between them, of fewer bytes share chunks with their neighbours.
    private static let smallPart = 1 << 10

    /// The plan of a container of tensors, given the parts that it is made of, in file order.
    ///
    /// `isHeader`: whether the part describes tensors; else it is a tensor, or what lies between two.
    /// Each header, each other part of 1 KiB or more, and each run of smaller ones up to 1 MiB is a stretch: so a grown
    /// header or another order of tensors leaves the chunks of every tensor as they were.
    /// - SeeAlso: docs/format.md, "Chunking".
    package static func container(_ parts: some Sequence<(byteCount: UInt64, isHeader: Bool)>) -> CutPlan {
        var stretches: [UInt64] = []
        var run: UInt64 = 0
        for (byteCount, isHeader) in parts {
            let isSmall = byteCount < smallPart && !isHeader
            if run > 0 && (!isSmall || run + byteCount > Cutter.longestChunk) {
                stretches.append(run)
                run = 0
            }
            if isSmall {
                run += byteCount
            } else {
                stretches.append(byteCount)
            }
        }
        if run > 0 { stretches.append(run) }
        return .stretches(stretches)
    }
}
