// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegHash
import RegTesting
import Testing

/// Manifests and pages whose numbers lie: refused before memory, time or the tree pay for it.
struct HostileEncodingTests {
    typealias Row = HostileVersion.Row

    private static let huge: UInt64 = 1 << 63
    private static let mebibyte = 1 << 20

    private let scene: HostileScene

    init() throws { scene = try HostileScene() }

    private func expect(
        _ codes: Set<Int32>, _ what: String, rows: [Row] = [Row("a"), Row("b", content: "more")],
        by commands: [[String]] = HostileScene.readers, sourceLocation: SourceLocation = #_sourceLocation,
        _ lie: (inout HostileVersion) -> Void
    ) throws {
        var version = HostileVersion(rows)
        lie(&version)
        try scene.publish(version)
        try scene.expectRefused(codes, what, by: commands, sourceLocation: sourceLocation)
    }

    // MARK: Counts

    @Test func wrongTotalsAreRefused() throws {
        for delta: UInt64 in [1, .max] {  // one more, one less
            try expect([4, 6], "rows off by one") { $0.rowCount = 2 &+ delta }
            try expect([4, 6], "files off by one") { $0.fileCount = 2 &+ delta }
            try expect([4, 6], "bytes off by one") { $0.byteCount = 11 &+ delta }
        }
        try expect([4], "another tree") { $0.tree = SHA256.digest(of: []) }
    }

    @Test(arguments: [HostileEncodingTests.huge, .max, 1 << 62, 1 << 40, 1 << 32, 10_000_001, 10_000_000])
    func hugeCountsAreRefused(count: UInt64) throws {
        try expect([4, 6], "rows in the manifest") { $0.rowCount = count }
        try expect([4, 6], "files in the manifest") { $0.fileCount = count }
        try expect([4, 6], "bytes in the manifest") { $0.byteCount = count }
        try expect([4, 6], "packs in the manifest") { $0.packCount = count }
        try expect([4, 6], "pages in the manifest") { $0.pageCount = count }
        try expect([4, 6], "raw length of a page") { $0.pageRawLength = count }
        try expect([4, 6], "packs in the page") { $0.pagePackCount = count }
        try expect([4, 6], "rows in the page") { $0.pageRows = varint(count) + [1, 0, 1, 0x61] }
        try expect([4, 6], "chunks of a file") { $0.rows[0].chunks = varint(count) + [1, 2, 3] }
        try expect([4, 6], "size of a file") { $0.rows[0].size = count }
        try expect([4, 6], "length of a path") { $0.pageRows = [1, 1, 0] + varint(count) + [0x61] }
        try expect([4, 6], "shared part of a path") { $0.pageRows = [1, 1] + varint(count) + [1, 0x61] }
        try expect([4, 6], "length of a link's target") {
            $0.pageRows = [1, 4, 0, 1, 0x61] + varint(count) + [0x61]
        }
        try expect([4, 6, 13], "required features") { $0.requirements = varint(count) }
        try expect([4, 6], "raw length of a chunk") { $0.rows[0].copy.rawLength = count }
        try expect([4, 6], "stored length of a chunk") { $0.rows[0].copy.storedLength = count }
        try expect([4, 6], "offset of a chunk") { $0.rows[0].copy.offset = count }
        try expect([4, 6], "pack of a chunk") { $0.rows[0].copy.pack = count }
        try expect([4, 6, 13], "base of a chunk") { $0.rows[0].copy.base = count }
    }

    @Test func sizesThatOverflowAreRefused() throws {
        try expect([4, 6], "two files of half of all bytes") {
            $0.rows[0].size = HostileEncodingTests.huge
            $0.rows[1].size = HostileEncodingTests.huge
        }
        try expect([4, 6], "a size that is not its chunks'") { $0.rows[0].size = 8 }
        try expect([4, 6], "a file of bytes without chunks") { $0.rows[0].chunks = [0] }
        try expect([4, 6], "a chunk of no bytes") { $0.rows[0].copy.rawLength = 0 }
    }

    // MARK: Copies

