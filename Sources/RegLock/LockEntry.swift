// SPDX-License-Identifier: Apache-2.0
package import RegBytes
package import RegHash

/// One artifact of a lock: its name, where it lies in the tree, and what it holds.
package struct LockEntry: Hashable, Sendable {
    /// Where the artifact's bytes are kept.
    package enum Content: Hashable, Sendable {
        /// In a registry, under a tree digest; `bytes` and `files` are the tree's sums.
        case stored(digest: Digest, bytes: UInt64, files: UInt64)
        /// In the commit itself, so that the lock cannot contradict git.
        case git
    }

    package let name: ArtifactName
    package let type: ArtifactType
    /// Relative to the repository's root, without a final slash; empty for the root itself.
    package let path: BytePath
    package let isDirectory: Bool
    package let content: Content

    package init(
        name: ArtifactName, type: ArtifactType, path: BytePath, isDirectory: Bool, content: Content
    ) {
        self.name = name
        self.type = type
        self.path = path
        self.isDirectory = isDirectory
        self.content = content
    }

    /// Whether `other`, relative to the repository's root, is this artifact or part of it.
    package func contains(_ other: BytePath) -> Bool {
        isDirectory ? other.isWithin(path) : other == path
    }

    /// The rule that the path breaks; the root is a place for a directory only.
    var hazard: PathHazard? { path.isEmpty && isDirectory ? nil : path.hazard }
}
