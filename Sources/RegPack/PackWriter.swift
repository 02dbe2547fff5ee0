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
        let buffer: LargeFileWriter.Buffer
        let note: UnfinishedPacks.Note?
        var offset: UInt64
        var entries: [PackEntry] = []
    }

    private let store: any ObjectStore
    private let unfinished: UnfinishedPacks?
    private let finisher: PackFinisher
    private var open: Open?

    /// Packs go to `store`.
    ///
    /// `unfinished`: where they are noted until they are finished.
    /// `onFinished`: called once for each pack, when it is durable; by other threads, one at a time.
    package init(
        store: any ObjectStore, unfinished: UnfinishedPacks? = nil,
        onFinished: @escaping (Finished) throws -> Void
    ) {
        self.store = store
        self.unfinished = unfinished
        finisher = PackFinisher(threads: store.writesAtOnce, onFinished: onFinished)
    }

    /// Appends one entry whose `stored` bytes were checked to decode to the bytes that `id` names.
    ///
    /// `base`: what they are coded against.
    /// - Returns: where it lies.
    package func append(
        _ kind: EntryKind, id: Digest, rawLength: Int, codec: CodecID, base: Copy.Base? = nil,
        stored: UnsafeRawBufferPointer
    ) throws -> Copy {
        var pack = try open ?? start()
        open = nil  // a pack that failed is never finished; and its entries are not copied below
        do { try pack.writer.append(stored) } catch {
            finisher.giveBack(pack.buffer)
            throw error
        }
        let copy = Copy(
            pack: pack.name, offset: pack.offset, storedLength: UInt32(stored.count), codec: codec,
            base: base)
        let entry = PackEntry(id: id, kind: kind, rawLength: UInt32(rawLength), copy: copy)
        pack.entries.append(entry)
        try pack.note?.append(entry)
        pack.offset = copy.end
        open = pack
        if pack.offset >= PackWriter.targetSize || pack.entries.count == PackIndex.entryLimit { try close() }
        return copy
    }

    private func start() throws -> Open {
        let name = PackName.random()
        let buffer = try finisher.buffer()
        do {
            let note = try store.unfinishedFile(of: .pack(name)).flatMap {
                try unfinished?.note(name, file: $0)
            }
            let writer = try store.writer(for: .pack(name), buffer: buffer)
            try writer.append(
                UnsafeRawBufferPointer(start: PackIndex.magic.utf8Start, count: PackIndex.headerLength))
            return Open(
                name: name, writer: writer, buffer: buffer, note: note,
                offset: UInt64(PackIndex.headerLength))
        } catch {
            finisher.giveBack(buffer)
            throw error
        }
    }

    /// Ends the open pack, which is finished while the next one fills.
    private func close() throws {
        guard let pack = open else { return }
        open = nil
        let tail = PackIndex.encoded(pack.entries, endingAt: pack.offset)
        do { try tail.withUnsafeBytes { try pack.writer.append($0) } } catch {
            finisher.giveBack(pack.buffer)
            throw error
        }
        let finished = Finished(
            name: pack.name, byteCount: pack.offset + UInt64(tail.count), entries: pack.entries)
        try finisher.finish(
            PackFinisher.Full(
                pack: finished, writer: pack.writer, note: pack.note, buffer: pack.buffer))
    }

    /// Finishes all packs, the open one too.
    package func finish() throws {
        try close()
        try finisher.wait()
    }
}
