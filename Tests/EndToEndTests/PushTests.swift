// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegJSON
import RegTesting
import Testing

/// What a push sends, records and binds.
@Suite struct PushTests {
    @Test func unchangedPushMakesNoRecord() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            let commit = try work.addSampleAndPush()
            let tree = try Tree(sandbox.registry)
            let again = try work.json("push")
            #expect(again["record"] == .null)
            #expect(again["binding"]?.text("commit") == commit)
            #expect(again.list("artifacts").count == 4, "unchanged artifacts are listed as well")
            #expect(again.list("artifacts").allSatisfy { $0.count("version") == 1 })
            #expect(again.list("artifacts").allSatisfy { $0.count("uploaded_bytes") == 0 })
            #expect(try Tree(sandbox.registry) == tree)
        }
    }

    @Test func sameContentAgainIsTheSameVersion() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            try work.pushNextVersion("two\n")
            let packs = try work.objects(ofKind: "packs")
            try work.write("one\n", to: "data/a.txt")
            try work.reg("add")
            let commit = try work.commit()
            let pushed = try work.json("push")
            #expect(pushed.member("artifacts", named: "data")?.count("version") == 1)
            #expect(pushed["binding"]?.text("commit") == commit)
            #expect(try work.json("ls").member("artifacts", named: "data")?.count("version") == 2)
            #expect(try work.objects(ofKind: "packs") == packs)
            #expect(try sandbox.forge.operations.map { $0.text("op") }.last == "bind")
        }
    }

    @Test func versionsAndBindingAreOneRecord() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            try work.addSampleAndPush()
            #expect(try sandbox.forge.records.count == 1)
            let kinds = try sandbox.forge.operations.map { $0.text("op") }
            #expect(kinds == ["push", "push", "push", "push", "bind"])
        }
    }

    @Test func oneNameBindsOnlyOnceTheSetIsThere() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            try work.writeSampleFiles()
            try work.reg((["add"] + Place.sampleArguments).map { Array($0.utf8) })
            let commit = try work.commit()
            let one = try work.json("push", "model", "-m", "only the model")
            #expect(one["binding"] == .null && one.text("reason")?.isEmpty == false)
            #expect(try work.json("show", "model").text("message") == "only the model")
            #expect(try work.json("status").flag("bound") == false)
            let rest = try work.json("push")
            #expect(rest["binding"]?.text("commit") == commit)
            #expect(rest.member("artifacts", named: "model")?.count("version") == 1)
        }
    }

    @Test func repositoryWithoutACommitStoresButBindsNothing() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            try work.write("one\n", to: "data/a.txt")
            try work.reg("add", "data")
            let plain = try work.reg("push")
            #expect(plain.text.contains("commit"), "\(plain.text)")
            let pushed = try work.json("push")
            #expect(pushed["binding"] == .null)
            #expect(pushed.text("reason")?.contains("commit") == true)
            #expect(try work.reg("cat", "data@v1:a.txt").text == "one\n")
            #expect(try work.json("status").flag("pushed") == true)
            let commit = try work.commit()
            let bound = try work.json("push")
            #expect(bound["binding"]?.text("commit") == commit)
            #expect(bound.count("record") == 2)
        }
    }

    @Test func lockThatIsNotCommittedBindsNothing() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            try work.write("two\n", to: "data/a.txt")
            try work.reg("add")
            let pushed = try work.json("push")
            #expect(pushed["binding"] == .null && pushed.text("reason")?.contains("reg.lock") == true)
            #expect(pushed.list("artifacts").first?.count("version") == 2)
        }
    }

    @Test func pathOutsideAnyRepositoryMakesAVersion() throws {
        try withSandbox { sandbox in
            let place = try sandbox.directory("plain")
            try place.write(seededBytes(count: 100_000, seed: 3), to: BytePath("runs/7/best.bin"))
            let registry = sandbox.registry.lossy
            let pushed = try place.json(
                "push", "runs/7/best.bin", "--as", "detector", "--type", "weights", "-m", "seventh",
                "--registry", registry)
            #expect(pushed["binding"] == .null && pushed.text("reason")?.isEmpty == false)
            let artifact = try #require(pushed.list("artifacts").first)
            #expect(artifact.text("name") == "detector" && artifact.count("version") == 1)
            let again = try place.json("push", "runs/7/best.bin", "--as", "detector", "--registry", registry)
            #expect(again["record"] == .null)
            let show = try place.json("show", "detector", "--registry", registry)
            #expect(show.text("type") == "weights" && show.text("message") == "seventh")
            try place.reg("pull", "detector", "-o", "out", "--registry", registry)
            #expect(try place.tree("out") == place.tree("runs/7"))
            try place.write("other\n", to: "more/a.txt")
            try place.reg("push", "more/", "--registry", registry)
            #expect(try place.reg("cat", "more:a.txt", "--registry", registry).text == "other\n")
            #expect(try list(place.path).map(\.lossy) == ["more", "out", "runs"])
        }
    }

    @Test func pathInTheWorkspaceIsAddedOnTheWay() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            try work.write(seededBytes(count: 300_000, seed: 9), to: BytePath("extra/a.bin"))
            let pushed = try work.json("push", "extra/")
            #expect(pushed.list("artifacts").first?.text("name") == "extra")
            #expect(try work.text(of: "reg.lock").contains("\nextra "))
            #expect(try work.git("check-ignore", "extra/a.bin") == "extra/a.bin")
            #expect(try work.status(of: "extra").text("state") == "clean")
            try work.commit()
            #expect(try work.json("push")["binding"]?.text("commit") != nil)
            let clone = try work.clone()
            try clone.reg("pull")
            #expect(try clone.tree("extra") == work.tree("extra"))
        }
    }

    @Test(arguments: ["data", "./data", "data/", "data/a.txt"])
    func unchangedPathOfAnArtifactIsPushedAgainWithoutARecord(path: String) throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            let lock = try work.text(of: "reg.lock")
            let pushed = try work.json("push", path)
            #expect(pushed["record"] == .null)
            #expect(pushed.list("artifacts").first?.count("version") == 1)
            #expect(try work.text(of: "reg.lock") == lock)
        }
    }

    @Test func pathOutsideTheWorkspaceLeavesTheLockAlone() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            let lock = try work.text(of: "reg.lock")
            try work.write("far\n", to: "../far/away.txt")
            try work.reg("push", "../far/away.txt")
            #expect(try work.text(of: "reg.lock") == lock)
            #expect(try work.reg("cat", "away@v1:away.txt").text == "far\n")
        }
    }

    @Test func argumentWithASlashIsAPathElseANameElseAFile() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            try work.write("a file\n", to: "notes")
            try work.reg("push", "notes")
            #expect(try work.reg("cat", "notes@v1:notes").text == "a file\n")
            try work.write("two\n", to: "data/a.txt")
            let byName = try work.json("push", "data")
            #expect(
                byName.list("artifacts").first?.count("version") == 1, "the lock's version, not the files")
            let byPath = try work.json("push", "./data")
            #expect(byPath.list("artifacts").first?.count("version") == 2)
        }
    }

    @Test func contentTravelsOnceThroughTheWholeRegistry() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            let noise = seededBytes(count: 2_000_000, seed: 6)
            try work.write(noise, to: BytePath("data/a.bin"))
            try work.reg("add", "data")
            try work.commit()
            try work.reg("push")
            try work.write([1, 2, 3] + noise, to: BytePath("data/moved/b.bin"))
            try work.write(noise, to: BytePath("data/copy.bin"))
            try work.reg("add")
            try work.commit()
            let artifact = try #require(try work.json("push").list("artifacts").first)
            #expect(artifact.count("version") == 2)
            #expect(try #require(artifact.count("uploaded_bytes")) < 400_000)
            #expect(try #require(artifact.count("reused_bytes")) > 5_600_000)
        }
    }

    @Test func unpushedArtifactsAreNoProblemOfTheRegistry() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            try work.write("two\n", to: "data/a.txt")
            try work.reg("add")
            #expect(try work.json("status").flag("pushed") == false)
            #expect(try work.json("verify", "--data").flag("ok") == true)
            try work.write("rubbish", to: "../registry/packs/.tmp-1-2")
            try work.write("rubbish", to: "../registry/notes.txt")
            #expect(try work.json("verify", "--data").flag("ok") == true)
        }
    }

    @Test func aRegistryThatIsNotMountedIsNotMadeAnew() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            let away = sandbox.path.appending("away")
            try move(sandbox.registry, to: away)
            try work.write("two\n", to: "data/a.txt")
            try work.reg("add")
            #expect(try work.fails(5, "push").contains("any more"))
            #expect(!exists(sandbox.registry))
            try move(away, to: sandbox.registry)
            #expect(try work.json("push").count("record") == 2)
            try move(sandbox.registry, to: away)
            #expect(try work.json("push", "--accept-rollback").count("record") == 1, "a new one")
        }
    }
}
