// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegFiles
internal import RegHash
internal import RegManifest

/// A file of the cache, by what it holds.
///
/// All of them have one and the same time: whoever writes to one, through whatever name, moves it. So a look at the
/// status tells whether the bytes are still those that were once hashed.
struct CachedFile: Hashable, Sendable {
    let hash: Digest
    let isExecutable: Bool
    /// In bytes.
    let size: UInt64

    /// When every file was last changed: the first instant of the year 2000, in nanoseconds since 1970.
    static let time: Int64 = 946_684_800_000_000_000

    /// Nil for a row that is no file.
    init?(_ row: TreeRow) {
        guard case .file(let size, let hash, let isExecutable) = row.kind else { return nil }
        self.init(hash: hash, isExecutable: isExecutable, size: size)
    }

    init(hash: Digest, isExecutable: Bool, size: UInt64) {
        self.hash = hash
        self.isExecutable = isExecutable
        self.size = size
    }

    /// The same bytes with the other executable bit.
    var sibling: CachedFile { CachedFile(hash: hash, isExecutable: !isExecutable, size: size) }

    var permissions: UInt32 { isExecutable ? 0o555 : 0o444 }

    /// Below `files`, two components.
    var path: BytePath {
        let name = hash.hex
        return BytePath("\(name.prefix(2))/\(name)\(isExecutable ? CachedFile.executableSuffix : "")")
    }

    private static let executableSuffix = ".x"

    /// The hash that a file name in the cache says; nil for a name that is none.
    static func hash(ofName name: BytePath) -> Digest? {
        let suffix = Array(executableSuffix.utf8)
        let digits = name.bytes.suffix(suffix.count).elementsEqual(suffix) ? suffix.count : 0
        return Digest(hex: name.bytes.dropLast(digits))
    }

    /// Whether nobody has touched the file of this status since it was hashed.
    func isUntouched(_ status: FileStatus) -> Bool {
        status.kind == .file && status.size == size && status.modified == CachedFile.time
            && status.permissions == permissions && CachedFile.isTrusted(status)
    }

    /// Whether only this user, or one who may do everything, can have made it.
    static func isTrusted(_ status: FileStatus) -> Bool {
        status.owner == userNumber() || status.owner == 0
    }
}
