// SPDX-License-Identifier: Apache-2.0
import Glibc
import RegBytes
import RegJSON
import RegTesting
import Testing

/// Parts of an artifact can be pulled, edited and added again without the rest.
@Suite struct PartialPullTests {
    private static let files = [
        "train/a.txt": "a\n", "train/b.txt": "b\n", "val/c.txt": "c\n", "names.json": "[]\n",
    ]

    /// A clone of a project with `data` in it, none of it pulled yet.
    private func withClone(_ body: (_ work: Place, _ clone: Place) throws -> Void) throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject("work", Self.files)
            try body(work, try work.clone())
        }
    }

    @Test func onlyWhatIsAskedForIsFetchedAndTheRestIsAbsent() throws {
        try withClone { _, clone in
            let pulled = try clone.json("pull", "--only", "train/**")
            #expect(pulled.member("artifacts", named: "data")?.count("absent_files") == 2)
            #expect(pulled.member("artifacts", named: "data")?.count("fetched_bytes") ?? 0 < 2_000)
            #expect(try clone.tree("data").paths == ["train/a.txt", "train/b.txt"])
            let status = try clone.status(of: "data")
            #expect(status.text("state") == "clean" && status.texts("missing").isEmpty)
            #expect(status.texts("absent") == ["names.json", "val/c.txt"])
        }
    }

    @Test func furtherPartsComeBesideTheFirstAndAPlainPullBringsAll() throws {
        try withClone { work, clone in
            try clone.reg("pull", "--only", "train/a.txt")
            try clone.reg("pull", "--only", "*.json")
            #expect(try clone.status(of: "data").texts("absent") == ["train/b.txt", "val/c.txt"])
            try clone.reg("pull")
            #expect(try clone.tree("data") == work.tree("data"))
            #expect(try clone.status(of: "data").texts("absent").isEmpty)
            try remove(clone["data/val"])
            #expect(try clone.status(of: "data").texts("missing") == ["val/c.txt"], "it is no longer partial")
        }
    }

    @Test func addKeepsWhatWasNeverPulled() throws {
        try withClone { _, clone in
            try clone.reg("pull", "--only", "train/**")
            try clone.write("edited\n", to: "data/train/a.txt")
            try remove(clone["data/train/b.txt"])
            try clone.write("new\n", to: "data/val/d.txt")
            let status = try clone.status(of: "data")
            #expect(status.texts("changed") == ["train/a.txt"] && status.texts("missing") == ["train/b.txt"])
            #expect(status.texts("added") == ["val/d.txt"])
            let added = try #require(try clone.json("add").member("artifacts", named: "data"))
            #expect(added.count("files") == 4)
            #expect(try clone.status(of: "data").text("state") == "clean")
            try clone.commit()
            try clone.reg("push")
            try clone.reg("pull", "data", "-o", "../out")
            let out = try clone.tree("../out")
            #expect(out.paths == ["names.json", "train/a.txt", "val/c.txt", "val/d.txt"])
            #expect(try clone.json("show", "data").text("digest") == added.text("digest"))
        }
    }

    @Test func whatWasPulledIsRememberedWithoutTheDatabase() throws {
        try withClone { _, clone in
            try clone.reg("pull", "--only", "train/**")
            try remove(clone[".git/reg/manifest.sqlite"])
            let status = try clone.status(of: "data")
            #expect(status.text("state") == "clean" && status.texts("absent").count == 2)
            try clone.write("edited\n", to: "data/train/a.txt")
            #expect(try clone.json("add").member("artifacts", named: "data")?.count("files") == 4)
        }
    }

    @Test func aFileInTheWayOfAnAbsentDirectoryIsAConflict() throws {
        try withClone { _, clone in
            try clone.reg("pull", "--only", "train/**")
            try clone.write("mine\n", to: "data/val")
            let message = try clone.fails(3, "add")
            #expect(message.contains("data/val"))
        }
    }

    @Test func patternsThatFitNothingGiveAnEmptyPull() throws {
        try withClone { _, clone in
            #expect(
                try clone.json("pull", "--only", "nothing").list("artifacts").first?.count("written_files")
                    == 0)
            try clone.fails(2, "pull", "--only", "[")
        }
    }

    @Test func apartOnlyThePartIsThere() throws {
        try withClone { _, clone in
            try clone.reg("pull", "data", "--only", "val/", "-o", "out")
            #expect(try clone.tree("out").paths == ["val/c.txt"])
            try clone.reg("pull")
            #expect(try clone.status(of: "data").texts("absent").isEmpty)
        }
    }

    @Test func nextVersionOfAPartBringsThePart() throws {
        try withClone { work, clone in
            try clone.reg("pull", "--only", "train/**")
            try work.pushNextVersion("second\n", to: "data/train/a.txt")
            try clone.git("pull", "--quiet")
            #expect(try clone.status(of: "data").texts("changed") == ["train/a.txt"])
            try clone.reg("pull", "--only", "train/**")
            #expect(try clone.text(of: "data/train/a.txt") == "second\n")
            #expect(try clone.tree("data").paths == ["train/a.txt", "train/b.txt"])
        }
    }

    // MARK: --clean

    @Test func cleanRemovesWhatTheVersionLacks() throws {
        try withClone { work, clone in
            try clone.reg("pull")
            try clone.write("mine\n", to: "data/train/mine.txt")
            try clone.write("junk\n", to: "data/__pycache__/x.pyc")
            try makeDirectory(clone["data/empty/deeper"])
            try makeSymlink(to: "/etc/passwd", at: clone["data/link"])
            #expect(mkfifo(clone["data/pipe"].lossy, 0o644) == 0)
            try clone.write("outside\n", to: "notes.txt")
            try clone.reg("pull", "--clean")
            #expect(try clone.tree("data") == work.tree("data"))
            #expect(clone.has("notes.txt") && exists(BytePath("/etc/passwd")))
            #expect(try clone.status(of: "data").text("state") == "clean")
        }
    }

    @Test func cleanReplacesADirectoryOfItsOwnAsAWhole() throws {
        try withClone { work, clone in
            try clone.write("old\n", to: "out/old.txt")
            try clone.fails(3, "pull", "data", "-o", "out")
            #expect(try clone.tree("out").paths == ["old.txt"])
            try clone.reg("pull", "data", "-o", "out", "--clean")
            #expect(try clone.tree("out") == work.tree("data"))
            #expect(
                try clone.json("pull", "data", "-o", "out").list("artifacts").first?.count("written_files")
                    == 0)
            #expect(try list(clone.path).map(\.lossy).filter { $0.hasPrefix(".tmp-") } == [])
        }
    }

    @Test func cleanLeavesEditedFilesAndRepositoriesAlone() throws {
        try withClone { _, clone in
            try clone.reg("pull")
            try clone.write("edited\n", to: "data/train/a.txt")
            try clone.write("mine\n", to: "data/mine.txt")
            try clone.write("x\n", to: "data/.git/config")
            try clone.fails(3, "pull", "--clean")
            #expect(try clone.text(of: "data/train/a.txt") == "edited\n" && clone.has("data/mine.txt"))
            try clone.reg("pull", "--clean", "--force")
            #expect(try clone.text(of: "data/train/a.txt") == "a\n" && !clone.has("data/mine.txt"))
            #expect(clone.has("data/.git/config"))
        }
    }
}
