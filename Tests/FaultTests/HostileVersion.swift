// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegHash

/// One version of an artifact as a hostile pusher makes it: each part what the test says, all hashes correct.
///
/// Written by hand from docs/format.md rather than with the project's own encoders, which make no such things.
struct HostileVersion {
    /// A row of a page, and the one chunk that a file has unless told otherwise.
    struct Row {
        var kind: UInt8 = 1
        var path: [UInt8]
        var content: [UInt8] = Array("content".utf8)
        var target: [UInt8] = []
        /// What the row says, where that is not the length of the content.
        var size: UInt64?
        /// What the row says, where that is not the hash of the content.
        var hash: Digest?
        /// All chunk rows, their count included, where they are not the one that the content makes.
        var chunks: [UInt8]?
        /// What the chunk row says, where that is not where the content lies.
        var copy = CopyLies()

        init(_ path: String, content: String = "content") {
            self.path = Array(path.utf8)
            self.content = Array(content.utf8)
        }

        init(_ path: [UInt8]) { self.path = path }

        static func link(_ path: String, to target: String) -> Row {
            var row = Row(path)
            row.kind = 4
            row.target = Array(target.utf8)
            return row
        }

        static func emptyDirectory(_ path: String) -> Row {
            var row = Row(path)
            row.kind = 3
            return row
        }

        var isFile: Bool { kind == 1 || kind == 2 }
    }

    /// Fields of a copy that are not what they should be.
    struct CopyLies {
        var pack: UInt64?
        var offset: UInt64?
        var storedLength: UInt64?
        var rawLength: UInt64?
        var codec: UInt8 = 0
        var base: UInt64 = 0
        /// What lies in the pack in place of the content.
        var stored: [UInt8]?
    }

    var rows: [Row]
    /// Changes a page when it is whole.
    var editPage: (inout [UInt8]) -> Void = { _ in }
    /// All rows of the page and their count, in place of `rows`.
    var pageRows: [UInt8]?
    /// All chunk rows of the page, in place of those of `rows`.
    var pageChunks: [UInt8]?
    var pagePackCount: UInt64?
    var pageRawLength: UInt64?
    var pageStoredLength: UInt64?
    var pageCodec: UInt8 = 0
    /// What the manifest says, where that is not what there is.
    var fileCount: UInt64?
    var rowCount: UInt64?
    var byteCount: UInt64?
    var tree: Digest?
    var magic = Array("RMF1".utf8)
    /// The list of required features, its count included.
    var requirements: [UInt8] = [0]
    var packCount: UInt64?
    var pageCount: UInt64?
    /// All page references and their count, made from the one that there is and from a further one to the same page.
    var pageReferences: ((_ first: [UInt8], _ again: [UInt8]) -> [UInt8])?
    /// What stands after the manifest's last field.
    var trailer: [UInt8] = []

    init(_ rows: [Row]) { self.rows = rows }

    /// The objects of the version by name, and the digest that a lock names it by.
    struct Objects {
        var files: [String: [UInt8]] = [:]
        let digest: Digest
        let byteCount: UInt64
        let fileCount: Int
    }

    private static let packName = [UInt8](repeating: 0xab, count: 16)

    func encoded() -> Objects {
        var pack = Pack()
        for row in rows where row.isFile {
            let stored = row.copy.stored ?? row.content
            pack.append(stored, rawLength: row.content.count, kind: 1, id: SHA256.digest(of: row.content))
        }
        let page = encodedPage(pack)
        let pageOffset = pack.offset
        pack.append(page, rawLength: page.count, kind: 2, id: SHA256.digest(kind: "page", of: page))
        let digest = tree ?? treeDigest
        func reference(_ offset: Int64) -> [UInt8] {
            // An empty separator, the page, and its copy in pack 0, the offset coded from the copy before.
            let id = SHA256.digest(kind: "page", of: page).bytes
            let stored = varint(pageStoredLength ?? UInt64(page.count))
            let copy = [0] + zigzag(offset) + stored + [pageCodec, 0]
            return [0, 0] + id + varint(pageRawLength ?? UInt64(page.count)) + copy
        }
        let first = reference(Int64(pageOffset) - 8)
        let again = reference(-Int64(page.count))
        let packBytes = pack.encoded
        var manifest = magic + [UInt8](repeating: 7, count: 16) + digest.bytes
        manifest += varint(fileCount ?? UInt64(rows.count(where: \.isFile)))
        manifest += varint(rowCount ?? UInt64(rows.count))
        manifest += varint(byteCount ?? bytes) + requirements
        manifest += varint(packCount ?? 1) + HostileVersion.packName + varint(UInt64(packBytes.count))
        manifest += pageReferences.map { $0(first, again) } ?? varint(pageCount ?? 1) + first
        manifest += [0] + trailer
        let id = SHA256.digest(of: manifest)
        let packHex = hex(HostileVersion.packName)
        return Objects(
            files: [
                "packs/\(packHex.prefix(2))/\(packHex).pack": packBytes,
                "manifests/\(digest.hex.prefix(2))/\(digest.hex)/\(id.hex)": manifest,
            ], digest: digest, byteCount: byteCount ?? bytes, fileCount: rows.count(where: \.isFile))
    }

