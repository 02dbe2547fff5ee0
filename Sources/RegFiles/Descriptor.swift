// SPDX-License-Identifier: Apache-2.0
internal import CPosix
internal import Glibc
package import RegBytes

/// An open file or directory, closed when nobody holds it any more.
package final class Descriptor: Sendable {
    package let raw: Int32
    /// The path it was opened by, for messages.
    package let path: BytePath

    private init(raw: Int32, path: BytePath) {
        self.raw = raw
        self.path = path
    }

    deinit { close(raw) }

    /// How a file is opened; symlinks in the last component are never followed.
    package enum Mode: Sendable {
        case read
        /// As `read`, following symlinks: only for a tree whose owner has asked for that.
        case readThroughLinks
        /// For a directory: as the start of other paths.
        case directory
        /// Made new, readable and writable for the owner only; fails where something has the name.
        case create
        /// Like `create`, bypassing the page cache.
        case createDirect
        /// Opened or made, readable and writable.
        case update
        /// Opened, readable and writable, bypassing the page cache.
        case updateDirect
        /// Opened or made; what is written comes after what is there.
        case append
        /// Opened or made, for locks.
        case lock

        fileprivate var flags: Int32 {
            switch self {
            case .read: O_RDONLY | O_NOFOLLOW | O_NONBLOCK
            case .readThroughLinks: O_RDONLY | O_NONBLOCK
            case .directory: O_RDONLY | O_DIRECTORY
            case .create: O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW
            case .createDirect: O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | reg_o_direct()
            case .update: O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK
            case .updateDirect: O_RDWR | O_NOFOLLOW | O_NONBLOCK | reg_o_direct()
            case .append: O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW
            case .lock: O_RDWR | O_CREAT | O_NOFOLLOW
            }
        }
    }

    package static func open(_ path: BytePath, _ mode: Mode) throws(FileError) -> Descriptor {
        try open(path, mode, at: nil)
    }

    /// Opens `path` relative to `directory`.
    ///
    /// `permissions`: those of a file that is made, less the process's mask.
    package static func open(
        _ path: BytePath, _ mode: Mode, at directory: Descriptor?, permissions: UInt32 = 0o600
    ) throws(FileError) -> Descriptor {
        let start = directory?.raw ?? AT_FDCWD
        let raw = path.withCString { text in
            retrying { reg_openat(start, text, mode.flags | O_CLOEXEC, mode == .lock ? 0o644 : permissions) }
        }
        let whole = directory.map { $0.path.appending(path) } ?? path
        guard raw >= 0 else { throw .last("open", whole) }
        return Descriptor(raw: raw, path: whole)
    }

    /// Opens `path` below this directory: no symlink is followed and nothing outside is reached, by the kernel's
    /// word (`openat2` with `RESOLVE_BENEATH`), whatever happens to the tree meanwhile.
    package func openBeneath(_ path: BytePath, _ mode: Mode) throws(FileError) -> Descriptor {
        let raw = path.withCString { text in
            retrying { reg_open_beneath(self.raw, text, mode.flags | O_CLOEXEC, 0o600) }
        }
        guard raw >= 0 else { throw .last("open", self.path.appending(path)) }
        return Descriptor(raw: raw, path: self.path.appending(path))
    }

    package func status() throws(FileError) -> FileStatus {
        var raw = stat()
        guard fstat(self.raw, &raw) == 0 else { throw .last("examine", path) }
        return FileStatus(raw)
    }

    /// Reads until `buffer` is full or the file ends; the number of bytes read.
    package func read(into buffer: UnsafeMutableRawBufferPointer) throws(FileError) -> Int {
        try fill(buffer) { Glibc.read(raw, $0.baseAddress, $0.count) }
    }

    /// Reads at `offset` until `buffer` is full or the file ends; the number of bytes read.
    package func read(
        into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64
    ) throws(FileError) -> Int {
        var position = off_t(clamping: offset)
        return try fill(buffer) { part in
            let count = pread(raw, part.baseAddress, part.count, position)
            if count > 0 { position += count }
            return count
        }
    }

    private func fill(
        _ buffer: UnsafeMutableRawBufferPointer, _ read: (UnsafeMutableRawBufferPointer) -> Int
    ) throws(FileError) -> Int {
        var filled = 0
        while filled < buffer.count {
            let part = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
            let count = retrying { read(part) }
            guard count >= 0 else { throw .last("read", path) }
            if count == 0 { break }
            filled += count
        }
        return filled
    }

    package func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        var rest = bytes
        while rest.count > 0 {
            let count = retrying { Glibc.write(raw, rest.baseAddress, rest.count) }
            guard count >= 0 else { throw .last("write", path) }
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
        }
    }

    /// Writes at `offset`, whatever is there.
    package func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(FileError) {
        var rest = bytes
        var position = off_t(clamping: offset)
        while rest.count > 0 {
            let count = retrying { pwrite(raw, rest.baseAddress, rest.count, position) }
            guard count >= 0 else { throw .last("write", path) }
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
            position += count
        }
    }

    package func write(_ bytes: [UInt8]) throws(FileError) {
        try bytes.withUnsafeBufferPointer { (buffer) throws(FileError) in
            try write(UnsafeRawBufferPointer(buffer))
        }
    }

    /// Makes what was written survive a power cut.
    ///
    /// A failure is final: the file must be written anew.
    package func sync() throws(FileError) {
        guard retrying({ fsync(raw) }) == 0 else { throw .last("sync", path) }
    }

    /// Makes everything on this file system survive a power cut.
    package func syncFileSystem() throws(FileError) {
        guard retrying({ reg_syncfs(raw) }) == 0 else { throw .last("sync", path) }
    }

    /// Makes the next `write` begin at `offset`.
    package func seek(to offset: UInt64) throws(FileError) {
        guard lseek(raw, off_t(clamping: offset), SEEK_SET) >= 0 else { throw .last("write", path) }
    }

    package func truncate(to size: UInt64) throws(FileError) {
        guard retrying({ ftruncate(raw, off_t(clamping: size)) }) == 0 else { throw .last("truncate", path) }
    }

    /// Makes the file as long as `range` reaches, with room on the disk for it.
    package func reserve(_ range: Range<UInt64>) throws(FileError) {
        let (start, count) = (Int64(clamping: range.lowerBound), Int64(clamping: range.count))
        guard retrying({ reg_reserve(raw, start, count) }) == 0 else { throw .last("make room in", path) }
    }

    package func setMode(_ mode: UInt32) throws(FileError) {
        guard fchmod(raw, mode_t(mode)) == 0 else { throw .last("set the mode of", path) }
    }

    /// Sets when the file was last read and changed, in nanoseconds since 1970; nil for now.
    package func setModified(_ time: Int64?) throws(FileError) {
        let times = time.map { time in
            [timespec](
                repeating: timespec(tv_sec: Int(time / 1_000_000_000), tv_nsec: Int(time % 1_000_000_000)),
                count: 2)
        }
        guard futimens(raw, times) == 0 else { throw .last("set the time of", path) }
    }

    package enum LockKind: Sendable { case shared, exclusive }

    /// Waits for an advisory lock, released when the descriptor goes or the process ends.
    package func lock(_ kind: LockKind) throws(FileError) {
        guard retrying({ flock(raw, kind == .shared ? LOCK_SH : LOCK_EX) }) == 0 else {
            throw .last("lock", path)
        }
    }

    /// Takes an exclusive lock if nobody has one; false also where the file system has no locks.
    package func tryLock() throws(FileError) -> Bool {
        if retrying({ flock(raw, LOCK_EX | LOCK_NB) }) == 0 { return true }
        if [EWOULDBLOCK, ENOLCK, EOPNOTSUPP, ENOSYS, EINVAL].contains(errno) { return false }
        throw .last("lock", path)
    }
}
