// SPDX-License-Identifier: Apache-2.0
internal import Glibc
package import RegBytes

/// A file on its way, under a name by which the next run finds it again when this one is killed.
///
/// What is there may be anything: the machine may have crashed, somebody may have written into it. Whoever goes on
/// with it checks each part first. A lock on the open file keeps two runs apart; the kernel takes it back when
/// its process ends.
package final class PartFile: Sendable {
    package let name: BytePath
    /// What earlier runs have left.
    package let byteCount: UInt64
    private let directory: Descriptor
    /// Open for reading and writing.
    let file: Descriptor

    private init(_ name: BytePath, _ file: Descriptor, byteCount: UInt64, in directory: Descriptor) {
        self.name = name
        self.file = file
        self.byteCount = byteCount
        self.directory = directory
    }

    /// Opens or makes the file; nil where another process has it, or where what has the name is not ours alone.
    package static func open(_ name: BytePath, in directory: Descriptor) throws(FileError) -> PartFile? {
        // Between opening and locking, whoever had it may have finished it; it is then another name's.
        for _ in 0..<3 {
            guard let file = try openOwn(name, in: directory) else { return nil }
            let status = try file.status()
            if try directory.status(of: name)?.inode == status.inode {
                return PartFile(name, file, byteCount: status.size, in: directory)
            }
        }
        return nil
    }

    private static func openOwn(_ name: BytePath, in directory: Descriptor) throws(FileError) -> Descriptor? {
        let file: Descriptor
        do { file = try Descriptor.open(name, .update, at: directory) } catch {
            if [ELOOP, EISDIR, ENXIO, EACCES, EPERM].contains(error.code) { return nil }
            throw error
        }
        // A link to a file of somebody else must not be written to.
        guard try file.status().isOwnFile, try file.tryLock() else { return nil }
        return file
    }

    deinit {
        guard let size = try? file.status().size, size == 0 else { return }
        try? remove()  // nothing in it that would help anybody
    }

    /// Reads at `offset` until `buffer` is full or the file ends; the number of bytes read.
    package func read(
        into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64
    ) throws(FileError) -> Int { try file.read(into: buffer, at: offset) }

    /// The file, open for writing past the page cache; nil where the file system does not let it.
    func openDirect() throws(FileError) -> Descriptor? {
        let file = try openForWriting()
        return file === self.file ? nil : file
    }

    /// The file, open for writing past the page cache where the file system lets it.
    func openForWriting() throws(FileError) -> Descriptor {
        do {
            let direct = try Descriptor.open(name, .updateDirect, at: directory)
            return try direct.status().inode == file.status().inode ? direct : file
        } catch {
            guard error.code == EINVAL else { throw error }
            return file
        }
    }

    /// Removes the file, if the name is still its own.
    func remove() throws(FileError) {
        if try directory.status(of: name)?.inode == file.status().inode { try directory.remove(name) }
    }
}
