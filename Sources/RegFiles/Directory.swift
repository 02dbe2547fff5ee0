// SPDX-License-Identifier: Apache-2.0
internal import CPosix
internal import Glibc
package import RegBytes

/// One name in a directory.
package struct DirectoryEntry: Sendable {
    package let name: BytePath
    /// The kind where the file system says it with the name; nil where only `status` knows.
    package let kind: FileStatus.Kind?
}

extension Descriptor {
    /// The entries of this directory but `.` and `..`, in no order.
    package func entries() throws(FileError) -> [DirectoryEntry] {
        var result: [DirectoryEntry] = []
        try forEachName { name, kind in
            result.append(DirectoryEntry(name: BytePath(name), kind: kind))
            return true
        }
        return result
    }

    /// Whether this directory holds nothing at all.
    package func isEmptyDirectory() throws(FileError) -> Bool {
        var isEmpty = true
        try forEachName { _, _ in
            isEmpty = false
            return false
        }
        return isEmpty
    }

    /// Gives each name of this directory but `.` and `..` to `body`, in no order, until it returns false.
    func forEachName(
        _ body: (UnsafeRawBufferPointer, FileStatus.Kind?) -> Bool
    ) throws(FileError) {
        let copy = fcntl(raw, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { throw .last("list", path) }
        guard let stream = fdopendir(copy) else {
            let error = FileError.last("list", path)
            close(copy)
            throw error
        }
        defer { closedir(stream) }
        rewinddir(stream)
        while true {
            errno = 0
            guard let next = readdir(stream) else {
                if errno != 0 { throw .last("list", path) }
                return
            }
            guard let offset = MemoryLayout<dirent>.offset(of: \.d_name) else { return }
            let start = UnsafeRawPointer(next) + offset
            let name = UnsafeRawBufferPointer(
                start: start, count: strlen(start.assumingMemoryBound(to: CChar.self)))
            if name.elementsEqual(".".utf8) || name.elementsEqual("..".utf8) { continue }
            if !body(name, Descriptor.kind(next.pointee.d_type)) { return }
        }
    }

    private static func kind(_ type: UInt8) -> FileStatus.Kind? {
        switch Int(type) {
        case Int(DT_REG): .file
        case Int(DT_DIR): .directory
        case Int(DT_LNK): .symlink
        case Int(DT_FIFO): .fifo
        case Int(DT_SOCK): .socket
        case Int(DT_CHR), Int(DT_BLK): .device
        default: nil
        }
    }

    /// What `name` in this directory is; symlinks are not followed.
    ///
    /// Nil where there is nothing.
    package func status(of name: BytePath) throws(FileError) -> FileStatus? {
        try (name.bytes + [0]).withUnsafeBufferPointer { (name) throws(FileError) in
            try status(ofName: UnsafeRawBufferPointer(name), followingLinks: false)
        }
    }

    /// What `name`, a text that ends with a NUL, is in this directory; nil where there is nothing.
    package func status(
        ofName name: UnsafeRawBufferPointer, followingLinks: Bool
    ) throws(FileError) -> FileStatus? {
        guard let text = name.assumingMemoryBound(to: CChar.self).baseAddress, name.last == 0 else {
            return nil
        }
        var raw = stat()
        if fstatat(self.raw, text, &raw, followingLinks ? 0 : AT_SYMLINK_NOFOLLOW) == 0 {
            return FileStatus(raw)
        }
        let error = FileError.last("examine", path.appending(BytePath(name.dropLast())))
        if error.isNotFound { return nil }
        throw error
    }

    package func readLink(_ name: BytePath) throws(FileError) -> BytePath {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = name.withCString { readlinkat(raw, $0, &buffer, buffer.count) }
        guard count >= 0 else { throw .last(FileError.readingLink, path.appending(name)) }
        return BytePath(buffer.prefix(count).map { UInt8(bitPattern: $0) })
    }

    package func makeLink(_ name: BytePath, to target: BytePath) throws(FileError) {
        let result = target.withCString { text in name.withCString { symlinkat(text, raw, $0) } }
        guard result == 0 else { throw .last("make the link", path.appending(name)) }
    }

    /// Makes the directory `name` here, unless there is one.
    package func makeDirectory(_ name: BytePath) throws(FileError) {
        let result = name.withCString { mkdirat(raw, $0, 0o777) }
        guard result == 0 || errno == EEXIST else { throw .last("make the directory", path.appending(name)) }
    }

    /// Opens the directory `path` below this one, making what is missing; never through a symlink.
    package func makeDirectoriesBeneath(_ path: BytePath) throws(FileError) -> Descriptor {
        do { return try openBeneath(path, .directory) } catch { guard error.isNotFound else { throw error } }
        var current = self
        for component in path.components {
            let name = BytePath(component)
            try current.makeDirectory(name)
            current = try current.openBeneath(name, .directory)
        }
        return current
    }

    package func rename(_ old: BytePath, to new: BytePath) throws(FileError) {
        let result = old.withCString { from in new.withCString { renameat(raw, from, raw, $0) } }
        guard result == 0 else { throw .last("rename a file to", path.appending(new)) }
    }

    /// Gives each of two names here what the other has, at once.
    package func exchange(_ one: BytePath, with other: BytePath) throws(FileError) {
        let result = one.withCString { first in other.withCString { reg_exchange(raw, first, $0) } }
        guard result == 0 else { throw .last("replace", path.appending(other)) }
    }

    /// Gives the file `old` the further name `new`; false where something has it already.
    package func link(_ old: BytePath, to new: BytePath) throws(FileError) -> Bool {
        let result = old.withCString { from in new.withCString { linkat(raw, from, raw, $0, 0) } }
        if result == 0 { return true }
        if errno == EEXIST { return false }
        throw .last("link", path.appending(new))
    }

    /// Gives the file `old` of another directory the further name `new` here.
    ///
    /// `old` may be a path, which is followed as it is.
    package func link(_ old: BytePath, of source: Descriptor, to new: BytePath) throws(FileError) {
        let result = old.withCString { from in new.withCString { linkat(source.raw, from, raw, $0, 0) } }
        guard result == 0 else { throw .last("link", path.appending(new)) }
    }

    /// Moves the file `old` of another directory here, in place of what has the name.
    ///
    /// `new` may be a path, which is followed as it is.
    package func move(_ old: BytePath, of source: Descriptor, to new: BytePath) throws(FileError) {
        let result = old.withCString { from in new.withCString { renameat(source.raw, from, raw, $0) } }
        guard result == 0 else { throw .last("move a file to", path.appending(new)) }
    }

    /// Removes the file `name`, if it is there.
    package func remove(_ name: BytePath) throws(FileError) {
        let result = name.withCString { unlinkat(raw, $0, 0) }
        guard result == 0 || errno == ENOENT else { throw .last("remove", path.appending(name)) }
    }

    /// Removes the directory `name` if it is empty; whether it went.
    package func removeEmptyDirectory(_ name: BytePath) -> Bool {
        name.withCString { unlinkat(raw, $0, AT_REMOVEDIR) } == 0
    }
}

extension Descriptor {
    /// Removes what `name` is, a directory with all that it holds; also where directories are read-only.
    ///
    /// Symlinks are removed, never followed.
    package func removeTree(_ name: BytePath) throws(FileError) {
        guard let status = try status(of: name) else { return }
        guard status.kind == .directory else { return try remove(name) }
        if status.permissions & 0o700 != 0o700 {
            let result = name.withCString { fchmodat(raw, $0, 0o700, AT_SYMLINK_NOFOLLOW) }
            guard result == 0 else { throw .last("set the mode of", path.appending(name)) }
        }
        let directory = try openBeneath(name, .directory)
        for entry in try directory.entries() {
            if entry.kind == .directory || entry.kind == nil {
                try directory.removeTree(entry.name)
            } else {
                try directory.remove(entry.name)
            }
        }
        guard removeEmptyDirectory(name) else { throw .last("remove", path.appending(name)) }
    }
}

/// Makes the directory at `path` with all above it, and makes the new names survive a power cut.
///
/// `mode`: permissions that the user's mask takes from.
package func makeDirectories(_ path: BytePath, mode: UInt32 = 0o777) throws(FileError) {
    if let found = try? Descriptor.open(path, .directory) {
        _ = found
        return
    }  // there already: nothing to do
    let parent = path.parent
    if !parent.isEmpty { try makeDirectories(parent, mode: mode) }
    let made = path.withCString { mkdir($0, mode) }
    guard made == 0 || errno == EEXIST else { throw .last("make the directory", path) }
    if made == 0 {
        try Descriptor.open(parent.isEmpty && path.bytes.first == 0x2f ? BytePath("/") : parent, .directory)
            .sync()
    }
}

/// The absolute path of the directory the process works in.
package func currentDirectory() -> BytePath {
    var buffer = [CChar](repeating: 0, count: 4097)
    guard getcwd(&buffer, buffer.count) != nil else { return BytePath(".") }
    return BytePath(buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) })
}

