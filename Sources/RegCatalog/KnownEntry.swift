// SPDX-License-Identifier: Apache-2.0
package import RegBytes
package import RegFiles
package import RegHash

/// What an entry of a tree is, apart from its path: the kind by its letter, and the hash of a row.
package struct Content: Equatable, Sendable {
    package enum Kind: UInt8, Sendable {
        case file = 0x66
        case executable = 0x78
        case emptyDirectory = 0x64
        case symlink = 0x6c
    }

    package let kind: Kind
    /// Of the file's bytes, of the link's target, or of nothing.
    package let hash: Digest

    package init(_ kind: Kind, _ hash: Digest) {
        self.kind = kind
        self.hash = hash
    }

    package static let emptyDirectory = Content(.emptyDirectory, SHA256.digest(of: []))

    package static func symlink(to target: BytePath) -> Content {
        Content(.symlink, SHA256.digest(of: target.bytes))
    }

    package static func file(_ hash: Digest, isExecutable: Bool) -> Content {
        Content(isExecutable ? .executable : .file, hash)
    }
}

/// What is known of the entry at some path of a working tree.
package struct KnownEntry: Equatable, Sendable {
    /// What it was when it was last looked at.
    package let content: Content
    /// What reg last added or wrote at the path; nil where it never did.
    package let own: Content?
    let size: Int64
    let modified: Int64
    let changed: Int64
    let inode: Int64

    /// `status`: how the file looked; nil where that says nothing of its bytes, and for what is no file.
    package init(_ content: Content, status: FileStatus?) {
        self.content = content
        own = nil
        size = status.map { Int64(clamping: $0.size) } ?? -1
        modified = status?.modified ?? 0
        changed = status?.changed ?? 0
        inode = status.map { Int64(bitPattern: $0.inode) } ?? 0
    }

    /// The columns from `kind` on.
    init(_ row: Row, from column: Int32) throws {
        guard let kind = Content.Kind(rawValue: UInt8(truncatingIfNeeded: row.integer(column))) else {
            throw corruptValue
        }
        content = Content(kind, try row.digest(column + 1))
        let ownKind = UInt8(truncatingIfNeeded: row.integer(column + 2))
        own = try Content.Kind(rawValue: ownKind).map { Content($0, try row.digest(column + 3)) }
        size = row.integer(column + 4)
        modified = row.integer(column + 5)
        changed = row.integer(column + 6)
        inode = row.integer(column + 7)
    }

    /// Whether the file is, by its status, as it was: then its bytes need not be read again.
    package func matches(_ status: FileStatus) -> Bool {
        size == Int64(clamping: status.size) && modified == status.modified && changed == status.changed
            && inode == Int64(bitPattern: status.inode)
            && content.kind == (status.isExecutable ? .executable : .file)
    }
}

/// An entry with its path, relative to the workspace.
package struct KnownFile: Equatable, Sendable {
    package let path: BytePath
    package let entry: KnownEntry

    package init(path: BytePath, _ entry: KnownEntry) {
        self.path = path
        self.entry = entry
    }
}
