// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
package import RegHash
internal import RegPack

/// A run of a tree's rows with the copies of their chunks, as one block of bytes (docs/format.md, "Pages").
package enum Page {
    static let magic: StaticString = "RPG1"
    package static let byteLimit = 1 << 20
    /// The most bytes that the paths of a page have together, decoded.
    static let pathByteLimit = 16 << 20

    private enum RowKind {
        static let file: UInt8 = 1
        static let executable: UInt8 = 2
        static let emptyDirectory: UInt8 = 3
        static let symlink: UInt8 = 4
        static let part: UInt8 = 5
    }

    package static func id(of bytes: [UInt8]) -> Digest { SHA256.digest(kind: "page", of: bytes) }

    /// Puts rows together until the page is full.
    package struct Builder {
        private var copies = CopyEncoder()
        private var paths = PathEncoder()
        private var content = ByteWriter()
        private var locations = ByteWriter()
        private(set) var rowCount = 0
        /// The length of all paths together.
        private(set) var pathByteCount = 0
        private(set) var firstPath = BytePath([])
        private(set) var lastPath = BytePath([])

        package init() {}

        /// At least the length of `encoded`, in bytes.
        var byteCount: Int { 64 + content.count + locations.count + copies.packs.count * PackName.byteCount }

        /// At least what a row, or part, adds to `byteCount`, beside its chunks.
        static func byteCount(path: BytePath) -> Int { path.bytes.count + 4096 + 128 }

        /// At least what a chunk adds.
        static func byteCount(_ chunk: ChunkRow) -> Int { 40 + 48 * (1 + chunk.copy.depth) }

        package mutating func append(_ item: ManifestItem) {
            if rowCount == 0 { firstPath = item.path }
            lastPath = item.path
            rowCount += 1
            pathByteCount += item.path.bytes.count
            switch item {
            case .part(let path, let chunks):
                content.u8(RowKind.part)
                paths.encode(path, to: &content)
                append(chunks, fileSize: nil)
            case .row(let row, let chunks):
                append(row)
                if case .file(let size, _, _) = row.kind { append(chunks, fileSize: size) }
            }
        }

        private mutating func append(_ row: TreeRow) {
            switch row.kind {
            case .file(let size, let hash, let isExecutable):
                content.u8(isExecutable ? RowKind.executable : RowKind.file)
                paths.encode(row.path, to: &content)
                content.varint(size)
                hash.withBytes { content.append($0) }
            case .emptyDirectory:
                content.u8(RowKind.emptyDirectory)
                paths.encode(row.path, to: &content)
            case .symlink(let target):
                content.u8(RowKind.symlink)
                paths.encode(row.path, to: &content)
                content.varint(target.bytes.count)
                content.append(target.bytes)
            }
        }

        private mutating func append(_ chunks: [ChunkRow], fileSize: UInt64?) {
            locations.varint(chunks.count)
            for chunk in chunks {
                locations.varint(UInt64(chunk.rawLength))
                if UInt64(chunk.rawLength) != fileSize { chunk.id.withBytes { locations.append($0) } }
                copies.encode(chunk.copy, to: &locations)
            }
        }

        package var encoded: [UInt8] {
            var page = ByteWriter()
            page.append(Page.magic)
            page.varint(copies.packs.count)
            for pack in copies.packs { page.append(pack.bytes) }
            page.varint(rowCount)
            page.append(content.bytes)
            page.varint(0)  // reserved
            page.append(locations.bytes)
            return page.bytes
        }
    }

    /// The items of a page, in order; their paths are not judged here.
    package static func decode(_ bytes: [UInt8]) throws(ManifestError) -> [ManifestItem] {
        guard bytes.count <= byteLimit else { throw .overLimit("a page of \(bytes.count) bytes") }
        return try parsing {
            var reader = ByteReader(bytes)
            guard reader.skip(magic) else { throw wrongMagic(&reader, "RPG", "a page") }
            let packCount = try reader.count(limit: reader.remaining / PackName.byteCount)
            let packs = try readPacks(packCount, &reader)
            let rows = try readRows(&reader)
            guard try reader.varint() == 0 else {
                throw ManifestError.newerVersion("a page with what version 1 reserves")
            }
            var copies = CopyDecoder(packs: packs)
            let items = try rows.map { try readChunks(of: $0, &reader, &copies) }
            try reader.expectEnd()
            guard copies.usedCount == packs.count, copies.isInOrderOfUse else {
                throw ManifestError.malformed("its pack table is not what it uses")
            }
            return items
        }
    }

    private static func readPacks(_ count: Int, _ reader: inout ByteReader) throws -> [PackName] {
        let packs = try (0..<count).compactMap { _ in PackName(try reader.take(PackName.byteCount)) }
        guard Set(packs).count == packs.count else {
            throw ManifestError.malformed("its pack table names a pack twice")
        }
        return packs
    }

    private static func readRows(_ reader: inout ByteReader) throws -> [ManifestItem] {
        let count = try reader.count(limit: reader.remaining / 3)
        guard count > 0 else { throw ManifestError.malformed("it has no rows") }
        var paths = PathDecoder(byteLimit: pathByteLimit)
        return try (0..<count).map { _ in
            let kind = try reader.u8()
            let path = try paths.decode(&reader)
            switch kind {
            case RowKind.file, RowKind.executable:
                let size = try reader.varint()
                guard let hash = Digest(try reader.take(Digest.byteCount)) else { break }
                let isExecutable = kind == RowKind.executable
                let file = TreeRow.Kind.file(size: size, hash: hash, isExecutable: isExecutable)
                return .row(TreeRow(path: path, kind: file), [])
            case RowKind.emptyDirectory:
                return .row(TreeRow(path: path, kind: .emptyDirectory), [])
            case RowKind.symlink:
                let target = BytePath(try reader.take(try reader.count(limit: 4095)))
                return .row(TreeRow(path: path, kind: .symlink(target: target)), [])
            case RowKind.part:
                return .part(path, [])
            default: break
            }
            throw ManifestError.unsafePath(path, "it is of an unknown kind (\(kind))")
        }
    }

    private static func readChunks(
        of item: ManifestItem, _ reader: inout ByteReader, _ copies: inout CopyDecoder
    ) throws -> ManifestItem {
        switch item {
        case .part(let path, _):
            let chunks = try readChunks(fileSize: nil, fileHash: nil, &reader, &copies)
            guard !chunks.isEmpty else { throw ManifestError.malformed("a part has no chunks") }
            return .part(path, chunks)
        case .row(let row, _):
            guard case .file(let size, let hash, _) = row.kind else { return item }
            return .row(row, try readChunks(fileSize: size, fileHash: hash, &reader, &copies))
        }
    }

    private static func readChunks(
        fileSize: UInt64?, fileHash: Digest?, _ reader: inout ByteReader, _ copies: inout CopyDecoder
    ) throws -> [ChunkRow] {
        let count = try reader.count(limit: reader.remaining / 6)
        return try (0..<count).map { _ in
            let rawLength = try reader.count(limit: EntryKind.chunk.rawLimit)
            guard rawLength > 0 else { throw ManifestError.malformed("a chunk has no bytes") }
            let isWholeFile = UInt64(rawLength) == fileSize
            let id = isWholeFile ? fileHash : Digest(try reader.take(Digest.byteCount))
            guard let id else { throw ManifestError.malformed("a chunk has no id") }
            return ChunkRow(id: id, rawLength: UInt32(rawLength), copy: try copies.decode(&reader))
        }
    }
}
