// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegJSON
import RegTesting
import Testing

/// `reg why`: where a version comes from.
@Suite struct WhyTests {
    @Test func aVersionOfARunTellsItsStory() throws {
        try withSandbox { sandbox in
            let work = try sandbox.gatedProject(require: ["map50 >= 0.8"])
            let forge = sandbox.forge
            let commit = try work.git("rev-parse", "HEAD")
            let (val, base, model) = (
                try forge.version("val", in: work), try forge.version("det@v1", in: work),
                try forge.version("det@v2", in: work)
            )
            let first = try forge.appendRun(
                of: try forge.appendPin([val], commit: commit), metrics: ["map50": 0.5], outputs: [base])
            let pin = try forge.appendPin([val, base], commit: commit)
            let run = try forge.appendRun(of: pin, metrics: ["map50": 0.9], outputs: [model])
            try work.reg("promote", "det@v2", "--to", "prod")

            let why = try work.json("why", "det@prod")
            let origin = try #require(why["run"])
            #expect(origin.text("run") == run && origin.text("pin") == pin && origin.text("commit") == commit)
            #expect(origin.texts("command") == ["python3", "train.py"] && origin.count("seed") == 7)
            let inputs = origin.list("inputs")
            #expect(inputs.map { $0.text("name") } == ["det", "val"])
            #expect(inputs[0].count("version") == 1 && inputs[0].text("run") == first)
            #expect(inputs[1]["run"] == .null && inputs[1].text("author")?.contains("Ada") == true)
            #expect(why["measured"]?["metrics"]?["map50"] == 0.9)
            #expect(
                why.texts("aliases") == ["prod"]
                    && why.list("promotions").first?["gate"]?.text("name") == "prod")
            let text = try work.reg("why", "det@v2").text
            for words in [
                "det@v2: ", "written by", String(run.prefix(16)), "python3 train.py",
                String(commit.prefix(12)),
                "val@v1, pushed by Ada", "det@v1, written by \(first.prefix(16))", "map50 0.9",
                "prod (was nothing), by Ada", "map50 >= 0.8: 0.9 against 0.8",
            ] { #expect(text.contains(words), "\(words): \(text)") }
        }
    }

    @Test func aVersionWithoutARunWasPushed() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            try work.write("two\n", to: "data/a.txt")
            try work.reg("add")
            let commit = try work.commit("next")
            try work.reg("push", "-m", "more images")
            try work.write("{\"rows\": 3}", to: "m.json")
            try work.reg("push", "data", "--metrics", "m.json")
            let why = try work.json("why", "data")
            #expect(
                why["run"] == .null && why.text("message") == "more images"
                    && why.texts("commits") == [commit])
            #expect(why["statement"]?["metrics"]?["rows"] == 3.0)
            let text = try work.reg("why", "data@v2").text
            for words in [
                "data@v2", "pushed", "by Ada Lovelace", "more images", String(commit.prefix(12)), "rows 3",
            ] {
                #expect(text.contains(words), "\(words): \(text)")
            }
            try work.fails(5, "why", "data@v9")
        }
    }
}
