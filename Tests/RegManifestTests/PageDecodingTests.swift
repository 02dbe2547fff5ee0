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
    do { _ = try Page.decode(bytes) } catch { return error }
    return nil
}

private func refusal(_ page: RawPage) -> ManifestError? { refusal(page.bytes) }

/// A page of one directory and three files in two packs.
private func soundPage() -> RawPage {
    var page = RawPage(packs: [packA, packB])
    page.directory(0, "a")
    page.file("b", size: 5, chunks: [RawPage.chunk(length: 5)])
    page.file(
        "c", size: 9,
        chunks: [
            RawPage.chunk(length: 4, id: hash(2), pack: 1, delta: 100),
            RawPage.chunk(length: 5, id: hash(3), pack: 0, delta: -5, stored: 2, codec: 1),
        ])
    page.file("d", size: 0, kind: 2, chunks: [])
    return page
}

@Suite struct PageDecodingTests {
    @Test func isReadFromBytesMadeByHand() throws {
        let items = try Page.decode(soundPage().bytes)
        #expect(items.map(\.path) == ["a", "b", "c", "d"].map { BytePath($0) })
        #expect(items[1].chunks.map(\.id) == [hash(1)])
        #expect(items[1].chunks.map(\.copy.offset) == [8])
        #expect(items[2].chunks.map(\.id) == [hash(2), hash(3)])
        #expect(items[2].chunks.map(\.copy.offset) == [108, 8])
        #expect(items[2].chunks.map(\.copy.pack.bytes) == [packB, packA])
        #expect(items[2].chunks.map(\.copy.storedLength) == [4, 2])
        guard case .row(let last, _) = items[3], case .file(0, _, true) = last.kind else {
            Issue.record("the last row is an empty executable file")
            return
        }
    }

    @Test func everyTruncationAndEveryAddedByteIsRefused() {
        let bytes = soundPage().bytes
        for count in bytes.indices { #expect(refusal(Array(bytes[..<count])) != nil, "\(count) bytes") }
        #expect(refusal(bytes + [0]) != nil)
    }

    @Test(
        arguments: [
            Lie("a path that says again what it shares") {
                $0.rows.insert([3] + RawPage.path(0, "ab"), at: 1)
            },
            Lie("a pack that is not used") { $0.packs.append([UInt8](repeating: 1, count: 16)) },
            Lie("a pack named twice") { $0.packs[1] = $0.packs[0] },
            Lie("packs not in order of use") {
                $0.chunkRows[0] = [1] + RawPage.chunk(length: 5, pack: 1)
                $0.chunkRows[1] =
                    [2] + RawPage.chunk(length: 4, id: hash(2), pack: 1)
                    + RawPage.chunk(length: 5, id: hash(3), pack: 0)
            },
            Lie("a pack beyond the table") { $0.chunkRows[0] = [1] + RawPage.chunk(length: 5, pack: 2) },
            Lie("no rows") {
                $0.rows = []
                $0.chunkRows = []
                $0.packs = []
            },
            Lie("a chunk of no bytes") { $0.chunkRows[0] = [1] + RawPage.chunk(length: 0, id: hash(2)) },
            Lie("a copy before the first entry") {
                $0.chunkRows[0] = [1] + RawPage.chunk(length: 5, delta: -1)
            },
            Lie("a copy beyond the longest pack") {
                $0.chunkRows[0] = [1] + RawPage.chunk(length: 5, delta: 128 << 20)
            },
            Lie("an offset that overflows") { $0.chunkRows[0] = [1] + RawPage.chunk(length: 5, delta: .max) },
            Lie("an offset that underflows") {
                $0.chunkRows[0] = [1] + RawPage.chunk(length: 5, delta: .min)
            },
            Lie("a part without chunks") {
                $0.rows[3] = [5] + RawPage.path(0, "d")
                $0.chunkRows[2] = [0]
            },
            Lie("a base of a codec that has none") {
                $0.chunkRows[0] = [1] + RawPage.chunk(length: 5, base: [1, 9, 0, 0, 5, 0, 0])
            },
            Lie("no base of a codec that needs one") {
                $0.chunkRows[0] = [1] + RawPage.chunk(length: 5, codec: 4)
            },
            Lie("a base that nothing has") {
                $0.chunkRows[0] = [1] + RawPage.chunk(length: 5, codec: 4, base: [2])
            },
            Lie("a base that is its own") {
                $0.chunkRows[0] = [1] + RawPage.chunk(length: 5, codec: 4, base: [1, 9, 0, 0, 5, 4, 2])
            },
            Lie("a base written twice") {
                $0.chunkRows[0] =
                    [2] + RawPage.chunk(length: 4, id: hash(3), codec: 4, base: [1, 9, 0, 0, 5, 0, 0])
                    + RawPage.chunk(length: 1, id: hash(4), codec: 4, base: [1, 9, 0, 11, 5, 0, 0])
            },
            Lie("trailing bytes") { $0.tail = [0] },
            Lie("bytes of another kind") { $0.magic = "RMF1" },
        ])
    func whatHasNoValidEncodingIsMalformed(lie: Lie) {
        var page = soundPage()
        #expect(refusal(page) == nil)
        lie.tell(&page)
        guard case .malformed? = refusal(page) else {
            Issue.record("\(String(describing: refusal(page)))")
            return
        }
    }

    @Test(
        arguments: [
            Lie("2^63 rows") { $0.rowCount = 1 << 63 }, Lie("more rows than bytes") { $0.rowCount = 100_000 },
            Lie("2^62 chunks") { $0.chunkRows[0] = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40] },
            Lie("a chunk of more than 8 MiB") {
                $0.chunkRows[0] = [1] + RawPage.chunk(length: (8 << 20) + 1, id: hash(2))
            },
            Lie("a copy longer than a pack") {
                $0.chunkRows[0] = [1] + RawPage.chunk(length: 5, stored: (128 << 20) + 1)
            },
            Lie("a path that shares more than there is") {
                $0.rows.insert([3] + RawPage.path(2, "x"), at: 1)
            },
        ])
    func whatIsAboveALimitIsRefusedBeforeItIsAllocated(lie: Lie) {
        var page = soundPage()
        lie.tell(&page)
        guard case .overLimit? = refusal(page) else {
            Issue.record("\(String(describing: refusal(page)))")
            return
        }
    }

