// SPDX-License-Identifier: Apache-2.0

/// What a parser accepts before it gives up; each bounds memory.
package struct JSONLimits: Sendable {
    /// Length of the whole text in bytes.
    package var byteCount: Int
    /// Number of values, containers included, keys not.
    package var valueCount: Int
    /// Arrays and objects within each other.
    package var depth: Int

    package init(byteCount: Int = 64 << 20, valueCount: Int = 4_000_000, depth: Int = 64) {
        self.byteCount = byteCount
        self.valueCount = valueCount
        self.depth = depth
    }

    package static let `default` = JSONLimits()
}
