// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegHash
import RegJSON
import RegTesting
import Testing

/// Registries that somebody filled with malice: the hashes are right, what they name is not.
struct HostileTests {
    typealias Row = HostileVersion.Row

    private let scene: HostileScene

    init() throws { scene = try HostileScene() }

    // MARK: Paths

    @Test func honestVersionIsPulled() throws {
        let version = HostileVersion([
            Row("a/b", content: "1"), .emptyDirectory("c"), .link("d", to: "a/b"), Row("e", content: ""),
        ])
        var empty = version
        empty.rows[3].chunks = [0]
        try scene.publish(empty)
        try scene.expectPulled("honest")
        try scene.expectPulled("honest, again")
        #expect(try scene.sandbox.tree("victim/data").digest == empty.encoded().digest)
    }

    /// FAULTS F1: names that some system would take for another place than one below the target.
    @Test(arguments: [
        "..", "../x", "../canary/0/file", "a/../../x", "/x", "//x", "/tmp/x", ".", "./x", "", "a//b", "a/",
        "a\0b",
        ".git", ".git/config", ".GIT/x", ".git./x", ".git /x", ".g\u{200c}it/x", "a/.git/hooks/x", ".reg/x",
        "..\\x", "a\\b", "C:\\x", "C:/x", "c:", "\\\\h\\s",
    ])
    func unsafePathIsRefused(path: String) throws {
        try scene.publish(HostileVersion([Row(path)]))
        try scene.expectRefused([6], path.debugDescription)
        try scene.publish(HostileVersion([.emptyDirectory(path)]))
        try scene.expectRefused([6], "the empty directory \(path.debugDescription)")
        try scene.publish(HostileVersion([.link(path, to: "x")]))
        try scene.expectRefused([6], "the link \(path.debugDescription)")
    }

    @Test func overlongPathIsRefused() throws {
        let component = String(repeating: "x", count: 255)
        let longest = Array(repeating: component, count: 16).joined(separator: "/")
        let paths = [
            component + "x", "\(longest)/x", String(longest.dropLast()) + "/" + "xx", component + component,
            Array(repeating: "a", count: 256).joined(separator: "/"),
            Array(repeating: "a", count: 10_000).joined(separator: "/"),
        ]
        for path in paths {
            try scene.publish(HostileVersion([Row(path)]))
            try scene.expectRefused([6], "a path of \(path.utf8.count) bytes")
        }
    }

    /// Odd, but below the target: kept as they are, and printed so that no terminal obeys them.
    @Test func oddButSafePathsAreKept() throws {
        let texts = [
            "-rf", "a\rb", "a\u{1b}[2Jb", "a\nb", "cafe\u{301}", "caf\u{e9}", "xx:", "~/x", "~root", "A", "a",
        ]
        let names = texts.map { Array($0.utf8) } + [[0xff, 0xfe], [0x63, 0xe9]]
        let sorted = names.sorted { $0.lexicographicallyPrecedes($1) }
        let version = HostileVersion(sorted.map { Row($0) })
        try scene.publish(version)
        for arguments in [["pull"], ["ls", "data"], ["verify", "data"], ["pull", "--dry-run"]] {
            let outcome = try scene.sandbox.reg(arguments, in: "victim").run()
            #expect(outcome.code == 0, "\(arguments): \(outcome.errorText)")
            let hasControls = (outcome.output + outcome.errors).contains { $0 < 0x20 && $0 != 0x0a }
            #expect(!hasControls, "\(arguments): \(outcome.text.debugDescription)")
        }
        let tree = try scene.sandbox.tree("victim/data")
        #expect(tree.files.count == names.count && tree.digest == version.encoded().digest)
    }

    @Test func oneBadChunkOfManyIsNamed() throws {
        var rows = (0..<1_000).map { Row("f\(1_000 + $0)", content: "content \($0)") }
        let bad = 437
        rows[bad].copy.stored = Array("CONTENT \(bad)".utf8)
        try scene.publish(HostileVersion(rows))
        let pulls = [["pull"], ["pull", "data", "-o", "../out"]]
        for arguments in pulls + [["verify", "data", "--data"]] {
            let outcome = try scene.sandbox.reg(arguments, in: "victim").run()
            expectFailure(outcome, [4], "\(arguments)")
            let words = outcome.text + outcome.errorText
            #expect(words.contains("at byte"), "\(arguments): \(words)")
            #expect(arguments[0] != "pull" || words.contains("f\(1_000 + bad)"), "\(arguments): \(words)")
        }
        #expect(!scene.sandbox.exists("out"))
        for (path, entry) in try scene.sandbox.tree("victim/data").files {
            let row = try #require(rows.first { $0.path == path.bytes })
            let isRight =
                entry
                == .file(
                    SHA256.digest(of: row.content), byteCount: row.content.count, isExecutable: false)
            #expect(isRight && row.path != rows[bad].path, "\(path.lossy)")
        }
    }

