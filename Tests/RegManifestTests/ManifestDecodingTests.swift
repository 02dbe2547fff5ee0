// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegHash
import RegManifest
import RegPack
import RegTesting
import Testing

private let packA = [UInt8](repeating: 0xaa, count: 16)
private let packB = [UInt8](repeating: 0xbb, count: 16)

/// What decoding these bytes throws.
private func refusal(_ bytes: [UInt8]) -> ManifestError? {
    do { _ = try Manifest.decode(bytes) } catch { return error }
    return nil
}

/// A manifest of one page, with one pack more than that needs.
private func soundManifest() -> RawManifest {
    var page = RawPage()
    page.directory(0, "a")
    var manifest = RawManifest(rowCount: 1)
    manifest.packs = [(packA, 100), (packB, 1 << 27)]
    manifest.pages = [RawManifest.PageReference(page.bytes)]
    return manifest
}

@Suite struct ManifestDecodingTests {
    @Test func theWriterWritesWhatTheFormatSays() throws {
        let stored = try Stored([try file("a"), emptyDirectory("b")])
        let manifest = try stored.decoded()
        let page = try #require(stored.pages.values.first)
        var raw = RawManifest(tree: manifest.tree, fileCount: 1, rowCount: 2, byteCount: 5)
        raw.nonce = Array(stored.manifest[4..<20])
        raw.packs = manifest.packs.map { ($0.name.bytes, 1_000) }
        var reference = RawManifest.PageReference(page)
        reference.pack = UInt64(try #require(manifest.packs.firstIndex { $0.name == Stored.pagePack }))
        raw.pages = [reference]
        #expect(raw.bytes == stored.manifest)
    }

    @Test func everyTruncationAndEveryAddedByteIsRefused() throws {
        for bytes in [soundManifest().bytes, try Stored(try randomTree(rows: 40, seed: 5)).manifest] {
            #expect(refusal(bytes) == nil)
            for count in bytes.indices { #expect(refusal(Array(bytes[..<count])) != nil, "\(count) bytes") }
            #expect(refusal(bytes + [0]) != nil)
        }
    }

    @Test func whatItsPartsSayIsRead() throws {
        var raw = soundManifest()
        raw.extensions = [(Array("later".utf8), [1, 2, 3]), ([], [])]
        let manifest = try Manifest.decode(raw.bytes)
        #expect(manifest.packs.map(\.name.bytes) == [packA, packB])
        #expect(manifest.packs.map(\.byteCount) == [100, 1 << 27])
        #expect(manifest.pages.map(\.copy.offset) == [8])
        #expect(manifest.pages.map(\.copy.pack.bytes) == [packA])
        #expect(manifest.totals.rowCount == 1)
    }

    @Test(
        arguments: [
            Change("packs out of order") { $0.packs.swapAt(0, 1) },
            Change("a pack twice") { $0.packs[1].name = $0.packs[0].name },
            Change("a page in no pack") { $0.pages[0].pack = 2 },
            Change("a first separator") { $0.pages[0].rest = [0x61] },
            Change("separators out of order") {
                var (second, third) = ($0.pages[0], $0.pages[0])
                second.rest = [0x62]
                third.rest = [0x61]
                $0.pages += [second, third]
            },
            Change("a page before the first entry") { $0.pages[0].delta = -1 },
            Change("trailing bytes") { $0.tail = [7] }, Change("bytes of another kind") { $0.magic = "RPG1" },
        ])
    func whatHasNoValidEncodingIsMalformed(change: Change) {
        var manifest = soundManifest()
        change.make(&manifest)
        guard case .malformed? = refusal(manifest.bytes) else {
            Issue.record("\(String(describing: refusal(manifest.bytes)))")
            return
        }
    }

    @Test(
        arguments: [
            Change("2^63 packs") { $0.packCount = 1 << 63 }, Change("too many packs") { $0.packCount = 50 },
            Change("2^63 pages") { $0.pageCount = 1 << 63 }, Change("too many pages") { $0.pageCount = 50 },
            Change("10,000,001 rows") { $0.rowCount = 10_000_001 },
            Change("more files than rows") { $0.fileCount = 2 },
            Change("2^63 bytes") { $0.byteCount = 1 << 63 },
            Change("a page of more than 1 MiB") { $0.pages[0].rawLength = (1 << 20) + 1 },
            Change("a copy longer than a pack") { $0.pages[0].stored = (128 << 20) + 1 },
        ])
    func whatIsAboveALimitIsRefusedBeforeItIsAllocated(change: Change) {
        var manifest = soundManifest()
        change.make(&manifest)
        guard case .overLimit? = refusal(manifest.bytes) else {
            Issue.record("\(String(describing: refusal(manifest.bytes)))")
            return
        }
    }

    @Test(arguments: [
        (Change("version 2") { $0.magic = "RMF2" }, "version 2"),
        (Change("a feature") { $0.features = [Array("lanes\u{1b}".utf8)] }, #"lanes\x1b"#),
        (Change("a base") { $0.pages[0].base = 1 }, "base"),
    ])
    func whatALaterVersionMayAddIsNamed(change: Change, word: String) {
        var manifest = soundManifest()
        change.make(&manifest)
        guard case .newerVersion(let what)? = refusal(manifest.bytes) else {
            Issue.record("\(String(describing: refusal(manifest.bytes)))")
            return
        }
        #expect(what.contains(word))
    }

    @Test func aManifestAboveTheLimitIsRefused() {
        guard case .overLimit? = refusal([UInt8](repeating: 0, count: (64 << 20) + 1)) else {
            Issue.record("more than 64 MiB are read")
            return
        }
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func flippedBitsNeverTrapAndChangeNoRow(seed: UInt64) throws {
        print("seed \(seed)")
        var random = SeededRandom(seed: seed)
        let entries = try randomTree(rows: 6, seed: seed)
        let stored = try Stored(entries)
        var refused = 0
        for _ in 0..<2_500 {
            var flipped = stored
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                flipped.manifest[Int.random(in: stored.manifest.indices, using: &random)] ^=
                    1 << UInt8.random(in: 0..<8, using: &random)
            }
            if let found = try? flipped.entries() { #expect(found == entries) } else { refused += 1 }
        }
        #expect(refused > 1_000 && refused < 2_500, "\(refused)")
    }
}

/// A way to change a manifest.
struct Change: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let make: @Sendable (inout RawManifest) -> Void

    init(_ description: String, _ make: @escaping @Sendable (inout RawManifest) -> Void) {
        testDescription = description
        self.make = make
    }
}
