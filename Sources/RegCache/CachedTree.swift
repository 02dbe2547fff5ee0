// SPDX-License-Identifier: Apache-2.0
package import RegBytes
package import RegFiles
package import RegHash
package import RegManifest

/// A tree whose files are all in the cache, and stay there as long as somebody holds this.
package final class CachedTree: Sendable {
    let cache: HostCache
    let rows: CachedRows
    private let use: CacheLock

    package var digest: Digest { rows.tree }

    init(_ cache: HostCache, _ rows: CachedRows, _ use: CacheLock) {
        self.cache = cache
        self.rows = rows
        self.use = use
    }

    /// Gives every row, in path order.
    package func forEachRow(_ body: (TreeRow) throws -> Void) throws { try rows.forEachRow(body) }
}

/// Where the files of a tree are made, and what may be done to them there.
package struct TreePlace: Sendable {
    package enum Access: Sendable {
        /// Files and directories are read-only; files may be the cache's own by another name.
        case readOnly
        /// Read-only, and nothing that is done to a file reaches the cache.
        case readOnlyCopy
        /// Each a file of its own that may be changed.
        case writable
    }

    /// Nothing outside of this directory is written.
    package let root: Descriptor
    /// What the paths of rows are relative to: a path below `root`, empty for that itself.
    package let base: BytePath
    /// Whether all of `base` is the tree's; else it is a file or two in a directory of others.
    package let ownsBase: Bool
    package let access: Access

    package init(root: Descriptor, base: BytePath, ownsBase: Bool, access: Access) {
        self.root = root
        self.base = base
        self.ownsBase = ownsBase
        self.access = access
    }
}
