// SPDX-License-Identifier: Apache-2.0
import Glibc
import RegBytes
import RegTesting
import Testing

/// `reg.toml` and `reg.lock` of a clone that somebody hostile filled: refused in one printable line, nothing is done.
struct HostileFileTests {
    private let scene: HostileScene
    private var sandbox: Sandbox { scene.sandbox }

    /// A workspace with a sound version, which nothing has pulled yet.
    init() throws {
        scene = try HostileScene()
        try scene.publish(HostileVersion([.init("a")]))
    }

    private static let project = "project = \"\(Project.id)\"\n"

    private func expect(_ codes: Set<Int32>, _ what: String, of commands: [[String]]) throws {
        let before = try sandbox.tree("victim")
        for arguments in commands {
            let (outcome, memory) = try sandbox.measured(arguments, in: "victim")
            let context = "\(what): \(arguments.joined(separator: " "))"
            expectFailure(outcome, codes, context)
            #expect(
                !(outcome.output + outcome.errors).contains { $0 < 0x20 && $0 != 0x0a || $0 == 0x7f },
                "\(context): prints control characters")
            #expect(outcome.errors.count < 4_096, "\(context): says \(outcome.errors.count) bytes")
            if let memory { #expect(memory < 256 << 10, "\(context): \(memory) KiB") }
            let isUntouched = try sandbox.tree("victim").entries == before.entries
            #expect(isUntouched, "\(context): changed the tree")
        }
        try scene.expectCanary(what)
    }

    private static let commands = [["pull"], ["status"], ["push"], ["ls"]]

    // MARK: reg.toml

    @Test(arguments: [
        "registry = \"s3://b\"", "registry = \"s3://bucket/../prefix\"",
        "registry = \"https://registry.example/\"",
        "registry = \"file://host/share\"", "registry = \"ftp://a:b@host\"", "registry = \"\"",
        "registry = \"x://\\u001b]52;c;aGk=\\u0007\\u009b2J\\u202e\"",
        "registry = 7", "registry = [\"../registry\"]", "registry = { path = \"../registry\" }",
        "registry = 1e308",
        "registry = 2026-01-01", "[registry]\npath = \"x\"", "registry = \"../registry\"\nregistry = \"y\"",
        "registry = \"../registry", "registry = \u{1b}[2J", "= = =", "\u{feff}\u{feff}registry",
    ])
    func badRegistryIsAUsageError(line: String) throws {
        try sandbox.write("victim/reg.toml", Array((HostileFileTests.project + line + "\n").utf8))
        try expect([2], line.debugDescription, of: [["pull"], ["ls"]])
    }

    @Test(arguments: [
        "project = 7", "project = \"\"", "project = \"../../x\"", "project = [1]", "project = \"\\u001b[2J\"",
        "project = \"0123456789ABCDEF0123456789abcdeg\"",
        "project = \"\(String(repeating: "0", count: 1_000))\"",
    ])
    func badProjectIsAUsageError(line: String) throws {
        try sandbox.write("victim/reg.toml", Array((line + "\nregistry = \"../registry\"\n").utf8))
        try expect([2], line.debugDescription, of: HostileFileTests.commands)
    }

    /// Keys that would be worth something to somebody hostile mean nothing.
    @Test func unknownKeysAreNotFollowed() throws {
        let text = """
            project = "\(Project.id)"
            registry = "../registry"
            credential_process = "touch ../canary/owned"
            storage = "../canary"
            state = "/tmp/elsewhere"
            endpoint = "http://127.0.0.1:1/"
            hooks = ["touch ../canary/owned"]
            [hooks]
            pre-push = "touch ../canary/owned"
            """
        let table = text.replacing("hooks = [\"touch ../canary/owned\"]\n", with: "")
        try sandbox.write("victim/reg.toml", Array(table.utf8))
        try scene.expectPulled("unknown keys")
        for arguments in [["ls"], ["log"], ["verify"]] { try sandbox.succeed(arguments, in: "victim") }
        try scene.expectCanary("unknown keys")
    }

