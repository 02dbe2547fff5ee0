// SPDX-License-Identifier: Apache-2.0
internal import Glibc
package import RegBytes
package import RegHash

/// What lies below a directory.
package struct Tree: Equatable {
    package enum Entry: Equatable {
        case file(Digest, byteCount: Int, isExecutable: Bool)
        case directory(isEmpty: Bool)
        case link(BytePath)
        case other(UInt32)
    }

    package private(set) var entries: [BytePath: Entry] = [:]
    /// Inodes and times of last change by path: what writing anything would move.
    package private(set) var traces: [BytePath: [Int]] = [:]

    package init(_ root: String) throws { try collect(BytePath(root), BytePath([])) }

    private mutating func collect(_ directory: BytePath, _ prefix: BytePath) throws {
        for name in try directoryNames(directory) {
            let path = directory.appending(name)
            let relative = prefix.appending(name)
            var status = stat()
            guard lstat(path.cString, &status) == 0 else { throw SystemFailure("lstat", path.lossy) }
            traces[relative] = [Int(status.st_ino), status.st_mtim.tv_sec, status.st_mtim.tv_nsec]
            switch status.st_mode & S_IFMT {
            case S_IFREG:
                let bytes = try contents(of: path)
                entries[relative] = .file(
                    SHA256.digest(of: bytes), byteCount: bytes.count,
                    isExecutable: status.st_mode & S_IXUSR != 0)
            case S_IFDIR:
                let count = entries.count
                try collect(path, relative)
                entries[relative] = .directory(isEmpty: entries.count == count)
            case S_IFLNK: entries[relative] = .link(target(of: path))
            case let kind: entries[relative] = .other(kind)
            }
        }
    }

    private func target(of link: BytePath) -> BytePath {
        var target = [CChar](repeating: 0, count: 4096)
        let length = readlink(link.cString, &target, target.count)
        return BytePath(target.prefix(max(0, length)).map { UInt8(bitPattern: $0) })
    }

    package var files: [BytePath: Entry] {
        entries.filter { if case .file = $0.value { true } else { false } }
    }

    /// The tree's digest, by docs/format.md, "Identity".
    package var digest: Digest {
        var rows = Array("reg:tree:v1\0".utf8)
        for (path, entry) in entries.sorted(by: { $0.key < $1.key }) {
            var row = ByteWriter()
            switch entry {
            case .file(let hash, let byteCount, let isExecutable):
                row.append("f")
                row.u8(isExecutable ? 1 : 0)
                row.u64(UInt64(byteCount))
                row.append(hash.bytes)
            case .directory(let isEmpty):
                if !isEmpty { continue }
                row.append("d")
                row.u8(0)
                row.u64(0)
                row.append(SHA256.digest(of: []).bytes)
            case .link(let target):
                row.append("l")
                row.u8(0)
                row.u64(UInt64(target.bytes.count))
                row.append(SHA256.digest(of: target.bytes).bytes)
            case .other: continue
            }
            row.u32(UInt32(path.bytes.count))
            row.append(path.bytes)
            rows += row.bytes
        }
        return SHA256.digest(of: rows)
    }
}

/// The names in a directory, in no order.
package func directoryNames(_ path: BytePath) throws -> [BytePath] {
    guard let stream = opendir(path.cString) else { throw SystemFailure("opendir", path.lossy) }
    defer { closedir(stream) }
    var names: [BytePath] = []
    while let entry = readdir(stream) {
        let name = BytePath(
            withUnsafeBytes(of: &entry.pointee.d_name) { raw in Array(raw.prefix { $0 != 0 }) })
        if name != BytePath("."), name != BytePath("..") { names.append(name) }
    }
    return names
}

/// All bytes of a file.
package func contents(of path: BytePath) throws -> [UInt8] {
    let file = open(path.cString, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard file >= 0 else { throw SystemFailure("open", path.lossy) }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0 else { throw SystemFailure("fstat", path.lossy) }
    var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
    let count = bytes.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress, $0.count) }
    guard count == bytes.count else { throw SystemFailure("read", path.lossy) }
    return bytes
}

extension BytePath {
    /// As C wants it.
    package var cString: [CChar] { (bytes + [0]).map { CChar(bitPattern: $0) } }
}