/// This machine's name.
package func hostName() -> String {
    var buffer = [CChar](repeating: 0, count: 257)
    guard gethostname(&buffer, buffer.count - 1) == 0 else { return "" }
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

/// `path`, which may be relative to `base`, made absolute and without `.`, `..` and doubled slashes.
///
/// Symlinks are left as they are.
package func absolute(_ path: BytePath, from base: BytePath = currentDirectory()) -> BytePath {
    let whole = path.bytes.first == UInt8(ascii: "/") ? path : base.appending(path)
    var parts: [ArraySlice<UInt8>] = []
    for component in whole.components {
        if component.elementsEqual("..".utf8) {
            _ = parts.popLast()
        } else if !component.elementsEqual(".".utf8) {
            parts.append(component)
        }
    }
    return BytePath([UInt8(ascii: "/")] + parts.joined(separator: [UInt8(ascii: "/")]))
}

/// `path` with every symlink resolved; nil where it does not exist.
package func resolvingSymlinks(_ path: BytePath) -> BytePath? {
    guard let text = path.withCString({ realpath($0, nil) }) else { return nil }
    defer { free(text) }
    return BytePath(UnsafeRawBufferPointer(start: text, count: strlen(text)))
}

/// What is at `path`, following symlinks; nil where there is nothing.
package func fileStatus(_ path: BytePath) throws(FileError) -> FileStatus? {
    var raw = stat()
    if path.withCString({ stat($0, &raw) }) == 0 { return FileStatus(raw) }
    let error = FileError.last("examine", path)
    if error.isNotFound { return nil }
    throw error
}

/// Free and total bytes of the file system that holds `path`.
package func fileSystemSpace(_ path: BytePath) throws(FileError) -> (free: UInt64, total: UInt64) {
    var raw = statvfs()
    guard path.withCString({ statvfs($0, &raw) }) == 0 else { throw .last("examine", path) }
    return (UInt64(raw.f_bavail) * UInt64(raw.f_frsize), UInt64(raw.f_blocks) * UInt64(raw.f_frsize))
}

/// Gives the file at `path` the further name `new`; false where something has it already.
package func hardLink(_ path: BytePath, to new: BytePath) throws(FileError) -> Bool {
    let result = path.withCString { from in new.withCString { linkat(AT_FDCWD, from, AT_FDCWD, $0, 0) } }
    if result == 0 { return true }
    if errno == EEXIST { return false }
    throw .last("link", new)
}
