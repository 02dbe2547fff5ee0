// SPDX-License-Identifier: Apache-2.0
package import RegHash
package import RegStore

/// Why a checkpoint is of no use; what it holds can be read from the log itself.
package enum CheckpointError: Error, Equatable {
    case malformed(String)
    case store(StoreError)
}

/// What the name of a checkpoint says: where it ends, how long it is, and the hash of its head.
package struct CheckpointName: Hashable, Sendable {
    /// The number of the last record that it holds.
    package let last: UInt64
    package let byteCount: UInt64
    /// SHA-256 of the head, which has the hashes of all that follows.
    package let id: Digest

    /// Nil for numbers that no record can have.
    package init?(last: UInt64, byteCount: UInt64, id: Digest) {
        guard last > 0, last <= UInt64(Int64.max), byteCount <= UInt64(Int64.max) else { return nil }
        self.last = last
        self.byteCount = byteCount
        self.id = id
    }

    /// What `name`, as a listing of the registry gives it, says; nil where it is no name of a checkpoint.
    package init?(_ name: String) {
        let parts = name.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].utf8.count == 20, let inverted = UInt64(parts[0]),
            let byteCount = UInt64(parts[1]), let id = Digest(hex: String(parts[2])),
            let result = CheckpointName(last: .max - inverted, byteCount: byteCount, id: id),
            result.key.name == name
        else { return nil }
        self = result
    }

    package var key: ObjectKey { .checkpoint(last: last, byteCount: byteCount, id: id) }
}
