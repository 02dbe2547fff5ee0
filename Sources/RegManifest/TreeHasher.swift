// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
package import RegHash

/// Sums rows up, in path order, to the digest of their tree (docs/format.md, "Identity").
package struct TreeHasher {
    /// What a row is, as far as it counts.
    package enum Kind: Sendable {
        case file(isExecutable: Bool)
        case emptyDirectory
        case symlink
    }

    private static let nothing = SHA256.digest(of: [])
    /// Rows are hashed in runs of about this many bytes.
    private static let runByteCount = 1 << 15

    private let hasher = SHA256()
    private var waiting: [UInt8] = []

    package init() { waiting = Array("reg:tree:v1\0".utf8) }

    package mutating func append(_ row: TreeRow) {
        row.path.bytes.withUnsafeBytes { path in
            switch row.kind {
            case .file(let size, let hash, let isExecutable):
                append(.file(isExecutable: isExecutable), size: size, hash: hash, path: path)
            case .emptyDirectory: append(.emptyDirectory, size: 0, hash: TreeHasher.nothing, path: path)
            case .symlink(let target):
                let hash = SHA256.digest(of: target.bytes)
                append(.symlink, size: UInt64(target.bytes.count), hash: hash, path: path)
            }
        }
    }

    /// `size` and `hash` as a row has them.
    package mutating func append(_ kind: Kind, size: UInt64, hash: Digest, path: UnsafeRawBufferPointer) {
        switch kind {
        case .file(let isExecutable):
            waiting.append(UInt8(ascii: "f"))
            waiting.append(isExecutable ? 1 : 0)
        case .emptyDirectory:
            waiting.append(UInt8(ascii: "d"))
            waiting.append(0)
        case .symlink:
            waiting.append(UInt8(ascii: "l"))
            waiting.append(0)
        }
        withUnsafeBytes(of: size.littleEndian) { waiting.append(contentsOf: $0) }
        hash.withBytes { waiting.append(contentsOf: $0) }
        withUnsafeBytes(of: UInt32(path.count).littleEndian) { waiting.append(contentsOf: $0) }
        waiting.append(contentsOf: path)
        if waiting.count >= TreeHasher.runByteCount { hashWaiting() }
    }

    private mutating func hashWaiting() {
        hasher.update(waiting)
        waiting.removeAll(keepingCapacity: true)
    }

    /// The digest of all rows so far; the hasher is then used up.
    package mutating func finish() -> Digest {
        hashWaiting()
        return hasher.finish()
    }
}
