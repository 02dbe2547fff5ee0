// SPDX-License-Identifier: Apache-2.0
internal import Glibc
package import RegBytes

/// Writes one large file front to back in big aligned writes, past the page cache where the file system lets it.
///
/// Fresh page-cache pages cost more than the disk on small virtual machines (measured: 2.16 GB in 1.05 s of CPU with
/// O_DIRECT, in 7.8 s through a cold page cache), and nobody reads a pack right after it was written. Where O_DIRECT
/// is refused (tmpfs, some network file systems) the same writes go through the cache. While one half of the buffer
/// is on its way to the disk, the other fills. One thread at a time.
package final class LargeFileWriter {
    /// The memory a writer needs; kept apart so that one serves many files.
    package final class Buffer {
        package static let byteCount = 2 << 20
        fileprivate static let alignment = 4096
        fileprivate let halves = (0..<2).map { _ in
            UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: alignment)
        }

        package init() {}

        deinit { for half in halves { half.deallocate() } }
    }

    private let directory: Descriptor
    private let temporary: BytePath
    private var file: Descriptor
    private let buffer: Buffer
    private var half = 0
    private var buffered = 0
    /// Started with the first full half.
    private var writeBehind: WriteBehind?
    private var isOpen = true
    /// Where the file is one that an earlier run may have begun.
    private let part: PartFile?
    private var hasWritten = false
    /// Bytes appended so far.
    package private(set) var byteCount: UInt64 = 0

    /// Starts the temporary file `name` in `directory`.
    package init(
        _ name: BytePath = temporaryName(), in directory: Descriptor, buffer: Buffer
    ) throws(FileError) {
        self.directory = directory
        self.buffer = buffer
        part = nil
        temporary = name
        do {
            file = try Descriptor.open(temporary, .createDirect, at: directory)
        } catch {
            guard error.code == EINVAL else { throw error }
            try? directory.remove(temporary)  // some file systems make the file before they refuse the flag
            file = try Descriptor.open(temporary, .create, at: directory)
        }
    }

    /// Goes on with a file of `directory`, which stays when this writer is dropped.
    package init(_ part: PartFile, in directory: Descriptor, buffer: Buffer) throws(FileError) {
        self.directory = directory
        self.buffer = buffer
        self.part = part
        temporary = part.name
        file = try part.openForWriting()
    }

    deinit {
        writeBehind = nil  // waits for its thread, which may still read from the buffer
        if isOpen && part == nil { discard() }
    }

    /// Removes the file: nothing of it is of use.
    package func discard() {
        writeBehind = nil
        isOpen = false
        // Abandoned: nothing to tell anybody.
        if let part { try? part.remove() } else { try? directory.remove(temporary) }
    }

    /// Takes notice of the next bytes, which are in the file already: they stay as they are.
    ///
    /// Only before the first `append`.
    package func keep(_ bytes: UnsafeRawBufferPointer) {
        precondition(!hasWritten, "bytes cannot be kept behind others that are written")
        byteCount += UInt64(bytes.count)
        // What shares a block with the first bytes to be written is written with them.
        let tail = Int(byteCount % UInt64(Buffer.alignment))
        let copied = min(tail, bytes.count)
        UnsafeMutableRawBufferPointer(rebasing: buffer.halves[half][(tail - copied)..<tail])
            .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[(bytes.count - copied)...]))
        buffered = tail
    }

    private func startWriting() throws(FileError) {
        if hasWritten { return }
        hasWritten = true
        try file.seek(to: byteCount - UInt64(buffered))
    }

    package func append(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        var rest = bytes
        try startWriting()
        byteCount += UInt64(bytes.count)
        while rest.count > 0 {
            let part = min(rest.count, Buffer.byteCount - buffered)
            UnsafeMutableRawBufferPointer(rebasing: buffer.halves[half][buffered..<buffered + part])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: rest[..<part]))
            buffered += part
            rest = UnsafeRawBufferPointer(rebasing: rest[part...])
            if buffered == Buffer.byteCount { try sendFullHalf() }
        }
    }

    private func sendFullHalf() throws(FileError) {
        let behind: WriteBehind
        if let writeBehind { behind = writeBehind } else { behind = try WriteBehind(file) }
        writeBehind = behind
        try behind.write(UnsafeRawBufferPointer(buffer.halves[half]))
        half = 1 - half
        buffered = 0
    }

    /// Writes what is left and syncs; the file waits under its temporary name.
    package func complete(mode: UInt32) throws(FileError) {
        if let writeBehind { try writeBehind.finish() }
        writeBehind = nil
        try startWriting()
        let aligned = (buffered + Buffer.alignment - 1) / Buffer.alignment * Buffer.alignment
        try file.write(UnsafeRawBufferPointer(rebasing: buffer.halves[half][..<aligned]))
        buffered = 0
        try file.truncate(to: byteCount)
        try file.setMode(mode)
        try file.sync()
    }

    /// The status of the file as it is now.
    package func status() throws(FileError) -> FileStatus { try file.status() }

    /// Gives the completed file its name; false where `creating` found it taken.
    package func publish(as name: BytePath, _ publishing: Publishing) throws(FileError) -> Bool {
        let created = try giveName(name, to: temporary, in: directory, publishing)
        isOpen = false
        return created
    }
}
