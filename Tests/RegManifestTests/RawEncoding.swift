// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegHash
import RegTesting

/// A page put together by hand after docs/format.md, section 6; each part can lie.
struct RawPage {
    var magic = "RPG1"
    var packs: [[UInt8]] = []
    var rows: [[UInt8]] = []
    var rowCount: UInt64?
    var reserved: UInt64 = 0
    /// Chunk rows, of each file and part in order.
    var chunkRows: [[UInt8]] = []
    var tail: [UInt8] = []

    static func path(_ shared: Int, _ rest: String) -> [UInt8] { path(shared, Array(rest.utf8)) }

    static func path(_ shared: Int, _ rest: [UInt8]) -> [UInt8] {
        var writer = ByteWriter()
        writer.varint(shared)
        writer.varint(rest.count)
        writer.append(rest)
        return writer.bytes
    }

    mutating func directory(_ shared: Int, _ rest: String) { rows.append([3] + RawPage.path(shared, rest)) }

    mutating func file(_ path: String, size: UInt64, kind: UInt8 = 1, chunks: [[UInt8]]) {
        var row = ByteWriter()
        row.u8(kind)
        row.append(RawPage.path(0, path))
        if kind != 5 {
            row.varint(size)
            row.append(hash(1).bytes)
        }
        rows.append(row.bytes)
        var list = ByteWriter()
        list.varint(chunks.count)
        for chunk in chunks { list.append(chunk) }
        chunkRows.append(list.bytes)
    }

    /// A chunk row; `id` where the format wants one.
    static func chunk(
        length: UInt64, id: Digest? = nil, pack: UInt64 = 0, delta: Int64 = 0, stored: UInt64? = nil,
        codec: UInt8 = 0, base: [UInt8] = [0]
    ) -> [UInt8] {
        var row = ByteWriter()
        row.varint(length)
        if let id { row.append(id.bytes) }
        row.varint(pack)
        row.zigzag(delta)
        row.varint(stored ?? length)
        row.u8(codec)
        row.append(base)
        return row.bytes
    }

    var bytes: [UInt8] {
        var page = ByteWriter()
        page.append(magic.utf8)
        page.varint(packs.count)
        for pack in packs { page.append(pack) }
        page.varint(rowCount ?? UInt64(rows.count))
        for row in rows { page.append(row) }
        page.varint(reserved)
        for list in chunkRows { page.append(list) }
        page.append(tail)
        return page.bytes
    }
}

/// A manifest put together by hand after docs/format.md, section 7; each part can lie.
struct RawManifest {
    struct PageReference {
        var shared = 0
        var rest: [UInt8] = []
        let id: Digest
        var rawLength: UInt64
        var pack: UInt64 = 0
        var delta: Int64 = 0
        var stored: UInt64
        var codec: UInt8 = 0
        var base: UInt64 = 0

        init(_ page: [UInt8]) {
            id = SHA256.digest(of: Array("reg:page:v1\0".utf8) + page)
            rawLength = UInt64(page.count)
            stored = UInt64(page.count)
        }
    }

    var magic = "RMF1"
    var nonce = [UInt8](repeating: 9, count: 16)
    var tree = SHA256.digest(of: Array("reg:tree:v1\0".utf8))
    var fileCount: UInt64 = 0
    var rowCount: UInt64 = 0
    var byteCount: UInt64 = 0
    var features: [[UInt8]] = []
    var packs: [(name: [UInt8], size: UInt64)] = []
    var packCount: UInt64?
    var pages: [PageReference] = []
    var pageCount: UInt64?
    var extensions: [(name: [UInt8], value: [UInt8])] = []
    var tail: [UInt8] = []

    var bytes: [UInt8] {
        var writer = ByteWriter()
        func string(_ bytes: [UInt8]) {
            writer.varint(bytes.count)
            writer.append(bytes)
        }
        writer.append(magic.utf8)
        writer.append(nonce)
        writer.append(tree.bytes)
        writer.varint(fileCount)
        writer.varint(rowCount)
        writer.varint(byteCount)
        writer.varint(features.count)
        for feature in features { string(feature) }
        writer.varint(packCount ?? UInt64(packs.count))
        for pack in packs {
            writer.append(pack.name)
            writer.varint(pack.size)
        }
        writer.varint(pageCount ?? UInt64(pages.count))
        for page in pages {
            writer.varint(page.shared)
            string(page.rest)
            writer.append(page.id.bytes)
            writer.varint(page.rawLength)
            writer.varint(page.pack)
            writer.zigzag(page.delta)
            writer.varint(page.stored)
            writer.u8(page.codec)
            writer.varint(page.base)
        }
        writer.varint(extensions.count)
        for item in extensions {
            string(item.name)
            string(item.value)
        }
        writer.append(tail)
        return writer.bytes
    }
}