    @Test(
        arguments: [
            Lie("version 2") { $0.magic = "RPG2" }, Lie("what is reserved") { $0.reserved = 1 },
            Lie("a chain of five bases") {
                let link: [UInt8] = [1, 9, 0, 0, 5, 4]
                $0.chunkRows[0] =
                    [1] + RawPage.chunk(length: 5, codec: 4, base: link + link + link + link + link)
            },
        ])
    func whatALaterVersionMayAddNeedsOne(addition: Lie) {
        var page = soundPage()
        addition.tell(&page)
        guard case .newerVersion? = refusal(page) else {
            Issue.record("\(String(describing: refusal(page)))")
            return
        }
    }

    @Test(arguments: [0, 6, 7, 100, 255] as [UInt8])
    func unknownKindsOfRowsAreRefused(kind: UInt8) {
        var page = soundPage()
        page.rows[0] = [kind] + RawPage.path(0, "a")
        #expect(refusal(page) == .unsafePath(BytePath("a"), "it is of an unknown kind (\(kind))"))
    }

    @Test func pathsCannotGrowBeyondTheLongestByWhatTheyShare() {
        var page = RawPage()
        page.rows = [[3] + RawPage.path(0, String(repeating: "a", count: 4_095))]
        #expect(refusal(page) == nil)
        page.rows.append([3] + RawPage.path(4_095, "a"))
        guard case .overLimit? = refusal(page) else {
            Issue.record("\(String(describing: refusal(page)))")
            return
        }
    }

    /// Without a limit of their own, such paths would take 100,000 times 4 KB from one page.
    @Test func aFewBytesCannotStandForManyLongPaths() {
        var page = RawPage()
        page.rows = [[3] + RawPage.path(0, String(repeating: "a", count: 4_000))]
        for number in 0..<100_000 {
            page.rows.append([3] + RawPage.path(4_000 + number % 2, []))
        }
        guard case .overLimit? = refusal(page) else {
            Issue.record("\(String(describing: refusal(page)))")
            return
        }
    }

    @Test func aPageAboveTheLimitIsRefused() {
        #expect(refusal(soundPage().bytes + [UInt8](repeating: 0, count: 1 << 20)) != nil)
        guard case .overLimit? = refusal([UInt8](repeating: 0, count: (1 << 20) + 1)) else {
            Issue.record("more than 1 MiB is read")
            return
        }
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func flippedBitsNeverTrapAndWhatIsStillReadHasOneEncoding(seed: UInt64) throws {
        print("seed \(seed)")
        var random = SeededRandom(seed: seed)
        let stored = try Stored(try randomTree(rows: 12, seed: seed))
        let page = try #require(stored.pages.values.max { $0.count < $1.count })
        var refused = 0
        var rewritten = 0
        for _ in 0..<2_500 {
            var flipped = page
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                flipped[Int.random(in: flipped.indices, using: &random)] ^=
                    1 << UInt8.random(in: 0..<8, using: &random)
            }
            guard let items = try? Page.decode(flipped) else {
                refused += 1
                continue
            }
            let entries = items.compactMap { item -> Entry? in
                if case .row(let row, let chunks) = item { Entry(row: row, chunks: chunks) } else { nil }
            }
            // Another page that is just as valid; written again it must come out the same.
            let again = try Stored(entries).pages.values
            if entries.count == items.count && again.count == 1 {
                rewritten += 1
                #expect(again.first == flipped)
            }
        }
        #expect(refused > 200 && rewritten > 200, "\(refused), \(rewritten)")
    }
}

/// A way to change a page for the worse.
struct Lie: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let tell: @Sendable (inout RawPage) -> Void

    init(_ description: String, _ tell: @escaping @Sendable (inout RawPage) -> Void) {
        testDescription = description
        self.tell = tell
    }
}
