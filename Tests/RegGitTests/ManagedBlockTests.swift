// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegGit
import RegTesting
import Testing

private func updating(_ text: String, _ lines: [String]) -> String {
    String(decoding: ManagedBlock.updating(bytes(text), lines: lines.map(bytes)), as: UTF8.self)
}

@Suite struct ManagedBlockTests {
    @Test(arguments: [
        ("", "# >>> reg\n/x\n# <<< reg\n"),
        ("a\n", "a\n# >>> reg\n/x\n# <<< reg\n"),
        ("a", "a\n# >>> reg\n/x\n# <<< reg"),
        ("a\r\n", "a\r\n# >>> reg\r\n/x\r\n# <<< reg\r\n"),
        ("a\r\nb", "a\r\nb\r\n# >>> reg\r\n/x\r\n# <<< reg"),
        ("a\r", "a\r\r\n# >>> reg\r\n/x\r\n# <<< reg"),
        ("\n\n", "\n\n# >>> reg\n/x\n# <<< reg\n"),
    ])
    func putsTheBlockAtTheEnd(text: String, expected: String) {
        #expect(updating(text, ["/x"]) == expected)
        #expect(updating(expected, ["/x"]) == expected)
        #expect(updating(expected, []) == text)
    }

    @Test(arguments: [
        ("a\n# >>> reg\n/old\n/older\n# <<< reg\nb\n", "a\n# >>> reg\n/x\n# <<< reg\nb\n"),
        ("# >>> reg\n# <<< reg\nb", "# >>> reg\n/x\n# <<< reg\nb"),
        ("a\r\n# >>> reg\r\n# <<< reg\r\nb\r\n", "a\r\n# >>> reg\r\n/x\r\n# <<< reg\r\nb\r\n"),
        ("a\n# >>> reg  \n# <<< reg\t\nb\n", "a\n# >>> reg\n/x\n# <<< reg\nb\n"),
        ("a\n# >>> reg\n/y\n# <<< reg", "a\n# >>> reg\n/x\n# <<< reg"),
    ])
    func replacesTheBlockWhereItIs(text: String, expected: String) {
        #expect(updating(text, ["/x"]) == expected)
    }

    @Test(arguments: [
        // Two blocks, as a merge leaves them.
        ("# >>> reg\n/p\n# <<< reg\nuser\n# >>> reg\n/q\n# <<< reg\n", "# >>> reg\n/x\n# <<< reg\nuser\n"),
        // The end is missing.
        ("# >>> reg\nuser\n", "user\n# >>> reg\n/x\n# <<< reg\n"),
        ("# >>> reg\nuser", "user\n# >>> reg\n/x\n# <<< reg"),
        ("# >>> reg\nuser\n# >>> reg\n/p\n# <<< reg\nz\n", "user\n# >>> reg\n/x\n# <<< reg\nz\n"),
        ("# >>> reg\n/p\n# <<< reg\n# >>> reg\nuser\n", "# >>> reg\n/x\n# <<< reg\nuser\n"),
        // The beginning is missing.
        ("user\n# <<< reg\nz\n", "user\nz\n# >>> reg\n/x\n# <<< reg\n"),
        ("# <<< reg\nuser\n# >>> reg\n", "user\n# >>> reg\n/x\n# <<< reg\n"),
        ("user\n# <<< reg", "user\n# >>> reg\n/x\n# <<< reg\n"),
        // Line ends are those of what stays.
        ("# >>> reg\r\nuser\nz\r\n", "user\nz\r\n# >>> reg\n/x\n# <<< reg\n"),
        ("# >>> reg\nuser\r\n", "user\r\n# >>> reg\r\n/x\r\n# <<< reg\r\n"),
    ])
    func keepsTheUsersLinesOfABrokenFile(text: String, expected: String) {
        #expect(updating(text, ["/x"]) == expected)
        #expect(updating(expected, ["/x"]) == expected)
    }

    @Test func almostAMarkerIsTheUsers() {
        let text = "# >>> regs\n #>>> reg\n# >>> reg x\n# <<< re\n"
        #expect(updating(text, []) == text)
    }

    @Test func keepsBytesThatAreNoText() {
        let text: [UInt8] = [0xff, 0x0a, 0x00, 0xfe]
        let with = ManagedBlock.updating(text, lines: [[0xfd]])
        #expect(with == text + bytes("\n# >>> reg\n") + [0xfd] + bytes("\n# <<< reg"))
        #expect(ManagedBlock.updating(with, lines: []) == text)
    }

