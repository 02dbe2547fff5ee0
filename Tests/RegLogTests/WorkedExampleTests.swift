// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegCodec
import RegFiles
import RegHash
import RegLock
import RegLog
import RegManifest
import RegPack
import RegStore
import RegTesting
import Testing

/// The hex dumps of docs/format.md, section 13, by the title above each.
private func dumps() throws -> [String: [UInt8]] {
    let file = BytePath(#filePath).parent.appending("../../docs/format.md")
    let text = String(decoding: try #require(try readSmallFile(file, limit: 1 << 20)), as: UTF8.self)
    let section = try #require(text.split(separator: "\n## 13. ").last)
    var dumps: [String: [UInt8]] = [:]
    var title = ""
    for line in section.split(separator: "\n") {
        if line.hasPrefix("**"), let end = line.firstRange(of: ".**") {
            title = String(line[..<end.lowerBound].dropFirst(2))
        }
        let columns = line.split(separator: " ")
        guard columns.count > 1, columns[0].count == 6, let offset = Int(columns[0], radix: 16) else {
            continue
        }
        // Six digits of offset, two spaces, up to sixteen bytes of three columns each, then words.
        try #require(offset == dumps[title, default: []].count, "\(line)")
        for pair in line.dropFirst(8).prefix(48).split(separator: " ") {
            dumps[title, default: []] += try #require(bytes(hex: pair.utf8), "\(line)")
        }
    }
    return dumps
}

/// What section 13 shows, made by the code.
private struct Example {
    static let hello = Array("Hello, world!\n".utf8)
    static let zeros = [UInt8](repeating: 0, count: 100)

    let packName: PackName
    let entries: [TreeRow]
    var registry = Array(
        #"{"reg_registry":1,"id":"0123456789abcdef0123456789abcdef","created":"2026-01-01T00:00:00Z","chunker":"reg-cdc-1"}"#
            .utf8)
    var pack: [UInt8] = []
    var page: [UInt8] = []
    var manifest: [UInt8] = []
    let record: Record

    init() throws {
        registry.append(UInt8(ascii: "\n"))
        let name = try #require(PackName(hex: "00112233445566778899aabbccddeeff"))
        packName = name
        entries = [
            TreeRow(path: BytePath("empty"), kind: .emptyDirectory),
            Example.file("hello.txt", Example.hello), Example.file("zeros.bin", Example.zeros),
        ]
        let store = MemoryStore()
        var finished: [PackWriter.Finished] = []
        let packs = PackWriter(store: store) { finished.append($0) }
        func add(_ kind: EntryKind, _ id: Digest, _ raw: [UInt8]) throws -> Copy {
            var output = [UInt8](repeating: 0, count: raw.count)
            let result = raw.withUnsafeBytes { raw in
                output.withUnsafeMutableBytes { Encoder().encode(raw, into: $0) }
            }
            let stored = result.codec == .stored ? raw : Array(output[..<result.byteCount])
            let copy = try stored.withUnsafeBytes {
                try packs.append(kind, id: id, rawLength: raw.count, codec: result.codec, stored: $0)
            }
            return Copy(
                pack: name, offset: copy.offset, storedLength: copy.storedLength, codec: copy.codec)
        }
        var page: [UInt8] = []
        var writer = ManifestWriter { id, bytes in
            page = bytes
            return try add(.page, id, bytes)
        }
        try writer.append(entries[0])
        for (row, bytes) in zip(entries[1...], [Example.hello, Example.zeros]) {
            let id = SHA256.digest(of: bytes)
            let chunk = ChunkRow(id: id, rawLength: UInt32(bytes.count), copy: try add(.chunk, id, bytes))
            try writer.append(chunk, of: row.path)
            try writer.append(row)
        }
        let draft = try writer.finish()
        try packs.finish()
        self.page = page
        pack = try #require(store[.pack(finished[0].name)])
        manifest = draft.encoded { _ in finished[0].byteCount }
        manifest.replaceSubrange(4..<20, with: 0xa0...0xaf)  // the nonce, random otherwise
        record = try Example.record(draft, manifest: manifest, registry: registry)
    }

    private static func file(_ path: String, _ bytes: [UInt8]) -> TreeRow {
        let hash = SHA256.digest(of: bytes)
        return TreeRow(
            path: BytePath(path), kind: .file(size: UInt64(bytes.count), hash: hash, isExecutable: false))
    }

    private static func record(
        _ draft: ManifestDraft, manifest: [UInt8], registry: [UInt8]
    ) throws -> Record {
        let push = Operation.push(
            Operation.Push(
                name: try artifact("greeting"), type: .dataset, version: 1, digest: draft.tree,
                manifest: SHA256.digest(of: manifest), byteCount: draft.totals.byteCount,
                fileCount: draft.totals.fileCount, message: "First words", isShared: false))
        let lock = try Lock([
            LockEntry(
                name: try artifact("greeting"), type: .dataset, path: BytePath("data/greeting"),
                isDirectory: true,
                content: .stored(
                    digest: draft.tree, bytes: draft.totals.byteCount, files: draft.totals.fileCount))
        ])
        let commit = try #require(CommitID(hex: "1111111111111111111111111111111111111111"))
        let bind = Operation.bind(
            Operation.Bind(commit: commit, set: try #require(lock.setDigest), lock: lock))
        let id: RandomName = try #require(RandomName(hex: "000102030405060708090a0b0c0d0e0f"))
        let project: RandomName = try #require(RandomName(hex: "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"))
        return Record(
            id: id, number: 1, prev: SHA256.digest(of: registry), project: project,
            author: "Ada <ada@example.org>", time: "2026-01-01T00:00:01Z", operations: [push, bind])
    }
}

@Suite struct WorkedExampleTests {
    @Test func theDumpsAreWhatTheCodeWrites() throws {
        let example = try Example()
        let dumps = try dumps()
        #expect(dumps.count == 5)
        #expect(dumps["registry.json"] == example.registry)
        #expect(dumps["Pack"] == example.pack)
        #expect(dumps["Page"] == example.page)
        #expect(dumps["Manifest"] == example.manifest)
        #expect(dumps["Record"] == example.record.encoded)
    }

    @Test func theDumpsAreReadAndTheirDigestsFit() throws {
        let example = try Example()
        let dumps = try dumps()
        let (pack, page) = (try #require(dumps["Pack"]), try #require(dumps["Page"]))
        let (manifest, record) = (try #require(dumps["Manifest"]), try #require(dumps["Record"]))
        let registry = try #require(dumps["registry.json"])
        let decoded = try Manifest.decode(manifest)
        let store = MemoryStore([
            .registry: registry, .pack(example.packName): pack,
            .manifest(decoded.tree, id: decoded.id): manifest, .record(1): record,
        ])

        // From the log down: the record names the manifest, the manifest the page, the page the chunks.
        let info = try #require(try RegistryInfo.read(from: store))
        let entry = try #require(
            try Log(store: store).entry(after: Tail(number: 0, hash: info.hash)))
        guard case .record(let found) = entry.reading, case .push(let push)? = found.operations.first else {
            Issue.record("the record is not a push")
            return
        }
        #expect(found == example.record)
        let bytes = try #require(
            try store.read(.manifest(push.digest, id: push.manifest), limit: Manifest.byteLimit))
        #expect(bytes == manifest)
        func decode(_ copy: Copy, rawLength: UInt32) throws -> [UInt8] {
            let stored = try store.read(.pack(copy.pack), at: copy.offset, count: Int(copy.storedLength))
            var raw = [UInt8](repeating: 0xff, count: Int(rawLength))
            try stored.withUnsafeBytes { stored in
                try raw.withUnsafeMutableBytes { try copy.codec.decode(stored, into: $0) }
            }
            return raw
        }
        let reader = ManifestReader(decoded) { try decode($0.copy, rawLength: $0.rawLength) }
        var rows: [TreeRow] = []
        var contents: [[UInt8]] = []
        while let item = try reader.next() {
            guard case .row(let row, let chunks) = item else { continue }
            rows.append(row)
            if let chunk = chunks.first {
                contents.append(try decode(chunk.copy, rawLength: chunk.rawLength))
                #expect(SHA256.digest(of: contents[contents.count - 1]) == chunk.id)
            }
        }
        #expect(rows == example.entries)
        #expect(contents == [Example.hello, Example.zeros])

        // The pack by itself tells the same.
        let index = try PackIndex.read(example.packName, from: store)
        #expect(index.entries.map(\.kind) == [.chunk, .chunk, .page])
        #expect(index.entries.map(\.id) == contents.map { SHA256.digest(of: $0) } + [Page.id(of: page)])
        #expect(try decode(index.entries[2].copy, rawLength: index.entries[2].rawLength) == page)
    }
}
