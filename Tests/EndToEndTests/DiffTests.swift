// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegJSON
import RegTesting
import Testing

extension JSON {
    /// What `reg diff` says of each file, as `status path`, and `<- path` for its former one.
    fileprivate var changes: [String] {
        list("files").map { file in
            let former = file.text("from").map { " <- \($0)" } ?? ""
            return "\(file.text("status") ?? "") \(file.text("path") ?? "")\(former)"
        }
    }
}

extension Place {
    /// What `reg diff` must say of files.
    fileprivate func expect(
        _ changes: [String], _ arguments: String..., at location: SourceLocation = #_sourceLocation
    ) throws {
        let answer = try json((["diff"] + arguments).map { Array($0.utf8) }, at: location)
        #expect(answer.changes == changes, sourceLocation: location)
    }
}

private let files = ["a.txt": "a\n", "b.txt": "b\n", "sub/c.txt": "c\n", "sub/d.txt": "d\n"]

/// What differs between versions, file by file.
@Suite struct DiffTests {
    /// A project with two versions of `data`: one file of each kind of change.
    private func withTwoVersions(_ body: (Place) throws -> Void) throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject("work", files)
            try work.write("other\n", to: "data/a.txt")
            try remove(work["data/b.txt"])
            try work.write("c\n", to: "data/moved.txt")
            try remove(work["data/sub/c.txt"])
            try setMode(0o755, of: work["data/sub/d.txt"])
            try makeSymlink(to: "a.txt", at: work["data/link"])
            try work.reg("add", "data", "--symlinks", "keep")
            try work.commit()
            try work.reg("push")
            try body(work)
        }
    }

    private static let changes = [
        "changed a.txt", "removed b.txt", "added link", "renamed moved.txt <- sub/c.txt", "changed sub/d.txt",
    ]

    @Test(arguments: [
        ["data@v1", "data@v2"], ["data@v1"], ["HEAD~1", "HEAD"], ["@HEAD~1"], ["data@HEAD~1", "data"],
        ["data@v1", "./data"],
    ])
    func everyWayToNameThemTellsTheSame(sides: [String]) throws {
        try withTwoVersions { work in
            let answer = try work.json((["diff"] + sides).map { Array($0.utf8) })
            #expect(answer.changes == Self.changes)
            #expect(answer.list("files").allSatisfy { $0.text("artifact") == "data" })
            #expect(answer["unchanged"]?.count("files") == 0 && answer.flag("differs") == true)
            let mode = try #require(answer.list("files").last)
            #expect(mode["old"]?.flag("executable") == false && mode["new"]?.flag("executable") == true)
            #expect(mode["old"]?.text("sha256") == mode["new"]?.text("sha256"))
            // Of the new one's bytes, those of moved.txt and sub/d.txt are in the old one.
            #expect(answer["bytes"] == ["shared": 4, "to_fetch": 6])
        }
    }

    @Test func equalVersionsDoNotDiffer() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject("work", files)
            try work.expect([], "data@v1", "data")
            let output = try work.reg("diff", "data", "--exit-code").text
            #expect(output.contains("no differences in 4 files"), "\(output)")
        }
    }

    @Test func theExitCodeTellsWhereAskedFor() throws {
        try withTwoVersions { work in
            try work.reg("diff", "data@v1", "data@v2")
            let outcome = try work.runReg(
                ["diff", "data@v1", "data@v2", "--exit-code"].map { Array($0.utf8) })
            #expect(outcome.code == 1 && outcome.errorText == "", "\(outcome.errorText)")
        }
    }

    @Test func onlyWhatPatternsCoverIsCompared() throws {
        try withTwoVersions { work in
            try work.expect(
                [
                    "removed sub/c.txt", "changed sub/d.txt",
                ], "data@v1", "data@v2", "--only", "sub/")
            try work.expect([], "data@v1", "data@v2", "--only", "*.bin")
        }
    }

    @Test func whatLiesHereIsComparedAsItIs() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject("work", files)
            try work.write("edited\n", to: "data/a.txt")
            try work.write("new\n", to: "data/sub/e.txt")
            try work.expect(["changed a.txt", "added sub/e.txt"], "data")
            try work.expect(["changed a.txt", "added sub/e.txt"], "HEAD")
            try remove(work["data"])
            let answer = try work.json("diff", "data")
            #expect(answer.list("files") == [] && answer.texts("notes").first?.contains("not here") == true)
        }
    }

    @Test func whatWasNeverPulledIsNotTakenForRemoved() throws {
        try withSandbox { sandbox in
            let clone = try sandbox.pushedProject("work", files).clone()
            try clone.reg("pull", "--only", "sub/")
            try clone.write("edited\n", to: "data/sub/c.txt")
            let answer = try clone.json("diff", "data")
            #expect(answer.list("files").map { $0.text("path") } == ["sub/c.txt"])
            #expect(answer.texts("notes") == ["2 files that were never pulled cannot be compared"])
        }
    }

    @Test func configsThatGitKeepsAreComparedToo() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            try work.write("lr: 1\n", to: "cfg/train.yaml")
            try work.reg("add", "cfg")
            try work.commit()
            try work.write("lr: 2\n", to: "cfg/train.yaml")
            try work.expect(["changed train.yaml"], "cfg")
            try work.commit()
            try work.expect(["changed train.yaml"], "HEAD~1", "HEAD")
            try work.expect(["changed train.yaml"], "cfg@HEAD~1")
        }
    }

    @Test func configsAreComparedKeyByKey() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            try work.write("lr: 0.1\nnet: {depth: 18, name: a}\n", to: "cfg/train.yaml")
            try work.write("A=1\n", to: "cfg/.env")
            try work.write("{\"x\": 1}", to: "cfg/odd.json")
            try work.reg("add", "cfg", "--type", "config")
            try work.commit()
            try work.reg("push")
            try work.write("# more\nnet: {depth: 34, wide: true}\nlr: 0.1\n", to: "cfg/train.yaml")
            try work.write("A=2\n", to: "cfg/.env")
            try work.write("{\"x\"", to: "cfg/odd.json")
            for sides in [["cfg@v1"], ["HEAD"], ["cfg@v1", "./cfg"]] {
                let answer = try work.json((["diff"] + sides).map { Array($0.utf8) })
                let changes = answer.list("config").map { change in
                    let values = "\(change["old"]?.compact ?? "") \(change["new"]?.compact ?? "")"
                    return
                        "\(change.text("status") ?? "") \(change.text("file") ?? "") \(change.text("key") ?? "") \(values)"
                }
                #expect(
                    changes == [
                        #"changed .env A "1" "2""#, "changed train.yaml net.depth 18 34",
                        #"removed train.yaml net.name "a" null"#, "added train.yaml net.wide null true",
                    ])
                #expect(answer.texts("notes").first?.contains("odd.json is compared as a file") == true)
            }
            let text = try work.reg("diff", "cfg@v1").text
            #expect(text.contains("  changed  net.depth  18 to 34\n"), "\(text)")
        }
    }

    @Test func artifactsOfSetsAreMatchedByName() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject("work", ["a.txt": "one\n"])
            try work.write("m", to: "model/m.txt")
            try work.reg("add", "model")
            try work.reg("rm", "data")
            try work.commit()
            let found = try work.json("diff", "HEAD~1", "HEAD").list("files")
            #expect(found.map { $0.text("artifact") } == ["data", "model"])
            #expect(found.map { $0.text("status") } == ["removed", "added"])
        }
    }

    @Test func singleFilesAreVersionsOfOneWhateverTheirNames() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            try work.write("one\n", to: "notes.md")
            try work.reg("add", "notes.md")
            try work.commit()
            try work.reg("push")
            try work.write("two\n", to: "../other.md")
            try work.expect(["changed other.md <- notes.md"], "notes@v1", "../other.md")
            try work.write("one\n", to: "../other.md")
            try work.expect(["renamed other.md <- notes.md"], "notes@v1", "../other.md")
        }
    }

    @Test func aChunkBringsWhatItIsCodedAgainst() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            let before = numberedLines(1...40_000)
            try work.write(before, to: BytePath("data/a.txt"))
            try work.write("other\n", to: "data/b.txt")
            try work.reg("add", "data")
            try work.commit()
            try work.reg("push")
            var edited = before
            for place in stride(from: 5, to: edited.count, by: 50_000) { edited[place] ^= 1 }
            try work.write(edited, to: BytePath("data/a.txt"))
            try work.reg("add")
            try work.commit()
            let pushed = try work.json("push").member("artifacts", named: "data")?.count("uploaded_bytes")
            let bytes = try work.json("diff", "data@v1", "data@v2")["bytes"]
            let (sent, fetched) = (try #require(pushed), try #require(bytes?.count("to_fetch")))
            #expect(sent < fetched && fetched < 2_000_000, "\(sent) \(fetched)")
        }
    }

    @Test func whatCannotBeComparedIsSaid() throws {
        try withTwoVersions { work in
            #expect(try work.fails(2, "diff", "data@v1", "HEAD").contains("is a set"))
            #expect(try work.fails(2, "diff", "./data").contains("what lies here"))
            #expect(try work.fails(5, "diff", "data@v1", "./nowhere").contains("does not exist"))
            try work.fails(5, "diff", "data@v9")
            try work.fails(2, "diff", "data@v1", "--level", "some")
            let registry = work.sandbox.registry.lossy
            let empty = try work.sandbox.directory("empty")
            #expect(try empty.fails(2, "diff", "data@v1", "--registry", registry).contains("no workspace"))
        }
    }
}
