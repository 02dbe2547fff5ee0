// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegJSON
import RegTesting
import Testing

/// `reg resolve --merge`: both sides of a merge put together.
@Suite struct MergeTests {
    /// A merge of `feature` into `main` in conflict, after both changed the artifact `data` of a common commit.
    private func merge(
        _ sandbox: Sandbox, base: (Place) throws -> Void, ours: @escaping (Place) throws -> Void,
        theirs: @escaping (Place) throws -> Void
    ) throws -> Place {
        let work = try sandbox.project()
        try base(work)
        try work.reg("add", "data")
        try work.commit("first")
        try work.reg("push")
        for (branch, change) in [("feature", theirs), ("main", ours)] {
            if branch == "feature" { try work.git("checkout", "--quiet", "-b", "feature") }
            try change(work)
            try work.reg("add")
            try work.commit(branch)
            try work.reg("push")
            try work.git("checkout", "--quiet", "main")
            try work.reg("pull")
        }
        #expect(try work.run("git", ["merge", "--quiet", "feature"]).code == 1)
        return work
    }

    private func write(_ paths: [String: String], in work: Place) throws {
        for (path, text) in paths { try work.write(text, to: "data/\(path)") }
    }

    @Test func whatEachSideChangedIsTakenOver() throws {
        try withSandbox { sandbox in
            let long = seededBytes(count: 600_000, seed: 7)
            let work = try merge(sandbox) { work in
                try write(
                    [
                        "same": "s", "mine": "1", "other": "1", "gone-ours": "1", "gone/theirs": "1",
                        "program": "1", "alike": "1", "folder/x": "1", "becomes-folder": "1",
                    ], in: work)
                try work.write(long, to: BytePath("data/long"))
                try makeDirectory(work["data/empty"])
            } ours: { work in
                try write(["mine": "2", "alike": "2", "new-ours": "n", "folder/ours": "f"], in: work)
                try remove(work["data/gone-ours"])
            } theirs: { work in
                try write(["other": "2", "alike": "2", "new/theirs": "n", "empty/full": "f"], in: work)
                try remove(work["data/gone"])
                try remove(work["data/becomes-folder"])
                try write(["becomes-folder/x": "2"], in: work)
                try work.write(long + [1], to: BytePath("data/long"))
                try setMode(0o755, of: work["data/program"])
            }
            // The registry alone has the content, and of it only manifests are read.
            try remove(work[".git/reg/store"])
            let report = try work.json("resolve", "--merge", "data")
            #expect(report.list("artifacts").map { $0.text("side") } == ["merge"])
            #expect(report.list("clashes").isEmpty && report.texts("conflicts").isEmpty)
            #expect(try work.text(of: "data/other") == "1", "files stay as they are")
            let stored = try list(work[".git/reg/store/packs"]).count
            #expect(stored == 1, "pages are all that is stored")

            try work.git("add", "reg.lock")
            try work.reg("pull")
            let expected = [
                "alike": "2", "becomes-folder/x": "2", "empty/full": "f", "folder/ours": "f", "folder/x": "1",
                "mine": "2", "new-ours": "n", "new/theirs": "n", "other": "2", "program": "1", "same": "s",
            ]
            for (path, text) in expected { #expect(try work.text(of: "data/\(path)") == text, "\(path)") }
            #expect(try readFile(work["data/long"]) == long + [1])
            let files = try work.json("show", "data").list("files")
            #expect(
                files.compactMap { $0.text("path") } == (Array(expected.keys) + ["long"]).sorted(),
                "and nothing else")
            #expect(files.filter { $0.flag("executable") == true }.map { $0.text("path") } == ["program"])
            #expect(try work.status(of: "data").text("state") == "clean")
            #expect(try work.json("add").list("artifacts").isEmpty, "as reg add would store it")
            try work.git("commit", "--quiet", "-m", "merged")
            try work.reg("push")
            #expect(try work.json("verify", "--data").flag("ok") == true)
            #expect(try work.clone().json("pull").list("artifacts").count == 1)
        }
    }

    @Test func whatBothChangedDifferentlyIsNamedAndNothingIsWritten() throws {
        try withSandbox { sandbox in
            let work = try merge(sandbox) { work in
                try write(["a": "1", "b": "1", "c": "1", "d": "1", "fine": "1", "p": "1"], in: work)
            } ours: { work in
                try write(["a": "2", "new": "2", "p": "2", "x": "file", "fine": "2"], in: work)
                try remove(work["data/b"])
                try write(["d": "2"], in: work)
            } theirs: { work in
                try write(["a": "3", "b": "2", "new": "3", "x/y": "below", "x/z": "below"], in: work)
                try remove(work["data/d"])
                try setMode(0o755, of: work["data/p"])
            }
            let lock = try work.text(of: "reg.lock")
            let store = try work.objects(ofKind: "packs") + work.objects(ofKind: "manifests")
            let outcome = try work.runReg(["resolve", "--merge", "--json"].map { Array($0.utf8) })
            #expect(outcome.code == 3)
            let report = try JSON.parse(outcome.output)
            #expect(try Promise(command: ["resolve"]).faults(in: report) == [], "\(report.pretty)")
            let clashes = report.list("clashes").map { clash in
                ["path", "ours", "theirs"].compactMap { clash.text($0) }
            }
            #expect(
                clashes == [
                    ["a", "changed", "changed"], ["b", "removed", "changed"], ["d", "changed", "removed"],
                    ["new", "added", "added"], ["p", "changed", "changed"], ["x", "file", "directory"],
                ], "\(clashes)")
            let text = try work.runReg(["resolve", "--merge", "-q"].map { Array($0.utf8) })
            for path in ["a", "b", "d", "new", "p", "x"] { #expect(text.text.contains("\n  \(path)  ")) }
            #expect(try work.fails(3, "resolve", "--merge", "data").contains("6 paths of data"))
            #expect(try work.text(of: "reg.lock") == lock)
            #expect(try work.objects(ofKind: "packs") + work.objects(ofKind: "manifests") == store)
            try work.reg("resolve", "--theirs", "data")
        }
    }

    @Test func artifactsThatBothSidesMadeAreMergedFromNothing() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            try work.write("x", to: "other/x")
            try work.reg("add", "other")
            try work.commit("first")
            for branch in ["feature", "main"] {
                if branch == "feature" { try work.git("checkout", "--quiet", "-b", "feature") }
                try write(["both": "same", branch: branch], in: work)
                try work.reg("add", "data")
                try work.commit(branch)
                try work.reg("push")
                try work.git("checkout", "--quiet", "main")
                if branch == "feature" { try remove(work["data"]) }
            }
            _ = try work.run("git", ["merge", "--quiet", "feature"])
            try work.reg("resolve", "--merge")
            try work.reg("pull")
            #expect(try list(work["data"]).map(\.lossy).sorted() == ["both", "feature", "main"])
        }
    }

    @Test func whatCannotBeMergedIsSaid() throws {
        try withSandbox { sandbox in
            let work = try sandbox.mergeOfATakenOutArtifact()
            #expect(try work.fails(3, "resolve", "--merge", "data").contains("only one side has it"))
            try work.fails(2, "resolve", "--merge", "--ours", "data")
            try work.reg("resolve", "--ours", "data")
        }
    }
}
