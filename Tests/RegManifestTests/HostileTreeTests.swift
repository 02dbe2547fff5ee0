// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegHash
import RegManifest
import RegPack
import RegTesting
import Testing

/// Trees that nobody should write, in manifests whose hashes are all right.
@Suite struct HostileTreeTests {
    private func isUnsafePath(_ error: ManifestError?) -> Bool {
        if case .unsafePath = error { true } else { false }
    }

    private func isMalformed(_ error: ManifestError?) -> Bool {
        if case .malformed = error { true } else { false }
    }

    @Test(
        arguments: [
            "..", "../x", "a/../../x", "/x", "//x", ".", "", "a//b", "a/", "a\0b", "\0", ".git/config",
            ".GIT/x",
            ".git./x", ".g\u{200c}it/x", ".reg/x", "..\\x", "C:\\x", "C:/x", "\\\\h\\s", "a/..", "./a",
            String(repeating: "x", count: 256), String(repeating: "d/", count: 255) + "f",
        ])
    func unsafePathsAreRefused(path: String) throws {
        for entry in [try file(path), emptyDirectory(path), symlink(path, to: "x")] {
            #expect(isUnsafePath(try Stored([entry]).refusal()), "\(entry.row.kind)")
        }
    }

    @Test(arguments: [4_096, 5_000, 10_000])
    func longPathsAreRefused(count: Int) throws {
        let path = String(repeating: "a/", count: count / 2 - 1) + "bc"
        let refusal = try Stored([try file(path)]).refusal()
        guard case .overLimit = refusal else {
            Issue.record("\(String(describing: refusal))")
            return
        }
    }

    @Test(arguments: ["~", "~/x", "-rf", "a\rb", "a\nb", "\u{1b}[31m", "...", ".gitignore", "caf\u{e9}"])
    func oddButLegalPathsAreRead(path: String) throws {
        #expect(try Stored([try file(path)]).entries().map(\.path) == [BytePath(path)])
    }

    @Test func namesThatDifferInCaseOrNormalisationAreTwoFiles() throws {
        let paths = ["A", "a", "caf\u{e9}", "cafe\u{301}"].map { BytePath($0) }.sorted()
        #expect(try Stored(paths.map { try file($0) }).entries().map(\.path) == paths)
    }

    @Test(
        arguments: [
            ["a", "a"], ["b", "a"], ["a/b", "a"], ["a", "a/b"], ["a", "a-b", "a/b"], ["a", "a/b/c/d"],
            ["x/a", "x/a!", "x/a.b", "x/a/b"], ["a", "a\u{1}", "a\u{1}b", "a\u{1}b/c"],
            ["a", "aa", "aa/b", "ab", "aa"],
        ])
    func aPathIsUsedOnceAndInOrder(paths: [String]) throws {
        #expect(isUnsafePath(try Stored(try paths.map { try file($0) }).refusal()))
        #expect(isUnsafePath(try Stored(paths.map { emptyDirectory($0) }).refusal()))
        #expect(isUnsafePath(try Stored(paths.map { symlink($0, to: "t") }).refusal()))
    }

