// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegJSON
import RegTesting
import Testing

/// What of a tree becomes part of an artifact: patterns, symlinks, empty directories, order.
@Suite struct TreeTests {
    // MARK: Ignore patterns

    private func ignore(_ patterns: String, in work: Place) throws {
        try work.write(try work.text(of: "reg.toml") + "ignore = [\(patterns)]\n", to: "reg.toml")
    }

    @Test func ignoredFilesAreNotAddedAndNotMissed() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            try ignore(#""*.tmp", "cache/", "/data/private.txt", "!keep.tmp""#, in: work)
            let kept = ["a.txt", "keep.tmp", "sub/private.txt", "sub/cached/x.txt"]
            let ignored = ["b.tmp", "sub/c.tmp", "cache/x.txt", "sub/cache/deep/y.txt", "private.txt"]
            for name in kept + ignored { try work.write("\(name)\n", to: "data/\(name)") }
            try work.reg("add", "data")
            #expect(
                try work.json("show", "data").list("files").compactMap { $0.text("path") } == kept.sorted())
            try work.write("more\n", to: "data/more.tmp")
            #expect(try work.status(of: "data").text("state") == "clean")
            try work.commit()
            try work.reg("push")
            let pulled = try work.reg("pull")
            #expect(!pulled.errorText.contains("more.tmp"), "what is ignored is no stray")
            #expect(work.has("data/more.tmp"))
        }
    }

    @Test(arguments: [#""[a""#, #""""#, "1"])
    func badPatternsAreNamed(pattern: String) throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            try ignore(pattern, in: work)
            try work.write("x\n", to: "data/a.txt")
            #expect(try work.fails(2, "add", "data").contains("ignore"))
        }
    }

    // MARK: Symlinks

    /// A project whose `data` has a file, a directory, and links to both.
    private func withLinks(_ body: (Place) throws -> Void) throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            try work.write("one\n", to: "data/a.txt")
            try work.write("two\n", to: "data/sub/b.txt")
            try makeSymlink(to: "a.txt", at: work["data/file"])
            try makeSymlink(to: "sub", at: work["data/folder"])
            try body(work)
        }
    }

    @Test func linksAreRefusedWithAWordOnWhatToDo() throws {
        try withLinks { work in
            let message = try work.fails(6, "add", "data")
            #expect(message.contains("data/file") && message.contains("--symlinks"))
            #expect(!work.has("reg.lock"))
        }
    }

    @Test func keptLinksComeBackAsLinks() throws {
        try withLinks { work in
            try work.reg("add", "data", "--symlinks", "keep")
            #expect(try work.status(of: "data").text("state") == "clean")
            try work.commit()
            try work.reg("push")
            let clone = try work.clone()
            try clone.reg("pull")
            #expect(try clone.tree("data") == work.tree("data"))
            #expect(try clone.status(of: "data").text("state") == "clean")
            try clone.write("three\n", to: "data/a.txt")
            #expect(
                try clone.json("add").list("artifacts").count == 1, "links of the version before may stay")
            try makeSymlink(to: "a.txt", at: clone["data/new"])
            #expect(try clone.status(of: "data").texts("added") == ["new"])
            #expect(try clone.fails(6, "add", "data").contains("data/new"))
            try remove(clone["data/file"])
            try makeSymlink(to: "sub/b.txt", at: clone["data/file"])
            #expect(try clone.status(of: "data").texts("changed") == ["file"])
        }
    }

    @Test(arguments: ["/etc/passwd", "../outside", "sub/../../x"])
    func linksThatLeadOutAreRefusedAlsoWhenKept(target: String) throws {
        try withLinks { work in
            try makeSymlink(to: target, at: work["data/out"])
            #expect(try work.fails(6, "add", "data", "--symlinks", "keep").contains("data/out"))
        }
    }

    @Test func followedLinksBecomeWhatTheyLeadTo() throws {
        try withLinks { work in
            try work.write("elsewhere\n", to: "other/c.txt")
            try makeSymlink(to: "../other", at: work["data/more"])
            try work.reg("add", "data", "--symlinks", "follow")
            #expect(try work.status(of: "data").text("state") == "clean")
            let names = ["a.txt", "file", "folder/b.txt", "more/c.txt", "sub/b.txt"]
            #expect(try work.json("show", "data").list("files").compactMap { $0.text("path") } == names)
            try work.commit()
            try work.reg("push")
            let clone = try work.clone()
            try clone.reg("pull")
            #expect(try clone.text(of: "data/more/c.txt") == "elsewhere\n")
            #expect(mode(of: clone["data/file"]).map { $0 & 0o170000 } == 0o100000)
            try work.write("edited\n", to: "other/c.txt")
            #expect(try work.status(of: "data").texts("changed") == ["more/c.txt"])
            #expect(try work.json("add").list("artifacts").count == 1)
            #expect(try work.reg("cat", "data:more/c.txt").text == "edited\n")
        }
    }

    @Test func linksThatLeadNowhereOrBackAreNamed() throws {
        try withLinks { work in
            try makeSymlink(to: "../data", at: work["data/sub/loop"])
            #expect(
                try work.fails(6, "add", "data", "--symlinks", "follow").contains("/loop is a symbolic link"))
            try remove(work["data/sub/loop"])
            try makeSymlink(to: "nothing", at: work["data/nowhere"])
            #expect(try work.fails(6, "add", "data", "--symlinks", "follow").contains("data/nowhere"))
        }
    }

    // MARK: Changes of kind

    @Test func everyKindOfChangeIsSeen() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            for name in ["a.txt", "a/x.txt", "a-b/y.txt", "run.sh", "z.txt"] {
                try work.write("\(name)\n", to: "data/\(name)")
            }
            try makeDirectory(work["data/empty"])
            try work.reg("add", "data")
            #expect(try work.status(of: "data").text("state") == "clean")
            try setMode(0o755, of: work["data/run.sh"])
            try remove(work["data/empty"])
            try remove(work["data/z.txt"])
            try makeDirectory(work["data/z.txt"])
            try work.write("inside\n", to: "data/a-b/new.txt")
            for _ in 0..<2 {
                let status = try work.status(of: "data")
                #expect(status.texts("changed") == ["run.sh", "z.txt"])
                #expect(status.texts("added") == ["a-b/new.txt"] && status.texts("missing") == ["empty"])
                // What the database knew changes nothing of the answer.
                try remove(work[".git/reg/manifest.sqlite"])
            }
            try work.reg("add")
            #expect(try work.status(of: "data").text("state") == "clean")
        }
    }

    /// Many entries, so that several batches are on their way at once.
    @Test func aWideTreeKeepsItsOrder() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            for number in 0..<3_000 {
                try work.write(
                    "\(number)\n",
                    to: "data/\(number % 40)/\(number % 7)-\(number)\(number % 3 == 0 ? ".d/x" : "")")
            }
            try work.reg("add", "data")
            let digest = try work.json("show", "data").text("digest")
            let script = Binary.project.appending("Tests/EndToEndTests/Fixtures/treedigest.py").lossy
            let found = try work.run("python3", [script, "data"]).text.split(separator: "\n").first
            #expect(digest == found.map(String.init))
            #expect(try work.status(of: "data").text("state") == "clean")
        }
    }

    /// More directories than the process may keep open.
    @Test func manyDirectoriesNeedFewDescriptors() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            for number in 0..<500 { try work.write("\(number)\n", to: "data/\(number)/x") }
            let limited = { (place: Place, line: String) in
                let outcome = try place.run(
                    "bash", ["-c", "ulimit -n 48; exec \"$0\" \(line)", try Binary.require()])
                #expect(outcome.code == 0, "\(line): \(outcome.ending) \(outcome.errorText)")
            }
            try limited(work, "add data")
            try work.commit()
            try limited(work, "push")
            let clone = try work.clone()
            try limited(clone, "pull")
            try limited(clone, "status")
            #expect(try clone.tree("data") == work.tree("data"))
        }
    }

    @Test func namesThatOtherSystemsCannotHoldAreRefused() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            for name in ["back\\slash", ".GIT/x", "sub/.git./x"] {
                try work.write("x\n", to: "data/\(name)")
                #expect(try work.fails(6, "add", "data").contains("data"))
                try remove(work["data"])
            }
        }
    }
}
