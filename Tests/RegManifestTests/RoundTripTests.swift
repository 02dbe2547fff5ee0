// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegCodec
import RegHash
import RegManifest
import RegPack
import RegTesting
import Testing

/// The tree digest after docs/format.md, section 3, and nothing else.
private func treeDigest(_ entries: [Entry]) -> Digest {
    func littleEndian(_ value: UInt64, _ size: Int) -> [UInt8] {
        (0..<size).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
    }
    var message = Array("reg:tree:v1\0".utf8)
    for entry in entries.sorted(by: { $0.path < $1.path }) {
        switch entry.row.kind {
        case .file(let size, let hash, let isExecutable):
            message += [0x66, isExecutable ? 1 : 0] + littleEndian(size, 8) + hash.bytes
        case .emptyDirectory:
            message += [0x64, 0] + littleEndian(0, 8) + SHA256.digest(of: []).bytes
        case .symlink(let target):
            message +=
                [0x6c, 0] + littleEndian(UInt64(target.bytes.count), 8)
                + SHA256.digest(of: target.bytes).bytes
        }
        message += littleEndian(UInt64(entry.path.bytes.count), 4) + entry.path.bytes
    }
    return SHA256.digest(of: message)
}

@Suite struct RoundTripTests {
    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func randomTreesComeBack(seed: UInt64) throws {
        print("seed \(seed)")
        let entries = try randomTree(rows: 400, seed: seed)
        let stored = try Stored(entries)
        #expect(try stored.entries() == entries)
        let manifest = try stored.decoded()
        #expect(manifest.id == SHA256.digest(of: stored.manifest))
        #expect(manifest.tree == treeDigest(entries))
        #expect(manifest.totals.rowCount == UInt64(entries.count))
        let sizes = entries.compactMap { entry -> UInt64? in
            if case .file(let size, _, _) = entry.row.kind { size } else { nil }
        }
        #expect(manifest.totals.fileCount == UInt64(sizes.count))
        #expect(manifest.totals.byteCount == sizes.reduce(0, +))
        let packs = Set(entries.flatMap(\.chunks).map(\.copy.pack)).union(manifest.pages.map(\.copy.pack))
        #expect(manifest.packs.map(\.name) == packs.sorted())
        #expect(manifest.packs.allSatisfy { $0.byteCount == 1_000 })
    }

    @Test func basesComeBackAndTheirPacksAreNamed() throws {
        let first = Copy(pack: try name(1), offset: 8, storedLength: 100, codec: .lz4)
        let second = Copy(
            pack: try name(2), offset: 60, storedLength: 7, codec: .difference,
            base: Copy.Base(first, rawLength: 400))
        let bases = [Copy.Base(first, rawLength: 400), Copy.Base(second, rawLength: 400)]
        var files: [Entry] = []
        for number in 0..<9_000 {
            var entry = try file("f\(10_000 + number)", size: 5, number: UInt64(number))
            let copy = Copy(
                pack: try name(3), offset: UInt64(8 + 2 * number), storedLength: 2,
                codec: .parts, base: bases[number % 2])
            entry.chunks = [ChunkRow(id: hash(UInt64(number)), rawLength: 5, copy: copy)]
            files.append(entry)
        }
        let stored = try Stored(files)
        #expect(try stored.entries() == files)
        let manifest = try stored.decoded()
        #expect(manifest.requires == [.bases])
        #expect(Set(manifest.packs.map(\.name)).isSuperset(of: try (1...3).map { try name($0) }))
    }

    @Test func anEmptyTreeHasNoPages() throws {
        let stored = try Stored([])
        let manifest = try stored.decoded()
        #expect(manifest.pages.isEmpty && manifest.packs.isEmpty)
        #expect(manifest.tree == SHA256.digest(of: Array("reg:tree:v1\0".utf8)))
        #expect(try stored.items().isEmpty)
    }