    @Test(arguments: [
        ["a", "a-b", "a.b", "a0", "aa"], ["a-/b", "a/b", "a0/b"], ["a/b", "a/b-c/d", "a/bc"],
        ["a", "a!/b", "a\u{1}"].sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) },
    ])
    func neighboursAreNoConflict(paths: [String]) throws {
        #expect(try Stored(try paths.map { try file($0) }).entries().count == paths.count)
    }

    @Test func aConflictIsSeenAcrossPages() throws {
        let between = try (0..<5_000).map { try file("a!\(10_000 + $0)") }
        let stored = try Stored([try file("a")] + between + [try file("a/b")])
        #expect(stored.pages.count > 20)
        #expect(isUnsafePath(stored.refusal()))
    }

    @Test(arguments: [
        "/etc/passwd", "..", "../x", "a/../../../x", "b/../..", "", "a\0b", "a/../..", "a/../b",
    ])
    func linksThatLeadOutAreRefused(target: String) throws {
        #expect(isUnsafePath(try Stored([symlink("link", to: target)]).refusal()))
    }

    @Test(arguments: [
        ("link", "a"), ("link", "./a"), ("d/link", "../a"), ("d/e/link", "../../a"), ("d/link", ".././a"),
        ("link", "."),
    ])
    func linksThatStayInsideAreRead(path: String, target: String) throws {
        #expect(try Stored([symlink(path, to: target)]).entries() == [symlink(path, to: target)])
    }

    @Test func sizesMustAddUp() throws {
        let pack = try name(1)
        let lies: [(UInt64, [ChunkRow])] = [
            (5, [chunk(hash(1), 6, pack: pack)]), (5, []), (0, [chunk(hash(1), 1, pack: pack)]),
            (1 << 62, [chunk(hash(1), 1, pack: pack)]),
            (5, [chunk(hash(2), 2, pack: pack), chunk(hash(3), 2, pack: pack)]),
            (5, [chunk(hash(1), 5, pack: pack), chunk(hash(3), 2, pack: pack)]),
        ]
        for (size, chunks) in lies {
            let kind = TreeRow.Kind.file(size: size, hash: hash(1), isExecutable: false)
            let entry = Entry(row: TreeRow(path: BytePath("a"), kind: kind), chunks: chunks)
            #expect(isMalformed(try Stored([entry]).refusal()), "\(size)")
        }
    }

    @Test func sumsThatOverflowAreRefused() throws {
        let pack = try name(1)
        for sizes in [[.max], [1 << 63], [1 << 62, 1 << 62]] as [[UInt64]] {
            let entries = sizes.enumerated().map { number, size in
                let kind = TreeRow.Kind.file(size: size, hash: hash(1), isExecutable: false)
                return Entry(
                    row: TreeRow(path: BytePath("\(number)"), kind: kind),
                    chunks: [chunk(hash(1), 1, pack: pack)])
            }
            #expect(try Stored(entries).refusal() != nil, "\(sizes)")
        }
    }

    @Test func theTreeDigestMustBeThatOfTheRows() throws {
        var stored = try Stored([try file("a")])
        let tree = try stored.decoded().tree
        stored.manifest[20] ^= 1
        let other = try #require(Digest(stored.manifest[20..<52]))
        #expect(stored.refusal() == .treeDigest(found: tree, expected: other))
    }

    @Test(arguments: [52, 53, 54])
    func theTotalsMustBeThoseOfTheRows(offset: Int) throws {
        for change in [1, -1] {
            var stored = try Stored([try file("a"), emptyDirectory("b"), try file("c")])
            stored.manifest[offset] = UInt8(Int(stored.manifest[offset]) + change)
            #expect(isMalformed(stored.refusal()), "\(change)")
        }
    }

    @Test func aPageMustBeTheOneNamed() throws {
        var stored = try Stored([try file("a")])
        let other = try Stored([try file("b")])
        let id = try #require(stored.pages.keys.first)
        let found = try #require(other.pages.first)
        stored.pages[id] = found.value
        #expect(stored.refusal() == .pageID(found: found.key, expected: id))
    }

    @Test func pagesMustComeInOrder() throws {
        let entries = try (0..<2_000).map { try file("\(10_000 + $0)") }
        let stored = try Stored(entries)
        let manifest = try stored.decoded()
        #expect(manifest.pages.count > 3)
        var raw = RawManifest(
            tree: manifest.tree, fileCount: 2_000, rowCount: 2_000, byteCount: 10_000,
            packs: manifest.packs.map { ($0.name.bytes, 1_000) })
        let position = try #require(manifest.packs.firstIndex { $0.name == Stored.pagePack })
        for page in manifest.pages {
            var reference = RawManifest.PageReference(try #require(stored.pages[page.id]))
            reference.pack = UInt64(position)
            reference.rest = page.separator.bytes
            raw.pages.append(reference)
        }
        // The separators share beginnings, which this must say.
        for index in raw.pages.indices.dropFirst().reversed() {
            let (last, this) = (raw.pages[index - 1].rest, raw.pages[index].rest)
            let shared = zip(last, this).prefix { $0 == $1 }.count
            raw.pages[index].shared = shared
            raw.pages[index].rest = Array(this[shared...])
        }
        var sound = stored
        sound.manifest = raw.bytes
        #expect(try sound.entries() == entries)
        for swap in [(0, 1), (1, 2)] {
            var swapped = raw
            swapped.pages.swapAt(swap.0, swap.1)
            sound.manifest = swapped.bytes
            #expect(sound.refusal() != nil)
        }
        var missing = raw
        missing.pages.removeLast()
        sound.manifest = missing.bytes
        #expect(isMalformed(sound.refusal()))
    }

    @Test func chunksMayLieOnlyInPacksThatTheManifestNames() throws {
        let stored = try Stored([try file("a")])
        let manifest = try stored.decoded()
        let page = try #require(stored.pages.values.first)
        let pagePack = try #require(Stored.pagePack)
        var raw = RawManifest(tree: manifest.tree, fileCount: 1, rowCount: 1, byteCount: 5)
        raw.packs = [(pagePack.bytes, 1_000)]
        raw.pages = [RawManifest.PageReference(page)]
        var lying = stored
        lying.manifest = raw.bytes
        #expect(isMalformed(lying.refusal()))
    }
}
