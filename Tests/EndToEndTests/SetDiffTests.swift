// SPDX-License-Identifier: Apache-2.0
import RegJSON
import RegTesting
import Testing

/// What differs between two git revisions.
@Suite struct SetDiffTests {
    /// A project with a second version of two of its four artifacts.
    private func withTwoCommits(_ body: (Place) throws -> Void) throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            try work.addSampleAndPush()
            try work.writeSampleWeights(seed: 2)
            try work.write("epochs: 5\nlearning_rate: 0.01\n", to: "config/train.yaml")
            try work.reg("add")
            try work.commit("train for longer")
            try work.reg("push")
            try body(work)
        }
    }

    @Test func eachArtifactIsSummedUp() throws {
        try withTwoCommits { work in
            let answer = try work.json("diff", "HEAD~1", "HEAD")
            #expect(answer.list("artifacts").map { $0.text("name") } == ["config", "model"])
            #expect(answer["unchanged"]?.count("artifacts") == 2)
            let config = try #require(answer.member("artifacts", named: "config"))
            #expect(config.count("config_keys") == 1 && config.text("type") == "config")
            let model = try #require(answer.member("artifacts", named: "model"))
            #expect(model.text("status") == "changed" && model["files"]?.count("changed") == 1)
            #expect(model["old"]?.count("version") == 1 && model["new"]?.count("version") == 2)
            #expect(model.count("tensors") == 1 && model["largest_change"]?.text("name") == "layer2")
            let sum = answer.list("artifacts").reduce(0) { $0 + ($1["bytes"]?.count("to_fetch") ?? 0) }
            #expect(sum == answer["bytes"]?.count("to_fetch"))
        }
    }

    @Test func theLocksVersionHasItsNumber() throws {
        try withTwoCommits { work in
            let text = try work.reg("diff", "model@HEAD~1", "model").text
            #expect(text.hasPrefix("model@HEAD~1 to model@v2: "), "\(text)")
        }
    }

    @Test func thePeopleSeeWhatMattersFirst() throws {
        try withTwoCommits { work in
            let lines = try work.reg("diff", "HEAD~1", "HEAD").text.split(separator: "\n")
            #expect(lines.first?.contains("2 of 4 artifacts differ") == true, "\(lines)")
            let model = try #require(lines.first { $0.contains("  model") })
            #expect(model.contains("v1 to v2") && model.contains("1 tensor, most layer2"), "\(model)")
            #expect(lines.contains { $0 == "1 commit more in HEAD:" }, "\(lines)")
            #expect(lines.contains { $0.hasSuffix("train for longer") }, "\(lines)")
        }
    }

    @Test func commitsOfBothSidesAreTold() throws {
        try withTwoCommits { work in
            try work.git("checkout", "-q", "-b", "side", "HEAD~1")
            try work.write("x\n", to: "code.py")
            let aside = try work.commit("aside")
            let commits = try #require(try work.json("diff", "main", "side")["commits"])
            #expect(commits["count"] == ["new": 1, "old": 1])
            #expect(commits.list("new").first?.text("id") == aside)
            #expect(commits.list("old").first?.text("subject") == "train for longer")
            // What lies here belongs to HEAD.
            #expect(try work.json("diff", "main")["commits"]?["count"] == ["new": 1, "old": 1])
            #expect(try work.json("diff", "model@v1", "model@v2")["commits"] == JSON.null)
        }
    }

    @Test func artifactsThatOnlyOneSideHasAreNamed() throws {
        try withTwoCommits { work in
            try work.reg("rm", "config")
            try work.write("new\n", to: "notes.txt")
            try work.reg("add", "notes.txt")
            try work.commit()
            let answer = try work.json("diff", "HEAD~1", "HEAD")
            let statuses = answer.list("artifacts").map {
                "\($0.text("status") ?? "") \($0.text("name") ?? "")"
            }
            #expect(statuses == ["removed config", "added notes"])
        }
    }
}