    private var bytes: UInt64 {
        rows.filter(\.isFile).reduce(0) { $0 &+ ($1.size ?? UInt64($1.content.count)) }
    }

    private var treeDigest: Digest {
        var text = ByteWriter()
        text.append("reg:tree:v1\0")
        for row in rows {
            let content = row.isFile ? row.content : row.target
            text.u8([3: UInt8(ascii: "d"), 4: UInt8(ascii: "l")][row.kind] ?? UInt8(ascii: "f"))
            text.u8(row.kind == 2 ? 1 : 0)
            text.u64(row.size ?? UInt64(content.count))
            text.append((row.hash ?? SHA256.digest(of: content)).bytes)
            text.u32(UInt32(row.path.count))
            text.append(row.path)
        }
        return SHA256.digest(of: text.bytes)
    }

    private func encodedPage(_ pack: Pack) -> [UInt8] {
        let hasPack = rows.contains(where: \.isFile) || pageChunks != nil
        var page = Array("RPG1".utf8) + varint(pagePackCount ?? (hasPack ? 1 : 0))
        if hasPack { page += HostileVersion.packName }
        page += pageRows ?? encodedRows
        page += [0]  // reserved
        page += pageChunks ?? encodedChunks(pack)
        editPage(&page)
        return page
    }

    private var encodedRows: [UInt8] {
        var result = varint(UInt64(rows.count))
        var last: [UInt8] = []
        for row in rows {
            result.append(row.kind)
            let shared = zip(last, row.path).prefix { $0 == $1 }.count
            result += varint(UInt64(shared)) + varint(UInt64(row.path.count - shared)) + row.path[shared...]
            last = row.path
            if row.kind == 4 { result += varint(UInt64(row.target.count)) + row.target }
            if !row.isFile { continue }
            result += varint(row.size ?? UInt64(row.content.count))
            result += (row.hash ?? SHA256.digest(of: row.content)).bytes
        }
        return result
    }

    private func encodedChunks(_ pack: Pack) -> [UInt8] {
        var result: [UInt8] = []
        var end: UInt64 = 8
        for (row, offset) in zip(rows.filter(\.isFile), pack.offsets) {
            if let chunks = row.chunks {
                result += chunks
                continue
            }
            let lies = row.copy
            let start = lies.offset ?? offset
            let length = lies.storedLength ?? UInt64((lies.stored ?? row.content).count)
            let rawLength = lies.rawLength ?? UInt64(row.content.count)
            result += varint(1) + varint(rawLength)
            if rawLength != row.size ?? UInt64(row.content.count) {
                result += SHA256.digest(of: row.content).bytes
            }
            result += varint(lies.pack ?? 0) + zigzag(Int64(bitPattern: start &- end))
            result += varint(length) + [lies.codec] + varint(lies.base)
            end = start &+ length
        }
        return result
    }

    /// A pack in the making; its index is honest.
    private struct Pack {
        private var entries: [UInt8] = []
        private var index = ByteWriter()
        private(set) var offsets: [UInt64] = []

        var offset: UInt64 { 8 + UInt64(entries.count) }

        mutating func append(_ stored: [UInt8], rawLength: Int, kind: UInt8, id: Digest) {
            if kind == 1 { offsets.append(offset) }
            entries += stored
            index.append(id.bytes)
            index.u32(UInt32(stored.count))
            index.u32(UInt32(rawLength))
            index.u8(kind)
            index.u8(stored.count == rawLength ? 0 : 1)
            index.u16(0)
        }

        var encoded: [UInt8] {
            var pack = ByteWriter()
            pack.append("REGPACK1")
            pack.append(entries)
            pack.append(index.bytes)
            pack.u64(offset)
            pack.u32(UInt32(index.count / 44))
            pack.append(SHA256.digest(of: index.bytes).bytes)
            pack.append("REGPEND1")
            return pack.bytes
        }
    }
}

func varint(_ value: UInt64) -> [UInt8] {
    var writer = ByteWriter()
    writer.varint(value)
    return writer.bytes
}

func zigzag(_ value: Int64) -> [UInt8] {
    var writer = ByteWriter()
    writer.zigzag(value)
    return writer.bytes
}
