// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegJSON
import RegTesting
import Testing

/// What a team does from day to day, from one end to the other.
@Suite struct StoryTests {
    @Test func twoVersionsTravelToAnotherClone() throws {
        try withSandbox { sandbox in
            let work = try sandbox.repository()
            let made = try work.json("init", "--registry", sandbox.registry.lossy)
            #expect(made.flag("created") == true && made.flag("this_machine_only") == false)

            try work.writeSampleFiles()
            let added = try work.json((["add"] + Place.sampleArguments).map { Array($0.utf8) })
            let types = added.list("artifacts").map { [$0.text("name"), $0.text("type"), $0.text("path")] }
            #expect(
                Set(types) == [
                    ["data", "dataset", "data/"], ["annotations", "annotations", "annotations/"],
                    ["config", "config", "config/"], ["model", "weights", "weights/model.safetensors"],
                ])
            let first = try work.commit("first version")
            #expect(try work.git("ls-files", "data", "weights", "annotations") == "")
            #expect(try work.git("ls-files", "config") == "config/train.yaml")
            let before = try work.json("status")
            #expect(before.flag("clean") == true && before.flag("pushed") == false)
            #expect(before.flag("bound") == false)

            let pushed = try work.json("push")
            #expect(pushed.count("record") == 1 && pushed["binding"]?.text("commit") == first)
            #expect(pushed.list("artifacts").map { $0.count("version") } == [1, 1, 1, 1])
            let after = try work.json("status")
            #expect(after.flag("clean") == true && after.flag("pushed") == true)
            #expect(after.flag("bound") == true)
            let firstTree = try work.sampleTree()

            let clone = try work.clone()
            let pulled = try clone.json("pull")
            #expect(
                Set(pulled.list("artifacts").map { $0.text("name") }) == ["data", "annotations", "model"])
            #expect(pulled.list("artifacts").allSatisfy { $0.text("verified") == "file" })
            #expect(try clone.sampleTree() == firstTree)
            #expect(try clone.json("status").flag("clean") == true)

            try work.writeSampleWeights(seed: 2)
            try work.write("epochs: 5\nlearning_rate: 0.01\n", to: "config/train.yaml")
            try work.write(seededBytes(count: 5_000, seed: 77), to: BytePath("data/new.jpg"))
            try remove(work["data/0.jpg"])
            let changed = try work.json("status")
            #expect(changed.flag("clean") == false)
            #expect(changed.member("artifacts", named: "data")?.texts("added") == ["new.jpg"])
            #expect(changed.member("artifacts", named: "data")?.texts("missing") == ["0.jpg"])
            #expect(changed.member("artifacts", named: "model")?.text("state") == "modified")
            try work.reg("add")
            try work.commit("second version")
            let second = try work.json("push")
            let model = try #require(second.member("artifacts", named: "model"))
            #expect(model.count("version") == 2)
            #expect(try #require(model.count("uploaded_bytes")) < 200_000, "one small layer changed")
            #expect(try #require(model.count("reused_bytes")) >= 1_200_000)
            let secondTree = try work.sampleTree()

            try clone.git("pull", "--quiet")
            try clone.reg("pull")
            #expect(try clone.sampleTree() == secondTree)

            try clone.reg("pull", "model@v1", "-o", "old/")
            #expect(
                try clone.tree("old").entries[BytePath("model.safetensors")]
                    == firstTree.entries[BytePath("weights/model.safetensors")])
            try clone.reg("pull", "model@HEAD~1", "-o", "prev/")
            #expect(try clone.tree("prev") == clone.tree("old"))
        }
    }

    @Test func readingCommandsTellTheStory() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            let first = try work.addSampleAndPush()
            try work.writeSampleWeights(seed: 2)
            try work.reg("add")
            let second = try work.commit("second version")
            try work.reg("push", "-m", "longer schedule")

            let entries = try work.json("log").list("entries")
            #expect(
                entries.compactMap { $0.count("record") }
                    == entries.compactMap { $0.count("record") }.sorted(by: >))
            #expect(Set(entries.compactMap { $0.text("kind") }) == ["push", "bind"])
            let history = try work.json("log", "model").list("entries").filter { $0.text("kind") == "push" }
            #expect(history.map { $0.count("version") } == [2, 1])
            #expect(history.first?.text("message") == "longer schedule")
            #expect(history.first?.text("author")?.contains("Ada Lovelace") == true)
            #expect(Set(entries.compactMap { $0.text("commit") }) == [first, second])

            let list = try work.json("ls")
            #expect(
                Set(list.list("artifacts").compactMap { $0.text("name") }) == [
                    "data", "annotations", "config", "model",
                ])
            #expect(list.member("artifacts", named: "model")?.count("version") == 2)
            #expect(list.member("artifacts", named: "data")?.count("files") == 6)

            let show = try work.json("show", "model@v1")
            let file = try #require(show.list("files").first)
            #expect(show.count("version") == 1 && show.texts("commits") == [first])
            #expect(file.text("path") == "model.safetensors" && file.flag("executable") == false)
            let hash = try work.run("sha256sum", ["--", "weights/model.safetensors"]).text.prefix(64)
            let newest = try #require(try work.json("ls", "model").list("files").first)
            #expect(newest.text("sha256") == String(hash))

            let content = try work.reg("cat", "model@v1:model.safetensors").output
            #expect(content != (try readFile(work["weights/model.safetensors"])))
            let part = try work.reg("cat", "model:model.safetensors", "--range", "8-15").output
            #expect(part == Array(try readFile(work["weights/model.safetensors"])[8...15]))

            let verified = try work.json("verify", "--data")
            #expect(verified.flag("ok") == true && verified.list("problems").isEmpty)
            #expect(verified.count("records") == 2 && verified.flag("data") == true)
            #expect(try work.json("verify", "model@v1", "--data").flag("ok") == true)
        }
    }

    @Test func defaultRegistryIsFoundByEveryCloneOfThisMachine() throws {
        try withSandbox { sandbox in
            let work = try sandbox.repository()
            #expect(try work.reg("init").text.contains("this machine only"))
            try work.write("one\n", to: "data/a.txt")
            try work.reg("add", "data")
            try work.commit()
            try work.reg("push")
            let shares = try list(sandbox.path.appending("home/.local/share/reg"))
            #expect(shares.count == 1)
            let clone = try work.clone()
            try clone.reg("pull")
            #expect(try clone.tree("data") == work.tree("data"))
        }
    }

    @Test(arguments: [("../registry", true), ("/registry", false), ("file:///registry", false)])
    func aRelativePathIsSaidToBecomeAbsolute(_ pair: (String, Bool)) throws {
        try withSandbox { sandbox in
            let work = try sandbox.repository()
            let root = sandbox.path.lossy
            let given = pair.0.replacing("/registry", with: pair.1 ? "/registry" : "\(root)/registry")
            let text = try work.reg("init", "--registry", given).text
            #expect(text.contains("reg.toml has this absolute path") == pair.1, "\(text)")
            #expect(try work.text(of: "reg.toml").contains("registry = \"\(root)/registry\""))
        }
    }

    @Test func initTwiceChangesNothing() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            let toml = try work.text(of: "reg.toml")
            #expect(try work.json("init").flag("created") == false)
            #expect(try work.json("init", "--registry", sandbox.registry.lossy).flag("created") == false)
            try work.fails(3, "init", "--registry", sandbox.path.appending("other").lossy)
            #expect(try work.text(of: "reg.toml") == toml)
            #expect(!exists(sandbox.path.appending("other")))
        }
    }
}
