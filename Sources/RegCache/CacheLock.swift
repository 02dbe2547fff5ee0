// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegFiles

/// A lock by a name of the cache, until nobody holds it any more or the process ends.
final class CacheLock: Sendable {
    private let file: Descriptor

    private init(_ file: Descriptor) { self.file = file }

    /// Waits for the lock.
    static func take(
        _ name: String, _ kind: Descriptor.LockKind, in directory: Descriptor
    ) throws(FileError) -> CacheLock {
        while true {
            let file = try Descriptor.open(BytePath(name), .lock, at: directory)
            try file.lock(kind)
            // Whoever had it may have removed the file; the lock on that keeps nobody out.
            if try isNamed(file, name, in: directory) { return CacheLock(file) }
        }
    }

    /// Takes the lock alone; nil where somebody has it.
    static func tryTake(_ name: String, in directory: Descriptor) throws(FileError) -> CacheLock? {
        let file = try Descriptor.open(BytePath(name), .lock, at: directory)
        guard try file.tryLock(), try isNamed(file, name, in: directory) else { return nil }
        return CacheLock(file)
    }

    private static func isNamed(
        _ file: Descriptor, _ name: String, in directory: Descriptor
    ) throws(FileError) -> Bool {
        try directory.status(of: BytePath(name))?.inode == file.status().inode
    }
}
