// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegHash
import RegLock
import Testing

@Suite struct LockTests {
    @Test func writesTheCanonicalForm() throws {
        let lock = try Lock([
            entry("b", at: "weights/x y\u{e9}", stored(5, files: 1)), entry("a", at: "conf/", .git),
        ])
        let expected = """
            reg-lock 1

            a weights conf/ git - -

            b weights weights/x\\x20y\\xc3\\xa9 \(digestText) 5 1

            """
        #expect(lock.serialized == bytes(expected))
        #expect(try Lock.parse(lock.serialized) == lock)
        #expect(Lock().serialized == bytes("reg-lock 1\n"))
    }

    @Test func everyByteOfAPathSurvives() throws {
        let all = (UInt8(1)...255).filter { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "\\") }
        let path = BytePath(all.prefix(200) + [UInt8(ascii: "/")] + all.dropFirst(200))
        let lock = try Lock([
            LockEntry(name: name("a"), type: .other, path: path, isDirectory: true, content: .git)
        ])
        #expect(try Lock.parse(lock.serialized) == lock)
        #expect(lock.serialized.allSatisfy { $0 == 0x0a || (0x20..<0x7f).contains($0) })
    }

    @Test func writesTheRoot() throws {
        let lock = try Lock([entry("a", at: "/", .git)])
        #expect(lock.serialized == bytes("reg-lock 1\n\na weights ./ git - -\n"))
        #expect(try Lock.parse(lock.serialized) == lock)
    }

    @Test func digestIsThatOfTheCanonicalBytes() throws {
        let lock = try Lock([entry("a", at: "x")])
        // python3: sha256(b'reg:set:v1\0reg-lock 1\n\na weights x sha256:' + b'0a' * 32 + b' 10 2\n')
        #expect(lock.setDigest?.hex == "e6680cdf32ea3f36ccb65ddff102b3a35d2134eb8380e4f187322c50f84993c4")
        let unordered = bytes("reg-lock 1\n\n\na weights x \(digestText) 10 2")
        #expect(try Lock.parse(unordered).setDigest == lock.setDigest)
    }

    @Test func digestWaitsForWhatGitKeeps() throws {
        let lock = try Lock([entry("a", at: "x"), entry("b", at: "y", .git), entry("c", at: "z", .git)])
        #expect(lock.setDigest == nil)
        let digest = try #require(Digest(text: digestText))
        let partly = lock.resolving([try name("b"): (digest, 7, 1), try name("a"): (digest, 9, 9)])
        #expect(partly.setDigest == nil)
        #expect(partly[try name("b")]?.content == .stored(digest: digest, bytes: 7, files: 1))
        #expect(partly[try name("a")] == lock[try name("a")])
        let wholly = partly.resolving([try name("c"): (digest, 8, 1)])
        #expect(wholly.setDigest != nil)
        #expect(lock[try name("b")]?.content == .git)
    }

    @Test func setsInOrderAndReplaces() throws {
        var lock = Lock()
        for text in ["m", "a", "z", "b"] { try lock.set(entry(text, at: text)) }
        #expect(lock.entries.map(\.name.text) == ["a", "b", "m", "z"])
        try lock.set(entry("m", at: "other/place/"))
        #expect(lock.entries.count == 4)
        #expect(lock[try name("m")]?.path == BytePath("other/place"))
        try lock.set(entry("m", at: "other/"))
        #expect(lock[try name("m")]?.path == BytePath("other"))
    }

    @Test(
        arguments: [
            ("x/y", .overlap(outer: "a", inner: "b")), ("x", .overlap(outer: "a", inner: "b")),
            ("/", .overlap(outer: "b", inner: "a")), ("../q", .unsafe(.dotComponent)), ("", .unsafe(.empty)),
        ] as [(String, Refusal)])
    func refusesToSet(path: String, refusal: Refusal) throws {
        var lock = try Lock([entry("a", at: "x/")])
        let before = lock
        let new = try entry("b", at: path)
        let expected: LockError
        switch refusal {
        case .overlap(let outer, let inner):
            expected = .overlap(outer: try name(outer), inner: try name(inner))
        case .unsafe(let hazard): expected = .unsafePath(try name("b"), hazard)
        }
        #expect(throws: expected) { try lock.set(new) }
        #expect(lock == before)
    }

    enum Refusal: Sendable {
        case overlap(outer: String, inner: String)
        case unsafe(PathHazard)
    }

    @Test func removes() throws {
        var lock = try Lock([entry("a", at: "x"), entry("b", at: "y")])
        #expect(lock.remove(try name("c")) == nil)
        #expect(lock.remove(try name("a"))?.path == BytePath("x"))
        #expect(lock.remove(try name("a")) == nil)
        #expect(lock.entries.map(\.name.text) == ["b"])
        #expect(lock[try name("a")] == nil)
    }

    @Test(arguments: [
        ("x", "a"), ("x/deep/er", "a"), ("y", "b"), ("y/z", nil), ("xy", nil), ("", nil), ("w", nil),
    ])
    func findsTheArtifactOfAPath(path: String, expected: String?) throws {
        let lock = try Lock([entry("a", at: "x/"), entry("b", at: "y")])
        #expect(lock.entry(containing: BytePath(path))?.name.text == expected)
    }

    @Test func rootContainsEverything() throws {
        let lock = try Lock([entry("a", at: "/")])
        #expect(lock.entry(containing: BytePath("any/thing"))?.name.text == "a")
    }

    @Test func refusesALockThatIsUnsound() throws {
        #expect(throws: LockError.duplicateName(try name("a"))) {
            try Lock([entry("a", at: "x"), entry("a", at: "y")])
        }
        #expect(throws: LockError.unsafePath(try name("a"), .reserved)) {
            try Lock([entry("a", at: ".git/")])
        }
    }

    @Test func messagesSayWhere() throws {
        let malformed = LockError.malformed(line: 5, .unsafePath(.nul))
        #expect(malformed.message == "reg.lock line 5: the path contains a NUL byte")
        let conflict = LockError.conflict(names: [try name("a"), try name("b")])
        #expect(conflict.message == "reg.lock has an unresolved merge conflict: a, b")
        #expect(LockError.unknownVersion("\u{1b}[2J").message.contains("\u{1b}") == false)
    }
}
