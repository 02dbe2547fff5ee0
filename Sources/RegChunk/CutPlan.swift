// SPDX-License-Identifier: Apache-2.0

/// How a file is to be cut into chunks.
package enum CutPlan: Equatable, Sendable {
    /// Where its content says.
    case content
    /// Into stretches of these lengths in bytes, one after another, each cut every 1 MiB from its own start.
    case stretches([UInt64])
}

extension CutPlan {
    /// Tensors of fewer bytes share chunks with their neighbours.
    private static let smallTensor = 1 << 10

    /// The plan of a file that is a header and then tensors without gaps, in file order; lengths in bytes.
    ///
    /// The header, each tensor of 1 KiB or more, and each run of smaller ones up to 1 MiB is a stretch: so a grown
    /// header or another order of tensors leaves the chunks of every tensor as they were.
    /// - SeeAlso: docs/format.md, "Chunking".
    package static func tensors(
        headerByteCount: UInt64, tensorByteCounts: some Sequence<UInt64>
    ) -> CutPlan {
        var stretches = [headerByteCount]
        var run: UInt64 = 0
        for byteCount in tensorByteCounts {
            let isSmall = byteCount < smallTensor
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