    @Test func hugeOrDeepConfigurationIsRefused() throws {
        let cases: [(String, [UInt8])] = [
            ("two MiB", [UInt8](repeating: UInt8(ascii: "#"), count: 2 << 20)),
            ("many tables", Array(String(repeating: "[[a.b]]\n", count: 16_000).utf8)),
            ("deep arrays", Array(("a = " + String(repeating: "[", count: 200_000)).utf8)),
            ("deep tables", Array(("a = " + String(repeating: "{a=", count: 100_000)).utf8)),
            ("a deep name", Array((String(repeating: "a.", count: 200_000) + "a = 1").utf8)),
            ("a long word", Array(repeating: UInt8(ascii: "a"), count: 900_000)),
            ("no UTF-8", [0xff, 0xfe, 0x0a]),
        ]
        for (what, bytes) in cases {
            try sandbox.write("victim/reg.toml", bytes)
            try expect([2, 6], what, of: [["pull"], ["status"]])
        }
    }

    // MARK: Either

    @Test(arguments: ["reg.toml", "reg.lock"]) func whatIsNoFileIsRefused(name: String) throws {
        let path = "victim/\(name)"
        for target in ["/etc/passwd", "/dev/zero", "../canary/0/file", "nowhere"] {
            try sandbox.remove(path)
            try sandbox.link(path, to: target)
            try expect([2, 6], "a link to \(target)", of: [["pull"]])
        }
        try sandbox.remove(path)
        #expect(mkfifo(sandbox.path(path), 0o644) == 0)
        try expect([0, 2, 6, 9], "a pipe", of: [["status"]])
        try sandbox.remove(path)
        try sandbox.makeDirectory(path)
        try expect([2, 6, 9], "a directory", of: [["pull"]])
    }

    // MARK: reg.lock

    @Test func badLockIsRefusedInOneLine() throws {
        let digest = "sha256:" + String(repeating: "0", count: 64)
        let lines = [
            "data dataset data/ \(digest) 1", "data dataset data/ \(digest) 1 1 1",
            "data dataset data/ \(digest) -1 1",
            "data dataset data/ \(digest) 99999999999999999999 1", "data dataset data/ \(digest) 01 1",
            "data dataset data/ sha256:00 1 1", "data dataset data/ md5:\(digest.dropFirst(7)) 1 1",
            "DATA dataset data/ \(digest) 1 1", "../x dataset data/ \(digest) 1 1",
            "data elf data/ \(digest) 1 1",
            "data dataset ../data/ \(digest) 1 1", "data dataset .git/hooks/ \(digest) 1 1",
            "data dataset /etc/ \(digest) 1 1", "data dataset a\\x \(digest) 1 1",
            "data dataset a\u{1b}[2J \(digest) 1 1",
            "\u{1b}]52;c;aGk=\u{7} dataset data/ \(digest) 1 1", "data \u{9b}2J data/ \(digest) 1 1",
            String(repeating: "a", count: 1 << 20), "\0", "<<<<<<< HEAD",
        ]
        for line in lines {
            try sandbox.write("victim/reg.lock", Array("reg-lock 1\n\n\(line)\n".utf8))
            try expect([2, 3, 6], line.prefix(60).debugDescription, of: [["pull"], ["status"]])
        }
    }

    @Test func hugeLockIsRefused() throws {
        let digest = "sha256:" + String(repeating: "0", count: 64)
        var many = "reg-lock 1\n"
        for number in 0..<200_000 { many += "n\(number) other p\(number) \(digest) 1 1\n" }
        for text in [
            many, String(repeating: "\n", count: 70 << 20),
            "reg-lock 1\n" + String(repeating: "x", count: 70 << 20),
        ] {
            try sandbox.write("victim/reg.lock", Array(text.utf8))
            try expect([2, 6], "\(text.utf8.count) bytes", of: [["pull"]])
        }
    }
}
