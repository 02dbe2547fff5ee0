// SPDX-License-Identifier: Apache-2.0

/// How far a long verb is.
package struct Progress: Sendable {
    /// What is going on, as one word: `add`, `push`, `pull`, `verify`.
    package var phase: String
    /// Raw bytes worked through so far.
    package var doneByteCount: UInt64 = 0
    /// Raw bytes in all; nil while nobody knows.
    package var totalByteCount: UInt64?
    package var fileCount: UInt64 = 0
    /// Raw bytes that need not be stored or moved, being there already.
    package var savedByteCount: UInt64 = 0
    /// What new bytes take less in packs than in their files.
    package var compressedByteCount: UInt64 = 0

    package init(phase: String, totalByteCount: UInt64? = nil) {
        self.phase = phase
        self.totalByteCount = totalByteCount
    }
}

/// Told of progress, from any thread, as often as every block.
package typealias ProgressObserver = @Sendable (Progress) -> Void