    @Test func copiesOutsideTheirPackAreRefused() throws {
        try expect([4, 5], "beyond the end") { $0.rows[0].copy.offset = 1 << 20 }
        try expect([4], "in the header") { $0.rows[0].copy.offset = 0 }
        try expect([4, 6], "below zero") { $0.rows[0].copy.offset = .max }
        try expect([4], "other bytes") { $0.rows[0].copy.offset = 9 }
        try expect([4, 6], "longer than it can be") { $0.rows[0].copy.storedLength = 100 }
        try expect([4, 6], "a pack that the table lacks") { $0.rows[0].copy.pack = 1 }
        try expect([4, 6], "over the limit of a chunk") {
            $0.rows[0].size = 8 << 20 + 1
            $0.rows[0].copy.rawLength = 8 << 20 + 1
        }
    }

    @Test func aPageIsNotReadThatIsLongerThanItCanBe() throws {
        var version = HostileVersion([Row("a")])
        version.pageCodec = 1
        version.pageStoredLength = 100 << 20
        try scene.publish(version)
        let outcome = try scene.sandbox.reg(["pull"], in: "victim").run()
        expectFailure(outcome, [4], "100 MiB stored for a page")
        #expect(outcome.errorText.contains("longer than it can be"))
    }

    @Test func basesAreNotReadThatAreLongerThanTheyCanBe() throws {
        var version = HostileVersion([Row("a")])
        version.requirements = [1, 5] + Array("bases".utf8)
        // One chunk of 7 bytes, 5 stored, coded as parts of one that claims 100 MiB.
        let base = varint(9) + [0] + zigzag(-5) + varint(100 << 20) + [0, 0]
        version.pageChunks = [1, 7, 0, 0, 5, 5, 1] + base
        try scene.publish(version)
        let outcome = try scene.sandbox.reg(["pull"], in: "victim").run()
        expectFailure(outcome, [4], "a base of 100 MiB")
        #expect(outcome.errorText.contains("longer than it can be"), "\(outcome.errorText)")
        version.requirements = [0]
        try scene.publish(version)
        let other = try scene.sandbox.reg(["pull"], in: "victim").run()
        expectFailure(other, [4], "a base that the manifest does not tell of")
    }

    @Test func laterCodecsAndFormatsAreNamed() throws {
        for codec: UInt8 in [4, 5] {
            try expect([4], "codec \(codec) without a base") { $0.rows[0].copy.codec = codec }
            try expect([4], "codec \(codec) of a page") { $0.pageCodec = codec }
        }
        for codec: UInt8 in [7, 8, 0xff] {
            try expect([13], "codec \(codec) of a chunk") { $0.rows[0].copy.codec = codec }
            try expect([13], "codec \(codec) of a page") { $0.pageCodec = codec }
        }
        try expect([4], "a base of a codec that has none") { $0.rows[0].copy.base = 1 }
        try expect([13], "a feature") { $0.requirements = [1, 3] + Array("abc".utf8) }
        try expect([13], "a manifest of version 2") { $0.magic = Array("RMF2".utf8) }
        try expect([13], "a page of version 2") { $0.editPage = { $0[3] = UInt8(ascii: "2") } }
        try expect([4], "another magic") { $0.magic = Array("GIF8".utf8) }
        try expect([4], "another magic of a page") { $0.editPage = { $0[0] = 0 } }
    }

    @Test func laterRegistryAndLockAreNamed() throws {
        try scene.publish(HostileVersion([Row("a")]))
        let lock = try scene.sandbox.read("victim/reg.lock")
        let later = String(decoding: lock, as: UTF8.self).replacing("reg-lock 1", with: "reg-lock 2")
        try scene.sandbox.write("victim/reg.lock", Array(later.utf8))
        expectFailure(try scene.sandbox.reg(["pull"], in: "victim").run(), [13], "a lock of version 2")
        try scene.sandbox.write("victim/reg.lock", lock)
        let info = try scene.sandbox.read("registry/registry.json")
        let newer = String(decoding: info, as: UTF8.self).replacing(
            "\"reg_registry\":1", with: "\"reg_registry\":2")
        try scene.sandbox.write("registry/registry.json", Array(newer.utf8))
        try scene.expectRefused([13], "a registry of version 2")
    }

    // MARK: LZ4

