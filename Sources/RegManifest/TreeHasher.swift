// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
package import RegHash

/// Sums rows up, in path order, to the digest of their tree (docs/format.md, "Identity").
package struct TreeHasher {
    private let hasher = SHA256()
    private static let nothing = SHA256.digest(of: [])

    package init() { hasher.update(Array("reg:tree:v1\0".utf8)) }

    package mutating func append(_ row: TreeRow) {
        var bytes = ByteWriter()
        switch row.kind {
        case .file(let size, let hash, let isExecutable):
            bytes.u8(UInt8(ascii: "f"))
            bytes.u8(isExecutable ? 1 : 0)
            bytes.u64(size)
            bytes.append(hash.bytes)
        case .emptyDirectory:
            bytes.u8(UInt8(ascii: "d"))
            bytes.u8(0)
            bytes.u64(0)
            bytes.append(TreeHasher.nothing.bytes)
        case .symlink(let target):
            bytes.u8(UInt8(ascii: "l"))
            bytes.u8(0)
            bytes.u64(UInt64(target.bytes.count))
            bytes.append(SHA256.digest(of: target.bytes).bytes)
        }
        bytes.u32(UInt32(row.path.bytes.count))
        bytes.append(row.path.bytes)
        hasher.update(bytes.bytes)
    }

    /// The digest of all rows so far; the hasher is then used up.
    package mutating func finish() -> Digest { hasher.finish() }
}
