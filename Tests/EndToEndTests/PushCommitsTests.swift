// SPDX-License-Identifier: Apache-2.0
import RegJSON
import RegTesting
import Testing

/// `reg push --commits`: bindings for commits that came about elsewhere.
@Suite struct PushCommitsTests {
    @Test func theCommitsOfARebaseAreBoundInOneRecord() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            try work.git("checkout", "--quiet", "-b", "feature")
            for text in ["two\n", "three\n"] { try work.pushNextVersion(text) }
            try work.git("checkout", "--quiet", "main")
            try work.write("notes", to: "notes.txt")
            try work.commit("on main")
            try work.git("rebase", "--quiet", "main", "feature")
            try work.git("checkout", "--quiet", "main")
            try work.git("merge", "--quiet", "--squash", "feature")
            let squashed = try work.commit("squashed")
            #expect(try work.json("status").flag("bound") == false)

            let range = try work.json("push", "--commits", "main~1..feature")
            #expect(range.list("records").count == 1)
            let commits = try work.git("rev-list", "--reverse", "main~1..feature").split(separator: "\n")
            #expect(range.list("commits").map { $0.text("commit") } == commits.map(String.init))
            #expect(range.list("commits").map { $0.text("state") } == ["bound", "bound"])
            let one = try work.json("push", "--commits", "HEAD")
            #expect(one.list("commits").map { $0.text("commit") } == [squashed])
            #expect(one.list("commits").map { $0.text("state") } == ["bound"])
            #expect(try work.json("status").flag("bound") == true)
            let again = try work.json("push", "--commits", "main~1..feature")
            #expect(again.list("records").isEmpty)
            #expect(again.list("commits").map { $0.text("state") } == ["already", "already"])
            try work.reg("pull", "data", "--expect-commit", squashed, "-o", "out")
        }
    }

    @Test func whatTheRegistryLacksIsNamed() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            try work.write("two\n", to: "data/a.txt")
            try work.reg("add")
            let missing = try work.commit("not pushed")
            try work.write("one\n", to: "data/a.txt")
            try work.reg("add")
            try work.commit("back")
            let outcome = try work.runReg(
                ["push", "--commits", "HEAD~2..HEAD", "--json"].map { Array($0.utf8) })
            #expect(outcome.code == 12, "\(outcome.errorText)")
            let document = try JSON.parse(outcome.output)
            #expect(try Promise(command: ["push", "--commits"]).faults(in: document) == [])
            let commits = document.list("commits")
            #expect(commits.map { $0.text("state") } == ["unbound", "bound"])
            #expect(commits.first?.text("reason")?.contains("data") == true)
            #expect(outcome.errorText.contains(missing.prefix(12)))
        }
    }

    @Test func commitsWithoutArtifactsAndBadRangesAreTold() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            try work.commit("empty")
            try work.write("one\n", to: "data/a.txt")
            try work.reg("push", "data/")
            let empty = try work.json("push", "--commits", "HEAD")
            #expect(empty.list("commits").map { $0.text("state") } == ["empty"])
            #expect(try work.json("push", "--commits", "HEAD..HEAD").list("commits").isEmpty)
            try work.fails(5, "push", "--commits", "no-such..range")
            try work.fails(5, "push", "--commits=--all")
            try work.fails(2, "push", "data", "--commits", "HEAD")
        }
    }
}
