// SPDX-License-Identifier: Apache-2.0
import RegBytes
import Testing

@Suite struct BytePathTests {
    @Test func pathsAreOrderedByUnsignedBytesAndShorterFirst() {
        let ascending = [
            [], [0x00], [0x2e], [0x2f], [0x61], [0x61, 0x00], [0x61, 0x2f, 0x62], [0x62], [0x7f], [0x80],
            [0xff],
        ]
        .map { BytePath($0 as [UInt8]) }
        #expect(ascending.reversed().sorted() == ascending)
        for (smaller, larger) in zip(ascending, ascending.dropFirst()) {
            #expect(smaller < larger && !(larger < smaller) && smaller != larger)
        }
    }

    @Test func namesThatUnicodeCallsEqualAreTwoPaths() {
        let paths: Set = [BytePath("caf\u{e9}"), BytePath("cafe\u{301}")]
        #expect(paths.count == 2)
    }

    @Test(
        arguments: [
            ("a", "a", ""), ("a/b", "a", "b"), ("a/b/c", "a", "b/c"), ("a/b", "", "a/b"), ("", "", ""),
            ("/a", "/", "a"), ("/a/b", "/", "a/b"), ("/", "/", ""), ("/a/b", "/a", "b"), ("a/b", "a/", "b"),
            ("ab", "a", nil), ("a", "a/b", nil), ("b/a", "a", nil), ("a.b", "a", nil), ("/a", "a", nil),
            ("a", "/", nil),
        ] as [(String, String, String?)])
    func aPathIsRelativeOnlyToWhatContainsIt(path: String, directory: String, rest: String?) {
        #expect(BytePath(path).relative(to: BytePath(directory)) == rest.map { BytePath($0) })
        #expect(BytePath(path).isWithin(BytePath(directory)) == (rest != nil))
    }

    @Test(
        arguments: [
            ("", "", "", []), ("a", "", "a", ["a"]), ("a/b", "a", "b", ["a", "b"]),
            ("/a", "", "a", ["a"]), ("a//b/", "a//b", "b", ["a", "b"]), ("/", "", "", []),
        ] as [(String, String, String, [String])])
    func partsAreThoseBetweenSlashes(path: String, parent: String, last: String, components: [String]) {
        let path = BytePath(path)
        #expect(path.parent == BytePath(parent))
        #expect(path.lastComponent == BytePath(last))
        #expect(path.components.map { BytePath($0) } == components.map { BytePath($0) })
    }

    @Test(
        arguments: [("a", "b", "a/b"), ("", "b", "b"), ("a", "", "a"), ("a/", "b", "a/b"), ("/", "b", "/b")])
    func appendingPutsOneSlashBetween(first: String, second: String, whole: String) {
        #expect(BytePath(first).appending(second) == BytePath(whole))
    }

    @Test func onlyUTF8HasText() {
        #expect(BytePath("é").utf8 == "é")
        #expect(BytePath([0x66, 0xff]).utf8 == nil)
        #expect(BytePath([0x66, 0xff]).lossy == "f\u{fffd}")
    }
}

@Suite struct PathHazardTests {
    @Test(
        arguments: [
            ("", .empty), ("..", .dotComponent), ("../x", .dotComponent), ("a/../../x", .dotComponent),
            ("a/..", .dotComponent), ("./a", .dotComponent), ("a/.", .dotComponent), (".", .dotComponent),
            ("/x", .absolute), ("//x", .absolute), ("/", .absolute), ("a//b", .emptyComponent),
            ("a/", .trailingSlash), ("a\0b", .nul), ("a/\0", .nul), ("..\\x", .backslash),
            ("a\\b", .backslash), ("\\\\h\\s", .backslash), ("C:/x", .drive), ("z:", .drive),
            (".git/config", .reserved), (".GIT/x", .reserved), ("a/.Git", .reserved), (".git./x", .reserved),
            (".git /x", .reserved), (".git . .", .reserved), (".g\u{200c}it/x", .reserved),
            ("\u{feff}.git", .reserved), (".git\u{202e}", .reserved), (".gi\u{206a}t", .reserved),
            (".git.\u{200d}", .reserved), (".reg/x", .reserved), ("a/.REG.", .reserved),
            (String(repeating: "a", count: 256), .longComponent),
            (String(repeating: "a/", count: 255) + "a", .tooDeep),
            (String(repeating: "a", count: 4_096), .tooLong),
        ] as [(String, PathHazard)])
    func unsafePathsAreNamedByTheirRule(path: String, hazard: PathHazard) {
        #expect(BytePath(path).hazard == hazard)
    }

    @Test(arguments: [
        "a", "...", "..a", "a..", ".gitignore", "git", ".gitx/a", ".registry", "~/x", "-rf", "a\rb", "a b",
        "a/b:",
        "ab:/c", "a/C:/b", "1:", ".g it", "\u{200c}a", String(repeating: "a", count: 255),
        String(repeating: "a/", count: 254) + "a", "caf\u{e9}", " .git",
        String(repeating: String(repeating: "a", count: 254) + "/", count: 16)
            + String(repeating: "b", count: 15),
    ])
    func oddButHarmlessPathsAreAllowed(path: String) {
        #expect(BytePath(path).hazard == nil)
    }

    @Test func bytesThatAreNotTextAreAllowed() {
        #expect(BytePath([0xff, 0x2f, 0xe2, 0x80]).hazard == nil)
    }
}
