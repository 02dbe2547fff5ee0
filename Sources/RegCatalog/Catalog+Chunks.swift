// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegCodec
package import RegHash
package import RegPack

extension Catalog {
    /// A copy of a chunk that the store or the registry is known to hold.
    package func copy(of chunk: Digest) throws -> Copy? {
        try database.first(
            """
            SELECT p.name, c.offset, c.stored, c.codec, c.bases FROM chunk c JOIN pack p ON p.id = c.pack WHERE c.id = ?
            """, chunk.bytes
        ) { row in
            guard let pack = try row.name(0), let storedLength = UInt32(exactly: row.integer(2)),
                let codec = UInt8(exactly: row.integer(3)), let offset = UInt64(exactly: row.integer(1))
            else { throw corruptValue }
            return Copy(
                pack: pack, offset: offset, storedLength: storedLength, codec: CodecID(rawValue: codec),
                base: try Copy.Base.decode(row.blob(4)))
        }
    }

    /// The first eight bytes of the ids of all known chunks; nil where there are more than `limit`.
    package func chunkBeginnings(limit: Int) throws -> Set<UInt64>? {
        var beginnings: Set<UInt64> = []
        var isOver = false
        try database.forEachRow("SELECT id FROM chunk", []) { row in
            beginnings.insert(try row.digest(0).beginning)
            isOver = beginnings.count > limit
            return !isOver
        }
        return isOver ? nil : beginnings
    }

    /// Keeps what a pack holds, so that its chunks are found again.
    package func keep(_ pack: PackWriter.Finished) throws {
        try database.transaction {
            let id = try keepPack(pack.name, byteCount: pack.byteCount)
            for entry in pack.entries where entry.kind == .chunk {
                try keep(chunk: entry.id, rawLength: entry.rawLength, copy: entry.copy, packID: id)
            }
            return true
        }
    }

    /// The number of a pack in the table, which is made to hold it.
    package func keepPack(_ name: PackName, byteCount: UInt64) throws -> Int64 {
        try database.run(
            "INSERT OR IGNORE INTO pack (name, bytes) VALUES (?, ?)", name.bytes, Int64(clamping: byteCount))
        guard
            let id = try database.first(
                "SELECT id FROM pack WHERE name = ?", name.bytes, read: { $0.integer(0) })
        else { throw corruptValue }
        return id
    }

    package func keep(chunk: Digest, rawLength: UInt32, copy: Copy, packID: Int64) throws {
        try database.run(
            "INSERT OR REPLACE INTO chunk VALUES (?, ?, ?, ?, ?, ?, ?)", chunk.bytes, packID,
            Int64(clamping: copy.offset), Int64(copy.storedLength), Int64(rawLength),
            Int64(copy.codec.rawValue), copy.base?.encoded)
    }

    /// The size of a pack's object in bytes, where it is known.
    package func byteCount(of pack: PackName) throws -> UInt64? {
        try database.first("SELECT bytes FROM pack WHERE name = ?", pack.bytes) {
            UInt64(clamping: $0.integer(0))
        }
    }

    /// Forgets a pack that is gone, with all copies in it.
    package func forget(pack: PackName) throws {
        try database.transaction {
            try database.run(
                "DELETE FROM chunk WHERE pack = (SELECT id FROM pack WHERE name = ?)", pack.bytes)
            try database.run("DELETE FROM pack WHERE name = ?", pack.bytes)
            return true
        }
    }

    package func isIndexed(manifest: Digest) throws -> Bool {
        try database.first("SELECT 1 FROM indexed WHERE manifest = ?", manifest.bytes) { _ in true } ?? false
    }

    package func keepIndexed(manifest: Digest) throws {
        try database.run("INSERT OR IGNORE INTO indexed VALUES (?)", manifest.bytes)
    }
}

extension Copy.Base {
    /// This base and those below it, as the table has them.
    fileprivate var encoded: [UInt8] {
        var writer = ByteWriter()
        writer.append(copy.pack.bytes)
        writer.u64(copy.offset)
        writer.u32(copy.storedLength)
        writer.u8(copy.codec.rawValue)
        writer.u32(rawLength)
        return writer.bytes + (copy.base?.encoded ?? [])
    }

    /// What ``encoded`` says; nil for no bytes.
    fileprivate static func decode(_ bytes: [UInt8]) throws -> Copy.Base? {
        if bytes.isEmpty { return nil }
        var reader = ByteReader(bytes)
        guard bytes.count <= 33 * Copy.depthLimit, let pack = PackName(try reader.take(PackName.byteCount))
        else { throw corruptValue }
        let (offset, storedLength) = (try reader.u64(), try reader.u32())
        let (codec, rawLength) = (CodecID(rawValue: try reader.u8()), try reader.u32())
        let base = try decode(Array(try reader.take(reader.remaining)))
        return Copy.Base(
            Copy(pack: pack, offset: offset, storedLength: storedLength, codec: codec, base: base),
            rawLength: rawLength)
    }
}
