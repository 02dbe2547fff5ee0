// SPDX-License-Identifier: Apache-2.0
import RegJSON
import RegTesting
import Testing

extension Sandbox {
    /// In the middle of a merge: one side took `data` out of the lock, the other has a new version of it.
    func mergeOfATakenOutArtifact() throws -> Place {
        let work = try pushedProject()
        try work.git("checkout", "--quiet", "-b", "feature")
        try work.pushNextVersion("two\n")
        try work.git("checkout", "--quiet", "main")
        try work.reg("rm", "data")
        try work.commit("without")
        _ = try work.run("git", ["merge", "--quiet", "feature"])
        return work
    }
}

/// `reg resolve`: merges of commits that both changed reg.lock.
@Suite struct ResolveTests {
    /// A merge of `feature` into `main` in conflict: both changed `a` and `b`, only one `c` or `d` each.
    private func conflict(_ sandbox: Sandbox) throws -> Place {
        let work = try sandbox.project()
        for name in ["a", "b", "c", "d"] { try work.write("\(name) old\n", to: "\(name)/file.txt") }
        try work.reg("add", "a/", "b/", "c/", "d/")
        try work.commit("first")
        try work.reg("push")
        for (branch, names) in [("feature", ["a", "b", "c"]), ("main", ["a", "b", "d"])] {
            if branch == "feature" { try work.git("checkout", "--quiet", "-b", "feature") }
            for name in names { try work.write("\(name) \(branch)\n", to: "\(name)/file.txt") }
            try work.reg("add")
            try work.commit(branch)
            try work.reg("push")
            try work.git("checkout", "--quiet", "main")
            try work.reg("pull")
        }
        #expect(try work.run("git", ["merge", "--quiet", "feature"]).code == 1)
        return work
    }

    private func contents(_ work: Place) throws -> [String] {
        try work.reg("pull")
        return try ["a", "b", "c", "d"].map { try work.text(of: "\($0)/file.txt") }
    }

    @Test func oneSideIsTakenForAllConflicts() throws {
        try withSandbox { sandbox in
            let work = try conflict(sandbox)
            #expect(try work.fails(3, "status").contains("reg resolve"))
            let report = try work.json("resolve", "--theirs")
            #expect(report.list("artifacts").map { $0.text("name") } == ["a", "b"])
            #expect(report.texts("conflicts").isEmpty)
            let outdated = try work.json("status").list("artifacts").filter { $0.flag("outdated") == true }
            #expect(outdated.map { $0.text("name") } == ["a", "b", "c"])
            #expect(try work.json("add").list("artifacts").isEmpty)
            #expect(try contents(work) == ["a feature\n", "b feature\n", "c feature\n", "d main\n"])
            try work.reg("resolve", "--ours")
            #expect(try contents(work) == ["a main\n", "b main\n", "c feature\n", "d main\n"])
            try work.git("add", "reg.lock")
            #expect(try work.fails(2, "resolve", "--ours").contains("no conflict"))
        }
    }

    @Test func eachArtifactMayBeTakenFromAnotherSide() throws {
        try withSandbox { sandbox in
            let work = try conflict(sandbox)
            try work.fails(5, "resolve", "--ours", "none")
            try work.fails(2, "resolve", "a")
            try work.fails(2, "resolve", "--ours", "--theirs")
            #expect(try work.fails(3, "resolve", "--ours", "b").contains("still in conflict: a"))
            #expect(try work.fails(3, "status").contains("conflict: a"))
            let rest = try work.json("resolve", "--theirs")
            #expect(rest.list("artifacts").map { $0.text("name") } == ["a"])
            #expect(try contents(work) == ["a feature\n", "b main\n", "c feature\n", "d main\n"])
            try work.reg("resolve", "--ours", "a")
            #expect(try contents(work) == ["a main\n", "b main\n", "c feature\n", "d main\n"])
        }
    }

    @Test func anArtifactThatOneSideTookOutIsInConflictToo() throws {
        try withSandbox { sandbox in
            let work = try sandbox.mergeOfATakenOutArtifact()
            let report = try work.json("resolve", "--ours", "data")
            #expect(report.list("artifacts").first?["digest"] == .null)
            #expect(try work.text(of: "reg.lock") == "reg-lock 1\n")
            try work.reg("resolve", "--theirs", "data")
            #expect(try work.text(of: "reg.lock").contains("data dataset data/ sha256:") == true)
        }
    }
}
