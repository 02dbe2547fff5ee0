// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegCodec
import RegHash
import RegManifest
import RegPack
import RegTesting
import Testing

/// A row and, for a file, all its chunks.
struct Entry: Equatable {
    var row: TreeRow
    var chunks: [ChunkRow] = []

    var path: BytePath { row.path }
}

/// A name that a number fixes.
func name(_ number: UInt64) throws -> RandomName {
    try #require(RandomName(seededBytes(count: 16, seed: number)))
}

func hash(_ number: UInt64) -> Digest { SHA256.digest(of: Array("\(number)".utf8)) }

func chunk(_ id: Digest, _ length: Int, pack: PackName, offset: UInt64 = 8) -> ChunkRow {
    ChunkRow(
        id: id, rawLength: UInt32(length),
        copy: Copy(pack: pack, offset: offset, storedLength: UInt32(length), codec: .stored))
}

/// A file of one chunk, or of none.
func file(_ path: BytePath, size: Int = 5, number: UInt64 = 1, isExecutable: Bool = false) throws -> Entry {
    let kind = TreeRow.Kind.file(size: UInt64(size), hash: hash(number), isExecutable: isExecutable)
    let chunks = size == 0 ? [] : [chunk(hash(number), size, pack: try name(1))]
    return Entry(row: TreeRow(path: path, kind: kind), chunks: chunks)
}

func file(_ path: String, size: Int = 5, number: UInt64 = 1) throws -> Entry {
    try file(BytePath(path), size: size, number: number)
}

func symlink(_ path: String, to target: String) -> Entry {
    Entry(row: TreeRow(path: BytePath(path), kind: .symlink(target: BytePath(target))))
}

func emptyDirectory(_ path: String) -> Entry {
    Entry(row: TreeRow(path: BytePath(path), kind: .emptyDirectory))
}

/// A manifest and the pages that it names, as a store would hold them.
struct Stored {
    var manifest: [UInt8] = []
    var pages: [Digest: [UInt8]] = [:]

    static let pagePack = RandomName([UInt8](repeating: 0xee, count: 16))

    /// Writes the entries as they come, safe or not.
    init(_ entries: [Entry]) throws {
        let pagePack = try #require(Stored.pagePack)
        var pages: [Digest: [UInt8]] = [:]
        var offset: UInt64 = 8
        var writer = ManifestWriter { id, page in
            pages[id] = page
            defer { offset += UInt64(page.count) }
            return Copy(pack: pagePack, offset: offset, storedLength: UInt32(page.count), codec: .stored)
        }
        for entry in entries {
            for chunk in entry.chunks { try writer.append(chunk, of: entry.path) }
            try writer.append(entry.row)
        }
        manifest = try writer.finish().encoded { _ in 1_000 }
        self.pages = pages
    }

    func decoded() throws -> Manifest { try Manifest.decode(manifest) }

    /// All items, read to the end, so that everything was checked.
    func items() throws -> [ManifestItem] {
        let reader = ManifestReader(try decoded()) { reference in
            guard let page = pages[reference.id] else { throw MissingPage(id: reference.id) }
            return page
        }
        var items: [ManifestItem] = []
        while let item = try reader.next() { items.append(item) }
        return items
    }

    /// The entries, parts put together.
    func entries() throws -> [Entry] {
        var entries: [Entry] = []
        var waiting: [ChunkRow] = []
        for item in try items() {
            waiting += item.chunks
            guard case .row(let row, _) = item else { continue }
            entries.append(Entry(row: row, chunks: waiting))
            waiting = []
        }
        return entries
    }

    /// What reading everything throws.
    func refusal() -> ManifestError? {
        do { _ = try items() } catch { return error as? ManifestError }
        return nil
    }
}

struct MissingPage: Error { let id: Digest }

/// A sound tree of all kinds of rows.
func randomTree(rows: Int, seed: UInt64) throws -> [Entry] {
    var random = SeededRandom(seed: seed)
    let packs = try (0..<4).map { try name(seed << 8 | $0) }
    let alphabet = Array("ab.-_ \n\u{e9}".utf8) + [0x01, 0x7f, 0x80, 0xff]
    func component() -> [UInt8] {
        (0..<Int.random(in: 1...6, using: &random)).map { _ in alphabet.randomElement(using: &random) ?? 0x61
        }
    }
    var paths: Set<BytePath> = []
    while paths.count < rows {
        let depth = Int.random(in: 1...4, using: &random)
        paths.insert(BytePath((0..<depth).map { _ in component() }.joined(separator: [UInt8(ascii: "/")])))
    }
    let sound = paths.filter { path in
        var parent = path.parent
        while !parent.isEmpty {
            if paths.contains(parent) { return false }
            parent = parent.parent
        }
        return path.hazard == nil
    }
    func randomChunk(_ id: Digest, _ length: Int) -> ChunkRow {
        let stored = Int.random(in: 1...length, using: &random)
        return ChunkRow(
            id: id, rawLength: UInt32(length),
            copy: Copy(
                pack: packs.randomElement(using: &random) ?? packs[0],
                offset: UInt64.random(in: 8..<(64 << 20), using: &random), storedLength: UInt32(stored),
                codec: stored == length ? .stored : .lz4))
    }
    return sound.sorted().map { path in
        switch Int.random(in: 0..<10, using: &random) {
        case 0: return Entry(row: TreeRow(path: path, kind: .emptyDirectory))
        case 1: return Entry(row: TreeRow(path: path, kind: .symlink(target: BytePath([0xfe, 0x2f, 0x61]))))
        case 2:
            let kind = TreeRow.Kind.file(size: 0, hash: SHA256.digest(of: []), isExecutable: false)
            return Entry(row: TreeRow(path: path, kind: kind))
        default:
            let lengths = (0..<Int.random(in: 1...3, using: &random)).map { _ in
                Int.random(in: 1...70_000, using: &random)
            }
            let hash = hash(random.next())
            let kind = TreeRow.Kind.file(
                size: UInt64(lengths.reduce(0, +)), hash: hash, isExecutable: Bool.random(using: &random))
            let chunks = lengths.map { length in
                randomChunk(lengths.count == 1 ? hash : RegManifestTests.hash(random.next()), length)
            }
            return Entry(row: TreeRow(path: path, kind: kind), chunks: chunks)
        }
    }
}
