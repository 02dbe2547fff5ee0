// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegCodec
internal import RegFiles
package import RegHash
internal import RegStore

/// A pack that a killed process has begun, and what its note says of it.
package struct UnfinishedPack {
    private let name: PackName
    /// The file that it grew in; nil where the note does not say.
    private let file: BytePath?
    private let entries: [PackEntry]
    private let note: Descriptor
    private let directory: Descriptor

    init(_ name: PackName, note: Descriptor, _ bytes: [UInt8], in directory: Descriptor) {
        self.name = name
        self.note = note
        self.directory = directory
        var reader = ByteReader(bytes)
        guard reader.skip(UnfinishedPacks.magic), let count = try? reader.u32(),
            let path = try? reader.take(Int(count)), let rest = try? reader.take(reader.remaining)
        else {
            (file, entries) = (nil, [])
            return
        }
        file = BytePath(path)
        // The last row may have been cut.
        let rows = Array(rest.prefix(rest.count / PackIndex.rowLength * PackIndex.rowLength))
        entries = (try? PackIndex.entries(rows, of: name)) ?? []
    }

    /// Makes a pack of the entries that are whole, under the name that it was to have.
    ///
    /// `id`: what the bytes of an entry are named by.
    /// - Returns: nil where nothing of it is left.
    package func finish(
        id: (EntryKind, UnsafeRawBufferPointer) -> Digest
    ) throws -> PackWriter.Finished? {
        if let file {
            do {
                return try close(file, id: id) ?? alreadyFinished(beside: file)
            } catch let error as FileError {
                guard error.isNotFound else { throw error }  // somebody has removed it
            }
        }
        return nil
    }

    private var finalName: BytePath { BytePath("\(name.hex).pack") }

    /// Removes the note: only when what was finished is known elsewhere.
    package func forget() throws { try directory.remove(BytePath(note.path.lastComponent.bytes)) }

    private func close(
        _ path: BytePath, id: (EntryKind, UnsafeRawBufferPointer) -> Digest
    ) throws -> PackWriter.Finished? {
        let shelf = try Descriptor.open(path.parent, .directory)
        guard let status = try shelf.status(of: path.lastComponent) else { return nil }
        guard isTemporary(path.lastComponent) else { return nil }
        if try shelf.status(of: finalName)?.inode == status.inode {
            try shelf.remove(path.lastComponent)  // it was killed while it gave the name
            return nil
        }
        guard status.isOwnFile else { return nil }
        let pack = try Descriptor.open(path.lastComponent, .update, at: shelf)
        let whole = try wholeEntries(in: pack, id: id)
        guard let end = whole.last?.copy.end else {
            try shelf.remove(path.lastComponent)
            return nil
        }
        let tail = PackIndex.encoded(whole, endingAt: end)
        try pack.truncate(to: end)
        try pack.seek(to: end)
        try pack.write(tail)
        try pack.setMode(0o444)
        try pack.sync()
        _ = try giveName(finalName, to: path.lastComponent, in: shelf, .creating)
        return PackWriter.Finished(name: name, byteCount: end + UInt64(tail.count), entries: whole)
    }

    /// The first entries, up to one that is not there as the note says, or has a base, which the note does not name.
    private func wholeEntries(
        in pack: Descriptor, id: (EntryKind, UnsafeRawBufferPointer) -> Digest
    ) throws -> [PackEntry] {
        var magic = [UInt8](repeating: 0, count: PackIndex.headerLength)
        _ = try magic.withUnsafeMutableBytes { try pack.read(into: $0, at: 0) }
        var reader = ByteReader(magic)
        guard reader.skip(PackIndex.magic) else { return [] }
        let room = UnsafeMutableRawBufferPointer.allocate(
            byteCount: 2 * EntryKind.chunk.rawLimit + 4096, alignment: 4096)
        defer { room.deallocate() }
        let half = room.count / 2
        return try Array(
            entries.prefix { entry in
                let (stored, raw) = (Int(entry.copy.storedLength), Int(entry.rawLength))
                guard !entry.isBased, stored <= half, raw <= half, entry.copy.end <= PackIndex.packLimit
                else { return false }
                let source = UnsafeMutableRawBufferPointer(rebasing: room[..<stored])
                let target = UnsafeMutableRawBufferPointer(rebasing: room[half..<half + raw])
                guard try pack.read(into: source, at: entry.copy.offset) == stored else { return false }
                do {
                    try entry.copy.codec.decode(UnsafeRawBufferPointer(source), into: target)
                } catch { return false }
                return id(entry.kind, UnsafeRawBufferPointer(target)) == entry.id
            })
    }

    /// The pack, where its process was killed between giving the name and removing the note.
    private func alreadyFinished(beside file: BytePath) throws -> PackWriter.Finished? {
        let store = DirectoryStore(root: file.parent.parent.parent)
        guard let byteCount = try store.size(of: .pack(name)) else { return nil }
        guard let index = try? PackIndex.read(name, from: store) else { return nil }
        return PackWriter.Finished(
            name: name, byteCount: byteCount, entries: index.entries.filter { !$0.isBased })
    }
}