    @Test func lyingBlocksAreRefused() throws {
        let zeros = Row("zeros", content: String(repeating: "\0", count: 1_000))
        // One literal, then a match of the rest at distance 1, then the five last literals.
        let block: [UInt8] = [0x1f, 0, 1, 0, 255, 255, 255, 210, 0x50, 0, 0, 0, 0, 0]
        let cases: [(String, [UInt8], UInt64)] = [
            ("a byte too long", block, 1_001), ("a byte too short", block, 999),
            ("a match before the start", [0x1f, 0, 9, 0, 255, 255, 255, 210, 0x50, 0, 0, 0, 0, 0], 1_000),
            ("cut off", Array(block.dropLast(4)), 1_000), ("empty", [], 1_000), ("one byte", [0x10], 64),
            ("more than 255 to 1", [0x1f], 1_000), ("8 MiB from a few bytes", block, 8 << 20),
            ("over the limit", block, 8 << 20 + 1),
        ]
        for (what, stored, rawLength) in cases {
            try expect([4, 6], "LZ4: \(what)", rows: [zeros]) {
                $0.rows[0].copy.codec = 1
                $0.rows[0].copy.stored = stored
                $0.rows[0].copy.rawLength = rawLength
                $0.rows[0].size = rawLength
            }
        }
        var honest = HostileVersion([zeros])
        honest.rows[0].copy.codec = 1
        honest.rows[0].copy.stored = block
        try scene.publish(honest)
        try scene.expectPulled("an honest block")
    }

    // MARK: Lanes

    @Test func lyingLanesAreRefused() throws {
        let zeros = Row("zeros", content: String(repeating: "\0", count: 1_000))
        // One lane, constant; and as lanes of a block of LZ4 that is nothing but a literal.
        let lane: [UInt8] = [1, 1, 0]
        let cases: [(String, UInt8, [UInt8], UInt64)] = [
            ("a byte too long", 3, lane + [0], 1_000), ("cut off", 3, [1, 1], 1_000), ("empty", 3, [], 1_000),
            ("other bytes", 3, [1, 1, 2], 1_000), ("8 MiB from three bytes", 3, lane, 8 << 20),
            ("over the limit", 3, lane, 8 << 20 + 1), ("not shorter", 3, lane, 3),
            ("no element", 3, [8, 1, 0], 7),
            ("a stream of 4 GiB", 3, [1, 2, 0, 1, 0x11] + [UInt8](repeating: 255, count: 16), 1_000),
            ("a block as long as the chunk", 2, [0xe8, 3, 0, 0] + lane, 1_000),
            ("a block of 4 GiB", 2, [255, 255, 255, 255] + lane, 1_000),
            ("no block", 2, [1, 0, 0, 0], 1_000),
            ("a block of nothing", 2, [0, 0, 0, 0] + lane, 1_000),
            ("a block that is none", 2, [9, 0, 0, 0] + lane, 1_000),
        ]
        for (what, codec, stored, rawLength) in cases {
            try expect([4, 6], "lanes: \(what)", rows: [zeros]) {
                $0.rows[0].copy.codec = codec
                $0.rows[0].copy.stored = stored
                $0.rows[0].copy.rawLength = rawLength
                $0.rows[0].size = rawLength
            }
        }
        var honest = HostileVersion([zeros])
        honest.rows[0].copy.codec = 3
        honest.rows[0].copy.stored = lane
        try scene.publish(honest)
        try scene.expectPulled("honest lanes")
    }

    /// A file of many chunks that each grow to 8 MiB, with another hash than it says: no memory, no file.
    @Test func bombOfManyChunksLeavesNothing() throws {
        let length = 8 << 20
        var block: [UInt8] = [0x1f, 0, 1, 0]
        let matched = length - 6
        block += [UInt8](repeating: 255, count: (matched - 19) / 255) + [UInt8((matched - 19) % 255)]
        block += [0x50, 0, 0, 0, 0, 0]
        let count: UInt64 = 24
        try expect([4], "a bomb", rows: [Row("bomb", content: "x")]) {
            $0.rows[0].copy.stored = block
            $0.rows[0].size = count * UInt64(length)
            $0.rows[0].hash = SHA256.digest(of: [1])
            let chunk =
                varint(UInt64(length)) + SHA256.digest(of: []).bytes + [0] + zigzag(-Int64(block.count))
                + varint(UInt64(block.count)) + [1, 0]
            let first =
                varint(UInt64(length)) + SHA256.digest(of: []).bytes + [0, 0] + varint(UInt64(block.count))
                + [1, 0]
            $0.rows[0].chunks = varint(count) + first + (1..<count).flatMap { _ in chunk }
        }
    }

