// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegJSON
import RegTesting
import Testing

/// The database of a clone can be lost at any time: the log and the files say it all.
@Suite struct StateTests {
    enum Loss: CaseIterable { case deleted, garbage, empty, truncated, wholeStateDeleted }

    private func lose(_ loss: Loss, in work: Place) throws {
        let path = work[".git/reg/manifest.sqlite"]
        try #require(exists(path))
        switch loss {
        case .deleted: try remove(path)
        case .garbage: try writeFile(seededBytes(count: 100_000, seed: 13), to: path)
        case .empty: try writeFile([], to: path)
        case .truncated: try writeFile(Array(try readFile(path).prefix(8_192)), to: path)
        case .wholeStateDeleted: try remove(work[".git/reg"])
        }
    }

    @Test(arguments: Loss.allCases)
    func databaseIsMadeAnew(loss: Loss) throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject("work", ["a.txt": "a1\n", "b.txt": "b1\n"])
            try work.pushNextVersion("a2\n")
            let documents = [["status"], ["ls"], ["log"], ["show", "data@v1"]]
            let before = try documents.map { try work.json($0.map { Array($0.utf8) }) }
            try lose(loss, in: work)

            let first = try work.reg("status")
            if loss == .garbage || loss == .truncated {
                #expect(first.errorText.contains("manifest.sqlite"), "a notice: \(first.errorText)")
            }
            let after = try documents.map { try work.json($0.map { Array($0.utf8) }) }
            #expect(after == before)
            #expect(try work.reg("status").errorText == "")

            try work.reg("pull")
            try work.git("checkout", "--quiet", "HEAD~1")
            try work.reg("pull")
            #expect(try work.text(of: "data/a.txt") == "a1\n", "no --force was needed")
            try work.git("checkout", "--quiet", "main")
            try work.reg("pull")
            #expect(try work.text(of: "data/a.txt") == "a2\n")
            #expect(try work.json("push")["record"] == .null)
        }
    }

    @Test(arguments: [Loss.deleted, .garbage, .empty, .truncated])
    func switchingRightAfterTheLossNeedsNoForce(loss: Loss) throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject("work", ["a.txt": "a1\n", "b.txt": "b1\n"])
            try work.pushNextVersion("a2\n")
            try lose(loss, in: work)
            try work.git("checkout", "--quiet", "HEAD~1")
            try work.reg("pull")
            #expect(try work.text(of: "data/a.txt") == "a1\n")
        }
    }

    @Test(arguments: [Loss.deleted, .garbage, .empty, .truncated])
    func whatWasAddedButNotPushedIsNotLost(loss: Loss) throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            let content = seededBytes(count: 300_000, seed: 2)
            try work.write(content, to: BytePath("data/b.bin"))
            try work.reg("add")
            try work.commit()
            try lose(loss, in: work)
            try remove(work["data"])
            try work.reg("push")
            let clone = try work.clone()
            try clone.reg("pull")
            #expect(try readFile(clone["data/b.bin"]) == content)
            try work.reg("pull")
            #expect(try readFile(work["data/b.bin"]) == content)
        }
    }

    /// A clone that only pulled has no store, and no less to lose.
    @Test(arguments: [Loss.deleted, .garbage, .empty, .truncated])
    func cloneThatOnlyPulledNeedsNoForceEither(loss: Loss) throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject("work", ["a.txt": "a1\n", "b.txt": "b1\n"])
            let clone = try work.clone()
            try clone.reg("pull")
            try work.pushNextVersion("a2\n")
            try clone.git("pull", "--quiet")
            try lose(loss, in: clone)
            try clone.reg("pull")
            #expect(try clone.text(of: "data/a.txt") == "a2\n")
        }
    }

    @Test func editedFilesAreStillSafeAfterTheLoss() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            try work.pushNextVersion("two\n")
            try work.write("mine\n", to: "data/a.txt")
            try lose(.deleted, in: work)
            try work.fails(3, "pull")
            #expect(try work.text(of: "data/a.txt") == "mine\n")
        }
    }

    @Test func rebuildMakesTheDatabaseAnew() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            try work.addSampleAndPush()
            let before = try work.json("log")
            try lose(.garbage, in: work)
            let rebuilt = try work.json("manifest", "rebuild")
            #expect(rebuilt.count("records") == 1 && rebuilt.count("versions") == 4)
            #expect(try work.json("log") == before)
            #expect(try work.json("status").flag("clean") == true)
            try work.reg("manifest", "rebuild")
            try work.reg("pull")
        }
    }

    @Test func rebuildAgreesWithWhatPythonsSQLiteReads() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            try work.pushNextVersion("two\n")
            let script =
                "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); "
                + "print(c.execute('pragma integrity_check').fetchone()[0])"
            let path = work[".git/reg/manifest.sqlite"].lossy
            #expect(try work.run("python3", ["-c", script, path]).text == "ok\n")
            try work.reg("manifest", "rebuild")
            #expect(try work.run("python3", ["-c", script, path]).text == "ok\n")
        }
    }
}
