// SPDX-License-Identifier: Apache-2.0
import Glibc
import RegBytes

/// A call on the test's own files that failed.
struct FileFailure: Error, CustomStringConvertible {
    let description: String

    init(_ call: String, _ path: BytePath) {
        description = "\(call) \(printable(path)): \(String(cString: strerror(errno)))"
    }
}

/// Calls `body` with `path` as C wants it.
private func withCString<Result>(_ path: BytePath, _ body: (UnsafePointer<CChar>) -> Result) -> Result {
    (path.bytes + [0]).withUnsafeBufferPointer { bytes in
        bytes.withMemoryRebound(to: CChar.self) { body($0.baseAddress ?? UnsafePointer(strdup(""))) }
    }
}

/// The permission bits and kind of what lies at `path`, a symlink itself; nil where there is nothing.
func mode(of path: BytePath) -> mode_t? {
    var status = stat()
    return withCString(path) { lstat($0, &status) } == 0 ? status.st_mode : nil
}

func exists(_ path: BytePath) -> Bool { mode(of: path) != nil }

func isDirectory(_ path: BytePath) -> Bool { mode(of: path).map { $0 & S_IFMT == S_IFDIR } ?? false }

func readFile(_ path: BytePath) throws -> [UInt8] {
    let descriptor = withCString(path) { open($0, O_RDONLY | O_CLOEXEC) }
    guard descriptor >= 0 else { throw FileFailure("open", path) }
    defer { close(descriptor) }
    var content: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 1 << 18)
    while true {
        let count = read(descriptor, &block, block.count)
        guard count >= 0 else { throw FileFailure("read", path) }
        if count == 0 { return content }
        content += block.prefix(count)
    }
}

func readText(_ path: BytePath) throws -> String { String(decoding: try readFile(path), as: UTF8.self) }

/// Writes a file as a new one, so that a file that somebody else made is replaced and not written to.
func writeFile(_ content: [UInt8], to path: BytePath, mode: mode_t = 0o644) throws {
    try makeDirectory(path.parent)
    _ = withCString(path) { unlink($0) }
    let descriptor = withCString(path) { open($0, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode) }
    guard descriptor >= 0 else { throw FileFailure("create", path) }
    defer { close(descriptor) }
    var rest = content[...]
    while !rest.isEmpty {
        let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        guard count > 0 else { throw FileFailure("write", path) }
        rest = rest.dropFirst(count)
    }
}

/// Makes a directory and its parents, where they are not there yet.
func makeDirectory(_ path: BytePath) throws {
    if path.isEmpty || isDirectory(path) { return }
    try makeDirectory(path.parent)
    guard withCString(path, { mkdir($0, 0o755) }) == 0 else { throw FileFailure("mkdir", path) }
}

func setMode(_ mode: mode_t, of path: BytePath) throws {
    guard withCString(path, { chmod($0, mode) }) == 0 else { throw FileFailure("chmod", path) }
}

func move(_ path: BytePath, to new: BytePath) throws {
    let result = withCString(path) { old in withCString(new) { rename(old, $0) } }
    guard result == 0 else { throw FileFailure("rename", path) }
}

func makeSymlink(to target: String, at path: BytePath) throws {
    guard withCString(path, { symlink(target, $0) }) == 0 else { throw FileFailure("symlink", path) }
}

/// Names in a directory, sorted.
func list(_ directory: BytePath) throws -> [BytePath] {
    let opened = withCString(directory) { opendir($0) }
    guard let stream = opened else { throw FileFailure("opendir", directory) }
    defer { closedir(stream) }
    var names: [BytePath] = []
    while let entry = readdir(stream) {
        let name = withUnsafeBytes(of: entry.pointee.d_name) { BytePath($0.prefix { $0 != 0 }) }
        if name != BytePath(".") && name != BytePath("..") { names.append(name) }
    }
    return names.sorted()
}

/// Removes what lies at `path`, with all that is in it; nothing is all right.
func remove(_ path: BytePath) throws {
    guard let mode = mode(of: path) else { return }
    if mode & S_IFMT == S_IFDIR {
        try setMode(0o700, of: path)
        for name in try list(path) { try remove(path.appending(name)) }
    }
    guard withCString(path, { Glibc.remove($0) }) == 0 else { throw FileFailure("remove", path) }
}

/// What a directory holds: files with content and executable bit, symlinks, empty directories.
struct Tree: Equatable, CustomStringConvertible {
    enum Entry: Equatable {
        case file([UInt8], isExecutable: Bool)
        case symlink([UInt8])
        case emptyDirectory
    }

    var entries: [BytePath: Entry] = [:]

    init() {}

    /// Everything below `top` but what is named `excluding` at its first level.
    init(_ top: BytePath, excluding: [String] = []) throws {
        for name in try list(top) where !excluding.contains(name.lossy) { try add(name, below: top) }
    }

    private mutating func add(_ path: BytePath, below top: BytePath) throws {
        let whole = top.appending(path)
        let mode = mode(of: whole) ?? 0
        switch mode & S_IFMT {
        case S_IFDIR:
            let names = try list(whole)
            if names.isEmpty { entries[path] = .emptyDirectory }
            for name in names { try add(path.appending(name), below: top) }
        case S_IFLNK:
            var target = [CChar](repeating: 0, count: 4096)
            let count = withCString(whole) { readlink($0, &target, target.count) }
            entries[path] = .symlink(target.prefix(max(0, count)).map(UInt8.init(bitPattern:)))
        default:
            entries[path] = .file(try readFile(whole), isExecutable: mode & S_IXUSR != 0)
        }
    }

    /// Sorted paths; contents only as sizes, since that is what a failed comparison prints.
    var description: String {
        entries.sorted { $0.key < $1.key }.map { path, entry in
            switch entry {
            case .file(let content, let isExecutable):
                "\(printable(path)) (\(content.count) B, hash \(content.hashValue)\(isExecutable ? ", x" : ""))"
            case .symlink(let target): "\(printable(path)) -> \(printable(BytePath(target)))"
            case .emptyDirectory: "\(printable(path))/"
            }
        }.joined(separator: "\n")
    }

    var paths: [String] { entries.keys.sorted().map(\.lossy) }
}