    @Test func aFileOfFortyThousandChunksComesInParts() throws {
        let pack = try name(1)
        let lengths = (0..<40_000).map { 1_000 + $0 % 7 }
        var offset: UInt64 = 8
        let chunks = lengths.enumerated().map { number, length in
            defer { offset = (offset + UInt64(length)) % (60 << 20) + 8 }
            return chunk(hash(UInt64(number)), length, pack: pack, offset: offset)
        }
        let size = UInt64(lengths.reduce(0, +))
        let kind = TreeRow.Kind.file(size: size, hash: hash(99), isExecutable: false)
        let big = Entry(row: TreeRow(path: BytePath("big"), kind: kind), chunks: chunks)
        let entries = [try file("a"), big, try file("c"), try file("d")]
        let stored = try Stored(entries)
        let isSame = try stored.entries() == entries
        #expect(isSame)
        let parts = try stored.items().filter { if case .part = $0 { true } else { false } }
        #expect(parts.count > 5)
        #expect(stored.pages.values.allSatisfy { $0.count <= 1 << 20 })
        // A change of one chunk moves its own page, the file's hash the last one, and no other.
        var changed = entries
        changed[1].chunks[20_000] = chunk(hash(123_456), lengths[20_000], pack: pack)
        changed[1].row = TreeRow(
            path: big.path, kind: .file(size: size, hash: hash(100), isExecutable: false))
        let other = try Stored(changed)
        #expect(Set(other.pages.keys).subtracting(stored.pages.keys).count <= 3)
    }

    @Test func aSeparatorLiesBetweenThePagesAroundIt() throws {
        let entries = try (0..<3_000).map { try file("dir\($0 % 7)/some long name \($0)") }.sorted {
            $0.path < $1.path
        }
        let stored = try Stored(entries)
        let pages = try stored.decoded().pages
        #expect(pages.count > 20)
        var last: BytePath?
        for page in pages {
            let paths = try Page.decode(try #require(stored.pages[page.id])).map(\.path)
            #expect(page.rawLength == UInt32(stored.pages[page.id]?.count ?? 0))
            if let last { #expect(last < page.separator) } else { #expect(page.separator.isEmpty) }
            #expect(page.separator <= paths[0])
            last = paths.last
        }
    }

    @Test func thePageIDIsInItsOwnNameSpace() throws {
        let stored = try Stored([try file("a")])
        let (id, page) = try #require(stored.pages.first)
        #expect(id == SHA256.digest(of: Array("reg:page:v1\0".utf8) + page))
        #expect(Page.id(of: page) == id)
    }

    @Test func theNonceMakesEachManifestNewAndTheTreeTheSame() throws {
        let (first, second) = (try Stored([try file("a")]), try Stored([try file("a")]))
        #expect(try first.decoded().id != second.decoded().id)
        #expect(try first.decoded().tree == second.decoded().tree)
        #expect(first.manifest.count == second.manifest.count)
        #expect(first.manifest[20...] == second.manifest[20...])
    }
}

@Suite struct PageSharingTests {
    private static let count = 20_000

    private func tree() throws -> [Entry] {
        try (0..<Self.count).map { number in
            let digits = String(number + 100_000)
            return try file(
                "data/\(digits.prefix(4))/\(digits).jpg", size: 5 + number % 100, number: UInt64(number))
        }
    }

    @Test func aChangedFileChangesOnePage() throws {
        let entries = try tree()
        let before = try Stored(entries)
        print("seed 17")
        var random = SeededRandom(seed: 17)
        let places = Set((0..<100).map { _ in Int.random(in: entries.indices, using: &random) })
        var changed = entries
        for place in places {
            changed[place] = try file(entries[place].path, number: UInt64(1_000_000 + place))
        }
        let after = try Stored(changed)
        let new = Set(after.pages.keys).subtracting(before.pages.keys)
        #expect(new.count <= places.count && new.count > 50)
        #expect(before.pages.count > 200)
        let isSame = try after.entries() == changed
        #expect(isSame)

        // Files that come and go move no page border but those next to them.
        changed = entries
        for place in places.sorted(by: >) { changed.remove(at: place) }
        let fewer = try Stored(changed)
        #expect(Set(fewer.pages.keys).subtracting(before.pages.keys).count <= places.count)
        #expect(Set(before.pages.keys).subtracting(fewer.pages.keys).count <= 2 * places.count)
    }
}