    @Test func holdsForFilesMadeOfAnyLines() {
        let lines = ["# >>> reg", "# <<< reg", "user", "", "/x", "other"]
        var random = SeededRandom(seed: 11)
        for _ in 0..<3_000 {
            let end = Bool.random(using: &random) ? "\n" : "\r\n"
            let count = Int.random(in: 0..<8, using: &random)
            let chosen = (0..<count).map { _ in lines[Int.random(in: lines.indices, using: &random)] }
            let text = chosen.joined(separator: end) + (Bool.random(using: &random) ? end : "")
            let once = updating(text, ["/1", "/2"])
            #expect(updating(once, ["/1", "/2"]) == once, "\(text.debugDescription)")
            let without = updating(once, [])
            #expect(without == updating(text, []), "\(text.debugDescription)")
            #expect(!without.contains("reg"))
            if !text.contains("reg") { #expect(without == text) }
            #expect(userLines(without) == userLines(outsideBlocks(chosen)), "\(text.debugDescription)")
        }
    }

    private func userLines(_ text: String) -> [Substring] {
        text.split { $0.isNewline }.filter { !$0.isEmpty }
    }

    private func userLines(_ lines: [String]) -> [Substring] { lines.map { $0[...] }.filter { !$0.isEmpty } }

    /// The lines that are neither markers nor between a begin marker and the end marker that is next to come.
    private func outsideBlocks(_ lines: [String]) -> [String] {
        let markers = lines.indices.filter { lines[$0].contains("reg") }
        let blocks = zip(markers, markers.dropFirst())
            .filter { lines[$0] == ManagedBlock.beginMarker && lines[$1] == ManagedBlock.endMarker }
        return lines.indices
            .filter { index in !markers.contains(index) && !blocks.contains { $0 < index && index < $1 } }
            .map { lines[$0] }
    }
}

@Suite struct IgnoreSyntaxTests {
    @Test(arguments: [
        ("data", true, "/data/"), ("a/b.bin", false, "/a/b.bin"), ("#x", false, "/#x"), ("!x", false, "/!x"),
        ("a b", false, "/a b"), ("a ", false, "/a[ ]"), ("a ", true, "/a /"),
        ("*?[a]\\", false, "/\\*\\?\\[a]\\\\"),
        ("a\nb", false, "/a[[:cntrl:]]b"), ("a\r", false, "/a[[:cntrl:]]"), ("é", false, "/é"),
    ])
    func writesPatternsForGit(path: String, isDirectory: Bool, expected: String) {
        #expect(IgnoreSyntax.git.pattern(for: BytePath(path), isDirectory: isDirectory) == bytes(expected))
    }

    @Test(arguments: [
        ("data", true, "/data/"), ("a+(b)|c", false, "/a\\+\\(b\\)\\|c"), ("a ", false, "/a[ ]"),
        ("a.b-c_d", false, "/a.b-c_d"), ("é", false, "/é"), ("{[*", false, "/\\{\\[\\*"),
    ])
    func writesPatternsForDocker(path: String, isDirectory: Bool, expected: String) {
        #expect(IgnoreSyntax.docker.pattern(for: BytePath(path), isDirectory: isDirectory) == bytes(expected))
    }

    @Test func bytesThatAreNoText() {
        let path = BytePath([0x61, 0xff])
        #expect(IgnoreSyntax.git.pattern(for: path, isDirectory: false) == [0x2f, 0x61, 0xff])
        #expect(IgnoreSyntax.docker.pattern(for: path, isDirectory: false) == bytes("/a?"))
    }

    @Test(arguments: IgnoreSyntax.allCases)
    func theRootHasNoPattern(syntax: IgnoreSyntax) {
        #expect(syntax.pattern(for: BytePath(""), isDirectory: true) == nil)
    }

    /// git itself must ignore exactly the path that a pattern was made for.
    @Test func gitUnderstandsThePatterns() throws {
        try withRepository { repository in
            let names = FileListTests.oddNames
            for name in names { try repository.write([1], to: BytePath("d").appending(name)) }
            try repository.write([1], to: BytePath("d/plain"))
            let git = try repository.discovered()
            let everything = (names + [BytePath("plain")]).map { BytePath("d").appending($0) }
            for name in names {
                let path = BytePath("d").appending(name)
                let pattern = try #require(IgnoreSyntax.git.pattern(for: path, isDirectory: false))
                let text = ManagedBlock.updating(bytes("# mine\r\n"), lines: [pattern])
                try repository.write(text, to: BytePath(".gitignore"))
                #expect(try git.ignored(among: everything) == [path], "\(printable(path))")
            }
        }
    }

    @Test func aDirectoryPatternLeavesFilesOfThatNameAlone() throws {
        try withRepository { repository in
            let pattern = try #require(IgnoreSyntax.git.pattern(for: BytePath("a b "), isDirectory: true))
            try repository.write(pattern + [0x0a], to: BytePath(".gitignore"))
            let git = try repository.discovered()
            let asked = ["a b /", "a b /x", "a b ", "c/a b /"].map { BytePath($0) }
            #expect(try git.ignored(among: asked) == [asked[0], asked[1]])
        }
    }
}