    // MARK: Encodings that are not the only valid one

    @Test func otherEncodingsAreRefused() throws {
        try expect([4], "bytes after the manifest") { $0.trailer = [0] }
        try expect([4, 13], "bytes after the page") { $0.editPage = { $0.append(0) } }
        try expect([4], "a page cut short") { $0.editPage = { $0.removeLast() } }
        try expect([4], "a page of its magic alone") { $0.editPage = { $0.removeLast($0.count - 4) } }
        try expect([4], "a long number") { $0.requirements = [0x80, 0] }
        try expect([4], "a number without end") { $0.requirements = [UInt8](repeating: 0xff, count: 11) }
        try expect([4], "a page without rows") { $0.pageRows = [0] }
        try expect([4, 6], "a page twice") { $0.pageReferences = { first, again in [2] + first + again } }
        try expect([4, 6], "a pack twice in the table") {
            $0.pagePackCount = 2
            $0.editPage = { page in page.insert(contentsOf: page[5..<21], at: 21) }
        }
        try expect([4], "a pack that is not used") {
            $0.pagePackCount = 2
            $0.editPage = { page in page.insert(contentsOf: [UInt8](repeating: 1, count: 16), at: 21) }
        }
    }

    // MARK: Memory

    /// A few bytes a row can stand for a path of 4,095 bytes each, 200,000 times a page.
    @Test func pageOfLongPathsStaysSmall() throws {
        let long = [UInt8](repeating: UInt8(ascii: "a"), count: 250) + Array("/".utf8)
        let path = Array([[UInt8]](repeating: long, count: 16).joined().dropLast())
        var rows = varint(100_000) + [3, 0] + varint(UInt64(path.count)) + path
        for number in 1..<100_000 {
            // As much as can be shared, then some bytes that ascend.
            let tail = [
                UInt8(0x62 + number >> 14), UInt8(0x21 + (number >> 7) & 0x3f), UInt8(0x21 + number & 0x3f),
            ]
            rows += [3] + varint(UInt64(path.count - 3)) + [3] + tail
        }
        try expect([4, 6], "long paths", rows: []) {
            $0.pageRows = rows
            $0.rowCount = 100_000
        }
    }

    @Test func pathsThatGrowWithoutEndAreRefused() throws {
        let piece = [UInt8](repeating: UInt8(ascii: "b"), count: 4_000)
        var rows = varint(200) + [3, 0] + varint(4_000) + piece
        for number in 1..<200 { rows += [3] + varint(UInt64(4_000 * number)) + varint(4_000) + piece }
        try expect([4, 6], "growing paths", rows: []) {
            $0.pageRows = rows
            $0.rowCount = 200
        }
    }

    @Test func partsWithoutEndAreRefused() throws {
        try expect([4, 6], "parts", rows: [Row("a")]) {
            $0.pageRows =
                varint(200_000) + [5, 0, 1, 0x61] + (1..<200_000).flatMap { _ in [5, 1, 0] as [UInt8] }
            $0.pageChunks = [UInt8](repeating: 0, count: 200_000)
        }
    }

    /// A manifest as long as may be, all of it references to one page.
    @Test func longestManifestStaysSmall() throws {
        try expect([4, 6], "many pages", by: [["pull"]]) {
            $0.pageReferences = { first, again in
                var references = again
                while references.count < 31 << 20 { references += references }
                return varint(UInt64(references.count / again.count + 1)) + first + references
            }
        }
    }

    @Test func overlongManifestIsRefused() throws {
        try expect([4, 6], "too long a manifest") { $0.trailer = [UInt8](repeating: 0, count: 65 << 20) }
    }
}
