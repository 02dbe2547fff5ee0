// SPDX-License-Identifier: Apache-2.0
package import RegBytes
package import RegHash
package import RegPack

/// One row of a tree: what an artifact version is, without a word on where its bytes lie.
package struct TreeRow: Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        /// `size` in bytes; `hash` is the SHA-256 of the file's bytes.
        case file(size: UInt64, hash: Digest, isExecutable: Bool)
        case emptyDirectory
        case symlink(target: BytePath)
    }

    /// Relative to the artifact.
    package let path: BytePath
    package let kind: Kind

    /// The size of a file, in bytes; 0 for all else.
    package var byteCount: UInt64 { if case .file(let size, _, _) = kind { size } else { 0 } }

    package init(path: BytePath, kind: Kind) {
        self.path = path
        self.kind = kind
    }
}

/// A chunk of a file and where it lies.
package struct ChunkRow: Equatable, Sendable {
    package let id: Digest
    /// In bytes, decoded.
    package let rawLength: UInt32
    package let copy: Copy

    package init(id: Digest, rawLength: UInt32, copy: Copy) {
        self.id = id
        self.rawLength = rawLength
        self.copy = copy
    }
}

/// What a manifest holds, in order: chunk lists too long for one page come in parts before their file's row.
package enum ManifestItem: Equatable, Sendable {
    /// Leading chunks of the file at this path; its row comes later.
    case part(BytePath, [ChunkRow])
    /// A row, and for a file its last (mostly: all its) chunks.
    case row(TreeRow, [ChunkRow])

    package var path: BytePath {
        switch self {
        case .part(let path, _): path
        case .row(let row, _): row.path
        }
    }

    package var chunks: [ChunkRow] {
        switch self {
        case .part(_, let chunks), .row(_, let chunks): chunks
        }
    }
}
