// SPDX-License-Identifier: Apache-2.0
internal import Glibc
package import RegBytes
internal import RegJobs

/// A file that grows in pieces, written by several threads, each at its own place.
///
/// Past the page cache where the file system lets it, and where memory and file are aligned alike; the ends of a piece,
/// which share a block with its neighbours, go through the cache.
package final class PieceFile: Sendable {
    /// What direct writes are multiples of, in bytes, in memory and in the file.
    package static let alignment = 4096

    private let directory: Descriptor
    private let name: BytePath
    private let file: Descriptor
    /// The same file, opened to write past the cache; nil where that is refused.
    private let direct: Descriptor?
    /// Where the file is one that a later run may go on with.
    private let part: PartFile?
    /// The length that the file has, or will have when its pieces are written.
    private let reserved: Monitor<UInt64>

    /// Grown by this much at a time: a write that makes a file longer waits for all others to it.
    private static let growth: UInt64 = 64 << 20

    /// Starts a temporary file in `directory`.
    package init(in directory: Descriptor) throws(FileError) {
        self.directory = directory
        part = nil
        name = temporaryName()
        file = try Descriptor.open(name, .create, at: directory)
        direct = nil
        reserved = Monitor(0)
    }

    /// Goes on with a file of `directory`, which stays when this one is dropped.
    package init(_ part: PartFile, in directory: Descriptor) throws(FileError) {
        self.directory = directory
        self.part = part
        name = part.name
        file = part.file
        direct = try part.openDirect()
        reserved = Monitor(part.byteCount)
    }

    deinit {
        // Abandoned, or published: then the name is gone.
        if part == nil { try? directory.remove(name) }
    }

    /// Removes the file: nothing of it is of use.
    package func discard() {
        if let part { try? part.remove() } else { try? directory.remove(name) }
    }

    /// Writes one piece, which overlaps with no other.
    package func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(FileError) {
        let step = PieceFile.alignment
        let head = (step - Int(offset % UInt64(step))) % step
        guard let direct, bytes.count >= head + step,
            let start = bytes.baseAddress, (Int(bitPattern: start) + head) % step == 0
        else { return try file.write(bytes, at: offset) }
        grow(to: offset + UInt64(bytes.count))
        let whole = (bytes.count - head) / step * step
        try file.write(UnsafeRawBufferPointer(rebasing: bytes[..<head]), at: offset)
        try direct.write(
            UnsafeRawBufferPointer(rebasing: bytes[head..<head + whole]), at: offset + UInt64(head))
        try file.write(
            UnsafeRawBufferPointer(rebasing: bytes[(head + whole)...]), at: offset + UInt64(head + whole))
    }

    /// Makes the file longer than `size`, if the file system does that in advance; a write does it else.
    private func grow(to size: UInt64) {
        reserved.with { reserved in
            guard size > reserved else { return }
            let end = (size / PieceFile.growth + 1) * PieceFile.growth
            try? file.reserve(reserved..<end)
            reserved = end
        }
    }

    /// Ends the file at `size` bytes and syncs it; it waits under its temporary name.
    package func complete(size: UInt64, mode: UInt32) throws(FileError) {
        try file.truncate(to: size)
        try file.setMode(mode)
        try file.sync()
    }

    /// The status of the file as it is now.
    package func status() throws(FileError) -> FileStatus { try file.status() }

    /// Gives the completed file its name, whatever has it.
    package func publish(as name: BytePath) throws(FileError) {
        _ = try giveName(name, to: self.name, in: directory, .replacing)
    }
}
