// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegJSON
import RegTesting
import Testing

/// Names of artifacts, and odd names of files.
@Suite struct NameTests {
    @Test(arguments: [
        ("My Data", "my-data"), ("Train_2024.v1", "train_2024"), ("UPPER", "upper"), ("a+b", "a-b"),
        ("model.safetensors", "model"), ("x", "x"),
    ])
    func nameComesFromThePath(directory: String, name: String) throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            try work.write("one\n", to: "in/\(directory)")
            let added = try work.json("add", "in/\(directory)")
            #expect(added.list("artifacts").first?.text("name") == name)
        }
    }

    @Test(arguments: ["---", "日本", "..."])
    func pathThatGivesNoNameNeedsOne(directory: String) throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            try work.write("one\n", to: "in/\(directory)/a.txt")
            #expect(try work.fails(2, "add", "in/\(directory)").contains("--as"))
            let added = try work.json("add", "in/\(directory)", "--as", "named")
            #expect(added.list("artifacts").first?.text("name") == "named")
        }
    }

    @Test func nameThatIsTakenIsAUsageErrorThatProposesAnother() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            let lock = try work.text(of: "reg.lock")
            try work.write("other\n", to: "more/data/b.txt")
            #expect(try work.fails(2, "add", "more/data").contains("--as"))
            #expect(try work.fails(2, "push", "more/data").contains("--as"))
            #expect(try work.text(of: "reg.lock") == lock)
            try work.reg("add", "more/data", "--as", "more-data")
            #expect(try work.status(of: "more-data").text("path") == "more/data/")
        }
    }

    @Test func nameOfWhatWasMovedAwayIsToldHowToGoOn() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            try work.write("one\n", to: "images/a.txt")
            #expect(try work.fails(2, "add", "images", "--as", "data").contains("--as data-2"))
            try remove(work["data"])
            let text = try work.fails(2, "add", "images", "--as", "data")
            #expect(text.contains("reg rm data, then reg add images --as data"), "\(text)")
            try work.reg("rm", "data")
            try work.reg("add", "images", "--as", "data")
            try work.commit()
            try work.write("two\n", to: "images/a.txt")
            try work.reg("add")
            try work.commit()
            #expect(try work.json("push").list("artifacts").first?.count("version") == 2, "the name goes on")
        }
    }

    @Test func sameNameTwiceInOneCommandIsTakenToo() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            try work.write("one\n", to: "a/data/1.txt")
            try work.write("two\n", to: "b/data/2.txt")
            try work.fails(2, "add", "a/data", "b/data")
            #expect(try work.json("status").list("artifacts").isEmpty)
        }
    }

    @Test func pathsOfArtifactsDoNotOverlap() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject("work", ["sub/a.txt": "a\n"])
            let lock = try work.text(of: "reg.lock")
            try work.write("b\n", to: "outer.txt")
            let outcome = try work.runReg(["add", ".", "--as", "all"].map { Array($0.utf8) })
            #expect(outcome.code == 2 || outcome.code == 3, "\(outcome.errorText)")
            #expect(try work.text(of: "reg.lock") == lock)
        }
    }

    /// Names that try to break out of a line, a terminal, a shell or an option list.
    private static let oddNames: [[UInt8]] =
        [
            "with space.txt", "new\nline.txt", "tab\t.txt", "escape\u{1b}[31m.txt", "-rf", "--help",
            "quote\"'.txt",
            "$(touch pwned)", "caf\u{e9}.txt", "cafe\u{301}.txt", "right\u{202e}left.txt", "*", "?", "#",
            "trailing space ", "reg.lock", "c\rr", "@v1", "a:b",
        ].map { Array($0.utf8) } + [[0xff, 0xfe], Array("latin-".utf8) + [0xe9]]

    @Test func oddNamesOfFilesTravelUnchanged() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            for (index, name) in Self.oddNames.enumerated() {
                let path = BytePath("data").appending(BytePath(name))
                try work.write(Array("content \(index)\n".utf8), to: path)
            }
            try work.reg("add", "data")
            try work.commit()
            try work.reg("push")
            let clone = try work.clone()
            try clone.reg("pull")
            #expect(try clone.tree("data") == work.tree("data"))
            #expect(try clone.json("status").flag("clean") == true)
        }
    }

    @Test(arguments: oddNames)
    func fileOfAnyNameIsStreamed(name: [UInt8]) throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            try work.write([1, 2, 3], to: BytePath("data").appending(BytePath(name)))
            try work.reg("add", "data")
            #expect(try work.reg([Array("cat".utf8), Array("data:".utf8) + name]).output == [1, 2, 3])
        }
    }

    @Test func outputForPeopleIsEscaped() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            for name in Self.oddNames { try work.write([1], to: BytePath("data").appending(BytePath(name))) }
            try work.reg("add", "data")
            try work.commit()
            try work.reg("push", "-m", "bell \u{7} and escape \u{1b}[2J")
            for name in Self.oddNames { try work.write([2], to: BytePath("data").appending(BytePath(name))) }
            for command in [["ls", "data"], ["show", "data", "-v"], ["log"], ["status", "-v"]] {
                let outcome = try work.reg(command.map { Array($0.utf8) })
                let bad = outcome.output.filter { $0 < 0x20 && $0 != 0x0a || $0 == 0x7f }
                #expect(bad.isEmpty, "\(command)")
                #expect(!outcome.text.contains("\u{202e}"), "\(command)")
                #expect(String(validating: outcome.output, as: UTF8.self) != nil, "\(command)")
            }
            #expect(try work.reg("ls", "data").text.contains("new\\x0aline.txt"))
            let lineCount = try work.reg("ls", "data").output.count { $0 == 0x0a }
            #expect(lineCount == Self.oddNames.count + 1)
        }
    }

    @Test func documentsCarryTheBytesOfOddNames() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            try work.write([1], to: BytePath(Array("data/".utf8) + [0xff, 0xfe]))
            try work.write([2], to: BytePath("data/new\nline"))
            try work.reg("add", "data")
            try work.commit()
            try work.reg("push")
            let files = try work.json("show", "data").list("files")
            #expect(files.map { $0.text("path_base64") } == [nil, "//4="])
            #expect(files.first?.text("path") == "new\nline")
            try remove(work["data"])
            try makeDirectory(work["data"])
            try work.write([3], to: BytePath(Array("data/".utf8) + [0xfd]))
            let status = try work.status(of: "data")
            #expect(status["added_base64"] == ["/Q=="])
            #expect(status["missing_base64"] == [.null, "//4="])
        }
    }

    @Test func artifactsAtOddPathsTravelToo() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            let paths: [[UInt8]] =
                ["a dir/in\nside", "back\u{e9}/x", "#hash", "!bang", "star*"].map { Array($0.utf8) }
                + [Array("latin-".utf8) + [0xe9]]
            for (index, path) in paths.enumerated() {
                try work.write([UInt8(index)], to: BytePath(path).appending("f"))
                let name = Array("odd\(index)".utf8)
                try work.reg([Array("add".utf8), path, Array("--as".utf8), name])
            }
            #expect(
                try work.git("status", "--porcelain", "--untracked-files=all").split(separator: "\n").count
                    == 3)
            let lock = try readFile(work["reg.lock"])
            #expect(lock.allSatisfy { $0 == 0x0a || 0x20..<0x7f ~= $0 })
            try work.commit()
            try work.reg("push")
            let clone = try work.clone()
            try clone.reg("pull")
            let without = [".git", ".gitignore", "reg.toml", "reg.lock"]
            #expect(try Tree(clone.path, excluding: without) == Tree(work.path, excluding: without))
        }
    }
}
