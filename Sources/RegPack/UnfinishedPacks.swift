// SPDX-License-Identifier: Apache-2.0
package import RegBytes
internal import RegFiles
internal import RegHash

/// Notes of packs that are being written, so that a later run can finish what a killed one has begun.
///
/// One file a pack, `<name>.unfinished`: magic, the path of the file that the pack grows in, and the rows of its index so
/// far. A lock on it says that its process lives.
package struct UnfinishedPacks: Sendable {
    static let magic: StaticString = "REGUNFI1"
    private static let suffix = ".unfinished"
    private static let byteLimit = 8 << 20

    private let path: BytePath

    /// `path`: a directory that no other machine uses.
    package init(directory path: BytePath) { self.path = path }

    /// Starts the note of a pack that grows in `file`.
    func note(_ name: PackName, file: BytePath) throws(FileError) -> Note {
        try makeDirectories(path)
        return try Note(name, file: file, in: try Descriptor.open(path, .directory))
    }

    fileprivate static func fileName(_ name: PackName) -> BytePath { BytePath(name.hex + suffix) }

    /// The note of one pack, as long as it is written.
    final class Note {
        /// Rows are written when the entries have this many bytes, or are this many.
        private static let byteStep: UInt64 = 1 << 20
        private static let rowStep = 512

        private let directory: Descriptor
        private let name: BytePath
        private let file: Descriptor
        private var rows = ByteWriter()
        private var byteCount: UInt64 = 0
        private var stays = false

        fileprivate init(_ pack: PackName, file: BytePath, in directory: Descriptor) throws(FileError) {
            self.directory = directory
            name = fileName(pack)
            var header = ByteWriter()
            header.append(magic)
            header.u32(UInt32(file.bytes.count))
            header.append(file.bytes)
            let temporary = temporaryName()
            self.file = try Descriptor.open(temporary, .create, at: directory)
            _ = try self.file.tryLock()
            try self.file.write(header.bytes)
            // Locked before it has its name: nobody takes it for that of a dead process.
            try directory.rename(temporary, to: name)
        }

        // A pack that failed is gone; and a note of nothing does no harm.
        deinit { if !stays { try? remove() } }

        /// Lets the note stay for the next run.
        func leave() { stays = true }

        func append(_ entry: PackEntry) throws(FileError) {
            PackIndex.append(entry, to: &rows)
            byteCount += UInt64(entry.copy.storedLength)
            guard byteCount >= Note.byteStep || rows.bytes.count >= Note.rowStep * PackIndex.rowLength else {
                return
            }
            try file.write(rows.bytes)
            rows = ByteWriter()
            byteCount = 0
        }

        func remove() throws(FileError) { try directory.remove(name) }
    }

    /// The packs that dead processes have left, each locked against other processes as long as it is held.
    package func abandoned() throws -> [UnfinishedPack] {
        let directory: Descriptor
        do { directory = try Descriptor.open(path, .directory) } catch {
            guard error.isNotFound else { throw error }
            return []
        }
        try directory.removeAbandonedFiles()
        return try directory.entries().compactMap { entry in
            guard
                entry.name.bytes.suffix(UnfinishedPacks.suffix.utf8.count).elementsEqual(
                    UnfinishedPacks.suffix.utf8),
                let pack = PackName(hex: entry.name.bytes.dropLast(UnfinishedPacks.suffix.utf8.count)),
                let file = try? Descriptor.open(entry.name, .read, at: directory), try file.tryLock()
            else { return nil }
            let bytes = try file.readAll(limit: UnfinishedPacks.byteLimit)
            return UnfinishedPack(pack, note: file, bytes, in: directory)
        }
    }
}
