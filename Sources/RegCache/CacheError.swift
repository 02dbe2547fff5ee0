// SPDX-License-Identifier: Apache-2.0
package import RegBytes
package import RegHash

/// Why the host cache cannot serve; errors of files (`FileError`) pass through beside these.
package enum CacheError: Error, Equatable {
    /// The cache, or a directory of it, belongs to somebody else or can be changed by others.
    case notOwn(BytePath)
    /// Locks and links cannot be relied on there.
    case onNetwork(BytePath)
    /// The rows of a tree are not those that its digest names, or not safe: why.
    case wrongRows(Digest, String)
    /// A tree does not fit, whatever else goes: the bytes that it lacks, and those that there may be.
    case noRoom(neededByteCount: UInt64, limit: UInt64)
    /// What was to be brought was not: the path in the tree, and what is wrong with it.
    case notBrought(BytePath, String)
    /// Something has the path at which a file of a tree was to be made.
    case taken(BytePath)
    /// A file of the cache was changed or removed while it was in use.
    case changed(Digest)
}
