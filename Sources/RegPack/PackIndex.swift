// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegCodec
package import RegHash
package import RegStore

/// Why a pack is not what it should be.
package enum PackError: Error, Equatable {
    /// The object is no whole pack: what does not fit.
    case malformed(PackName, String)
    /// A version, kind or flag of a later format.
    case newerVersion(PackName, String)
    /// The index is not the one that the footer sums up.
    case indexHash(PackName, found: Digest, expected: Digest)
    case store(StoreError)
}

/// One entry of a pack, as its index has it.
package struct PackEntry: Equatable, Sendable {
    package let id: Digest
    package let kind: EntryKind
    package let rawLength: UInt32
    /// Read from an index it has no base, even where ``isBased``.
    package let copy: Copy
    /// Whether the entry is coded against a base; which, the pages say that name it.
    package let isBased: Bool

    /// `isBased`: nil for what the copy says.
    package init(id: Digest, kind: EntryKind, rawLength: UInt32, copy: Copy, isBased: Bool? = nil) {
        self.id = id
        self.kind = kind
        self.rawLength = rawLength
        self.copy = copy
        self.isBased = isBased ?? (copy.base != nil)
    }
}

/// The table at the end of a pack (docs/format.md, "Packs"): for verifying and rebuilding; pulls do without.
package struct PackIndex: Sendable {
    static let magic: StaticString = "REGPACK1"
    static let endMagic: StaticString = "REGPEND1"
    static let headerLength = 8
    static let footerLength = 52
    static let rowLength = 44
    /// Says of an entry that it has a base.
    private static let basedFlag: UInt16 = 1
    package static let entryLimit = 65_536
    package static let packLimit: UInt64 = 128 << 20

    package let name: PackName
    package let entries: [PackEntry]

    /// Reads the index of the pack `name`.
    ///
    /// - Throws: `store` where the pack cannot be read, and what is wrong with it otherwise.
    package static func read(_ name: PackName, from store: any ObjectStore) throws(PackError) -> PackIndex {
        let key = ObjectKey.pack(name)
        do {
            guard let size = try store.size(of: key) else {
                throw PackError.store(.notFound(key: key, location: store.location))
            }
            guard size >= UInt64(headerLength + footerLength), size <= packLimit else {
                throw PackError.malformed(name, "it is \(size) bytes long")
            }
            try checkHeader(try store.read(key, at: 0, count: headerLength), of: name)
            let footerOffset = size - UInt64(footerLength)
            let footer = try Footer(try store.read(key, at: footerOffset, count: footerLength), of: name)
            let rowBytes = UInt64(footer.count) * UInt64(rowLength)
            guard footer.count <= entryLimit, footer.indexOffset <= footerOffset,
                footerOffset - footer.indexOffset == rowBytes
            else { throw PackError.malformed(name, "its index does not end at its footer") }
            let rows = try store.read(key, at: footer.indexOffset, count: Int(rowBytes))
            let found = SHA256.digest(of: rows)
            guard found == footer.indexHash else {
                throw PackError.indexHash(name, found: found, expected: footer.indexHash)
            }
            return PackIndex(name: name, entries: try entries(rows, endingAt: footer.indexOffset, of: name))
        } catch let error as PackError { throw error } catch let error as StoreError {
            throw .store(error)
        } catch { throw .malformed(name, "it ends too early") }
    }

    private static func checkHeader(_ bytes: [UInt8], of name: PackName) throws(PackError) {
        var reader = ByteReader(bytes)
        if reader.skip(magic) { return }
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard reader.skip("REGPACK"), let version = bytes.last, digits.contains(version) else {
            throw .malformed(name, "it does not begin with REGPACK1")
        }
        throw .newerVersion(name, "it is of version \(version - digits.lowerBound)")
    }

    private struct Footer {
        let indexOffset: UInt64
        let count: Int
        let indexHash: Digest

        init(_ bytes: [UInt8], of name: PackName) throws {
            var reader = ByteReader(bytes)
            indexOffset = try reader.u64()
            count = Int(try reader.u32())
            guard let hash = Digest(try reader.take(Digest.byteCount)), reader.skip(endMagic) else {
                throw PackError.malformed(name, "it does not end with REGPEND1")
            }
            indexHash = hash
        }
    }

    private static func entries(
        _ rows: [UInt8], endingAt end: UInt64, of name: PackName
    ) throws -> [PackEntry] {
        let entries = try entries(rows, of: name)
        guard entries.last?.copy.end ?? UInt64(headerLength) == end else {
            throw PackError.malformed(name, "its entries do not fill it")
        }
        return entries
    }

    /// What rows of an index say, from the first on.
    static func entries(_ rows: [UInt8], of name: PackName) throws -> [PackEntry] {
        var reader = ByteReader(rows)
        var entries: [PackEntry] = []
        var offset = UInt64(headerLength)
        while !reader.isAtEnd {
            guard let id = Digest(try reader.take(Digest.byteCount)) else { break }
            let storedLength = try reader.u32()
            let rawLength = try reader.u32()
            let kind = try reader.u8()
            let codec = CodecID(rawValue: try reader.u8())
            let flags = try reader.u16()
            guard let kind = EntryKind(rawValue: kind), flags & ~basedFlag == 0 else {
                throw PackError.newerVersion(name, "entry \(entries.count) is of a later version")
            }
            guard rawLength <= kind.rawLimit else {
                throw PackError.malformed(name, "entry \(entries.count) claims \(rawLength) bytes")
            }
            let copy = Copy(pack: name, offset: offset, storedLength: storedLength, codec: codec)
            entries.append(
                PackEntry(id: id, kind: kind, rawLength: rawLength, copy: copy, isBased: flags != 0))
            offset += UInt64(storedLength)
        }
        return entries
    }

    static func append(_ entry: PackEntry, to rows: inout ByteWriter) {
        rows.append(entry.id.bytes)
        rows.u32(entry.copy.storedLength)
        rows.u32(entry.rawLength)
        rows.u8(entry.kind.rawValue)
        rows.u8(entry.copy.codec.rawValue)
        rows.u16(entry.isBased ? basedFlag : 0)
    }

    /// The rows and the footer that end a pack whose entries end at `offset`.
    package static func encoded(_ entries: [PackEntry], endingAt offset: UInt64) -> [UInt8] {
        var rows = ByteWriter()
        for entry in entries { append(entry, to: &rows) }
        var whole = rows
        whole.u64(offset)
        whole.u32(UInt32(entries.count))
        whole.append(SHA256.digest(of: rows.bytes).bytes)
        whole.append(endMagic)
        return whole.bytes
    }
}
