// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
package import RegCodec
internal import RegFiles
package import RegHash
package import RegStore

/// Appends encoded entries to packs in a store, starting a new pack when one is full.
///
/// An entry may be named by others only when its pack is finished: that is what `onFinished` is for. One thread at a
/// time.
package final class PackWriter {
    /// Packs are closed at the first entry that takes them to this size, in bytes.
    package static let targetSize: UInt64 = 64 << 20

    /// A pack that has its name and its place.
    package struct Finished: Sendable {
        package let name: PackName
        /// Of the whole object, in bytes.
        package let byteCount: UInt64
        package let entries: [PackEntry]

        package init(name: PackName, byteCount: UInt64, entries: [PackEntry]) {
            self.name = name
            self.byteCount = byteCount
            self.entries = entries
        }
    }

    private struct Open {
        let name: PackName
        let writer: any ObjectWriter
        let note: UnfinishedPacks.Note?
        var offset: UInt64
        var entries: [PackEntry] = []
    }

    private let store: any ObjectStore
    private let buffer = LargeFileWriter.Buffer()
    private let unfinished: UnfinishedPacks?
    private let onFinished: (Finished) throws -> Void
    private var open: Open?

    /// Packs go to `store`.
    ///
    /// `unfinished`: where they are noted until they are finished.
    /// `onFinished`: called once for each pack, when it is durable.
    package init(
        store: any ObjectStore, unfinished: UnfinishedPacks? = nil,
        onFinished: @escaping (Finished) throws -> Void
    ) {
        self.store = store
        self.unfinished = unfinished
        self.onFinished = onFinished
    }

    /// Appends one entry whose `stored` bytes were checked to decode to the bytes that `id` names.
    ///
    /// - Returns: where it lies.
    package func append(
        _ kind: EntryKind, id: Digest, rawLength: Int, codec: CodecID, stored: UnsafeRawBufferPointer
    ) throws -> Copy {
        var pack = try open ?? start()
        open = nil  // a pack that failed is never finished; and its entries are not copied below
        try pack.writer.append(stored)
        let copy = Copy(
            pack: pack.name, offset: pack.offset, storedLength: UInt32(stored.count), codec: codec)
        let entry = PackEntry(id: id, kind: kind, rawLength: UInt32(rawLength), copy: copy)
        pack.entries.append(entry)
        try pack.note?.append(entry)
        pack.offset = copy.end
        open = pack
        if pack.offset >= PackWriter.targetSize || pack.entries.count == PackIndex.entryLimit { try finish() }
        return copy
    }

    private func start() throws -> Open {
        let name = PackName.random()
        let note = try store.unfinishedFile(of: .pack(name)).flatMap { try unfinished?.note(name, file: $0) }
        let writer = try store.writer(for: .pack(name), buffer: buffer)
        try writer.append(
            UnsafeRawBufferPointer(start: PackIndex.magic.utf8Start, count: PackIndex.headerLength))
        return Open(name: name, writer: writer, note: note, offset: UInt64(PackIndex.headerLength))
    }

    /// Finishes the open pack, if there is one.
    package func finish() throws {
        guard let pack = open else { return }
        open = nil
        let tail = PackIndex.encoded(pack.entries, endingAt: pack.offset)
        try tail.withUnsafeBytes { try pack.writer.append($0) }
        try pack.writer.finish()
        let byteCount = pack.offset + UInt64(tail.count)
        try onFinished(Finished(name: pack.name, byteCount: byteCount, entries: pack.entries))
        try pack.note?.remove()
    }
}