    @Test func rowsOutOfOrderAreRefused() throws {
        let cases: [(String, [Row])] = [
            ("a path twice", [Row("a"), Row("a")]), ("out of order", [Row("b"), Row("a")]),
            ("a file below a file", [Row("a"), Row("a/b")]),
            ("a file below a file, with another between", [Row("a"), Row("a!"), Row("a/b")]),
            ("a file below an empty directory", [.emptyDirectory("a"), Row("a/b")]),
            ("a file below a link", [.link("a", to: "b"), Row("a/b")]),
            ("a file below a link out of the target", [.link("a", to: "../../canary"), Row("a/0/file")]),
            ("a link below a link", [.link("a", to: "b"), .link("a/b", to: "c")]),
        ]
        for (what, rows) in cases {
            try scene.publish(HostileVersion(rows))
            try scene.expectRefused([6], what)
        }
    }

    @Test(arguments: [
        "/etc", "/", "..", "../canary", "../../canary", "a/../../canary", "./../x", "a/./../../x", "", "x\0y",
    ])
    func linkOutOfTheArtifactIsRefused(target: String) throws {
        try scene.publish(HostileVersion([.link("l", to: target)]))
        try scene.expectRefused([6], "a link to \(target.debugDescription)")
    }

    @Test func linkOutOfTheArtifactFromWithinIsRefused() throws {
        for target in ["../..", "../../canary", "x/../../../canary", "..//..//canary"] {
            try scene.publish(HostileVersion([.link("d/l", to: target)]))
            try scene.expectRefused([6], "a link in a directory to \(target)")
        }
        try scene.publish(HostileVersion([Row("a"), .link("d/l", to: "../a"), .link("d/m", to: "l")]))
        try scene.expectPulled("links that stay inside")
    }

    /// Each link alone stays inside by its text; together they lead out.
    @Test func chainOfLinksOutOfTheArtifactIsRefused() throws {
        try scene.publish(
            HostileVersion([
                Row("a/b/c/file"), .link("a/b/c/up", to: "../../.."),
                .link("z", to: "a/b/c/up/../../canary"),
            ]))
        try scene.expectRefused([6], "a chain of links")
        try scene.publish(
            HostileVersion([Row("a/b/file"), .link("a/b/up", to: "../.."), .link("z", to: "a/b/up/..")]))
        try scene.expectRefused([6], "a chain of two links")
    }

    @Test func unknownKindOfRowIsRefused() throws {
        for kind: UInt8 in [0, 6, 7, 0x7f, 0xff] {
            var row = Row("a")
            row.kind = kind
            try scene.publish(HostileVersion([row]))
            try scene.expectRefused([4, 6, 13], "kind \(kind)")
        }
    }

    /// An artifact that the lock has as one file is that file and nothing beside it.
    @Test func versionOfOneFileStaysInItsPlace() throws {
        let cases: [(String, [Row])] = [
            ("another name", [Row("other.bin")]), ("a file beside it", [Row("Makefile"), Row("model.bin")]),
            ("a directory", [Row("model.bin/x")]), ("a place below", [Row("sub/model.bin")]),
            ("no row", []), ("a link", [.link("model.bin", to: "kept")]),
            ("an empty directory", [.emptyDirectory("model.bin")]),
            ("the lock itself", [Row("reg.lock")]),
        ]
        for (what, rows) in cases {
            try scene.sandbox.remove("victim/model.bin")
            try scene.publish(HostileVersion(rows), path: "model.bin")
            let before = try scene.sandbox.tree("victim")
            let outcome = try scene.sandbox.reg(["pull", "--force"], in: "victim").run()
            expectFailure(outcome, [4, 6], what)
            let isUntouched = try scene.sandbox.tree("victim").entries == before.entries
            #expect(isUntouched, "\(what)")
        }
        try scene.sandbox.remove("victim/model.bin")
        try scene.publish(HostileVersion([Row("model.bin")]), path: "model.bin")
        try scene.expectPulled("one file")
    }

    @Test(arguments: [
        "../x", "/x", "/", ".git/hooks/", "a/../../x/", ".reg/", "a//b", ".", "./x", "..\\x5cx", "C:/x",
        "x\\x00",
    ])
    func unsafePlaceInTheLockIsRefused(path: String) throws {
        try scene.publish(HostileVersion([Row("pre-commit")]), path: path)
        let before = try scene.sandbox.tree("victim")
        let outcome = try scene.sandbox.reg(["pull", "--force"], in: "victim").run()
        expectFailure(outcome, [2, 6], path)
        let isUntouched = try scene.sandbox.tree("victim").entries == before.entries
        #expect(isUntouched, "\(path)")
        try scene.expectCanary(path)
    }
}
