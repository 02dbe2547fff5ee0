// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// What `stat(2)` says of a file, as far as reg looks at it.
package struct FileStatus: Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        case file, directory, symlink
        case fifo, socket, device, unknown

        /// As it reads after "is".
        package var words: String {
            switch self {
            case .file: "a file"
            case .directory: "a directory"
            case .symlink: "a symbolic link"
            case .fifo: "a FIFO"
            case .socket: "a socket"
            case .device: "a device"
            case .unknown: "of an unknown kind"
            }
        }
    }

    package let kind: Kind
    /// In bytes.
    package let size: UInt64
    /// What it takes on the disk, in bytes: less than its size where it has holes.
    package let allocatedByteCount: UInt64
    /// Since 1970, in nanoseconds.
    package let modified: Int64
    /// Since 1970, in nanoseconds: the last change of the inode, which no program can set.
    package let changed: Int64
    package let inode: UInt64
    package let device: UInt64
    package let isExecutable: Bool
    /// The bits that `chmod(2)` sets.
    package let permissions: UInt32
    /// The number of the user whose file it is.
    package let owner: UInt32
    /// How many names the file has.
    package let linkCount: UInt64
    /// Whether it is a plain file of this user under one name only.
    package let isOwnFile: Bool

    init(_ raw: stat) {
        size = UInt64(max(0, raw.st_size))
        allocatedByteCount = UInt64(max(0, raw.st_blocks)) * 512
        modified = FileStatus.nanoseconds(raw.st_mtim)
        changed = FileStatus.nanoseconds(raw.st_ctim)
        inode = UInt64(raw.st_ino)
        device = UInt64(raw.st_dev)
        isExecutable = raw.st_mode & S_IXUSR != 0
        permissions = raw.st_mode & 0o7777
        owner = raw.st_uid
        linkCount = UInt64(raw.st_nlink)
        isOwnFile = raw.st_mode & S_IFMT == S_IFREG && raw.st_nlink == 1 && raw.st_uid == geteuid()
        switch raw.st_mode & S_IFMT {
        case S_IFREG: kind = .file
        case S_IFDIR: kind = .directory
        case S_IFLNK: kind = .symlink
        case S_IFIFO: kind = .fifo
        case S_IFSOCK: kind = .socket
        case S_IFCHR, S_IFBLK: kind = .device
        default: kind = .unknown
        }
    }

    private static func nanoseconds(_ time: timespec) -> Int64 {
        Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }

    /// Whether nothing that a change of the bytes would move has moved.
    package func isSameContent(as other: FileStatus) -> Bool {
        size == other.size && modified == other.modified && changed == other.changed && inode == other.inode
    }
}

/// The time now, in nanoseconds since 1970.
package func nanosecondsNow() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
}

/// The time now as ISO 8601 in UTC, to the second.
package func timestampNow() -> String {
    var seconds = time(nil)
    var parts = tm()
    gmtime_r(&seconds, &parts)
    func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
    let day = "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))"
    return "\(day)T\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))Z"
}
