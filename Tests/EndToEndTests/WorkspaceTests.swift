// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegJSON
import RegTesting
import Testing

/// How reg lives beside git in one tree.
@Suite struct WorkspaceTests {
    // MARK: Configs that git keeps

    @Test func smallConfigsStayInGit() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            try work.write("epochs: 3\n", to: "config/train.yaml")
            let added = try work.json("add", "config")
            #expect(added.list("artifacts").first?.text("type") == "config")
            #expect(try work.text(of: "reg.lock").contains("config config config/ git - -\n"))
            let ignored = work.has(".gitignore") ? try work.text(of: ".gitignore") : ""
            #expect(!ignored.contains("config"))
            let first = try work.commit()
            #expect(try work.git("ls-files", "config") == "config/train.yaml")
            let pushed = try work.json("push")
            #expect(pushed["binding"]?.text("commit") == first)
            #expect(try work.reg("cat", "config:train.yaml").text == "epochs: 3\n")

            let clone = try work.clone()
            try clone.write("epochs: 4\n", to: "config/train.yaml")
            #expect(try clone.json("pull").list("artifacts").isEmpty)
            #expect(try clone.text(of: "config/train.yaml") == "epochs: 4\n", "pull leaves such files alone")

            try work.write("epochs: 9\n", to: "config/train.yaml")
            let lock = try work.text(of: "reg.lock")
            let second = try work.commit()
            #expect(try work.json("push")["binding"]?.text("commit") == second)
            #expect(try work.text(of: "reg.lock") == lock, "the lock cannot contradict git")
            #expect(try work.reg("cat", "config@HEAD~1:train.yaml").text == "epochs: 3\n")
            #expect(try work.reg("cat", "config@v2:train.yaml").text == "epochs: 9\n")
            let elsewhere = try sandbox.directory("elsewhere")
            for (commit, text) in [(first, "epochs: 3\n"), (second, "epochs: 9\n")] {
                let output = "at-\(commit.prefix(8))"
                try elsewhere.reg("pull", "@\(commit)", "-o", output, "--registry", sandbox.registry.lossy)
                #expect(try elsewhere.text(of: "\(output)/config/train.yaml") == text)
            }
        }
    }

    @Test func cocoAndLargeFilesAreNoConfigs() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            try work.write("{\"images\":[],\"annotations\":[],\"categories\":[]}", to: "boxes.json")
            try work.write("{\"a\":1}", to: "labels/one.json")
            try work.write("{\"a\":1}", to: "settings.json")
            try work.write(Array("a: 1\n".utf8) + numberedLines(1...30_000), to: BytePath("large.yaml"))
            try work.reg("add", "boxes.json", "labels", "settings.json", "large.yaml")
            let artifacts = try work.json("status").list("artifacts")
            let inGit = artifacts.filter { $0.flag("in_git") == true }.compactMap { $0.text("name") }
            #expect(inGit == ["settings"])
        }
    }

    // MARK: Places of git

    @Test func worktreesShareTheirState() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            try work.write(seededBytes(count: 50_000, seed: 1), to: BytePath("data/a.bin"))
            try work.reg("add", "data")
            try work.commit()
            try work.git("worktree", "add", "--quiet", "../tree", "-b", "side")
            let tree = Place(path: sandbox.path.appending("tree"), sandbox: sandbox)
            try tree.reg("pull")
            #expect(
                try tree.tree("data") == work.tree("data"), "what is not pushed comes from the shared store")
            try tree.write("side\n", to: "data/b.txt")
            #expect(try work.json("status").flag("clean") == true)
            #expect(try tree.json("status").flag("clean") == false)
            try tree.reg("add")
            let commit = try tree.commit()
            #expect(try tree.json("push")["binding"]?.text("commit") == commit)
            try work.git("merge", "--quiet", "side")
            try work.reg("pull")
            #expect(try work.tree("data") == tree.tree("data"))
            #expect(
                try list(tree.path).map(\.lossy) == [".git", ".gitignore", "data", "reg.lock", "reg.toml"])
        }
    }

    @Test func gitCleanSparesTheState() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            try work.write(seededBytes(count: 50_000, seed: 1), to: BytePath("data/a.bin"))
            try work.reg("add", "data")
            try work.commit()
            let tree = try work.tree("data")
            try work.git("clean", "-ffdxq")
            #expect(!work.has("data"))
            try work.reg("pull")
            #expect(try work.tree("data") == tree)
        }
    }

    @Test func detachedHeadIsBoundToo() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            try work.git("checkout", "--quiet", "--detach")
            let commit = try work.pushNextVersion("two\n")
            #expect(try work.json("status").flag("bound") == true)
            #expect(try work.json("show", "data").texts("commits") == [commit])
        }
    }

    @Test func repositoriesWithLongHashesWork() throws {
        try withSandbox { sandbox in
            let work = try sandbox.repository("work", "--object-format=sha256")
            try work.reg("init", "--registry", sandbox.registry.lossy)
            try work.write("one\n", to: "data/a.txt")
            try work.reg("add", "data")
            let commit = try work.commit()
            #expect(commit.utf8.count == 64)
            #expect(try work.json("push")["binding"]?.text("commit") == commit)
            let elsewhere = try sandbox.directory("elsewhere")
            try elsewhere.reg("pull", "@\(commit)", "-o", "out", "--registry", sandbox.registry.lossy)
            #expect(try elsewhere.tree("out/data") == work.tree("data"))
            let clone = try work.clone()
            try clone.reg("pull")
            #expect(try clone.json("status").flag("bound") == true)
        }
    }

    @Test func shallowClonesPull() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            try work.pushNextVersion("two\n")
            try work.git("clone", "--quiet", "--depth", "1", "file://\(work.path.lossy)", "../shallow")
            let clone = Place(path: sandbox.path.appending("shallow"), sandbox: sandbox)
            try clone.reg("pull")
            #expect(try clone.tree("data") == work.tree("data"))
            #expect(try clone.json("push")["record"] == .null)
        }
    }

    @Test func cloneThatNeverRanInitAddsAndPushes() throws {
        try withSandbox { sandbox in
            let clone = try sandbox.pushedProject().clone()
            try clone.reg("pull")
            try clone.pushNextVersion("from the clone\n")
            #expect(try clone.reg("cat", "data@v2:a.txt").text == "from the clone\n")
        }
    }

    // MARK: Directories

    @Test func commandsWorkInSubdirectories() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            try work.write("one\n", to: "sub/images/a.txt")
            try work.write("two\n", to: "other/b.txt")
            let sub = work.inside("sub")
            let added = try sub.json("add", "images", "../other/b.txt")
            #expect(
                Set(added.list("artifacts").compactMap { $0.text("path") }) == ["sub/images/", "other/b.txt"])
            try work.commit()
            try sub.reg("push")
            #expect(try sub.json("status").flag("clean") == true)
            try sub.write("changed\n", to: "images/a.txt")
            try sub.reg("add", "./images/")
            try work.commit()
            try sub.reg("push")
            #expect(try sub.reg("cat", "images@v2:a.txt").text == "changed\n")
            try sub.reg("pull", "images@v1", "-o", "out")
            #expect(try work.text(of: "sub/out/a.txt") == "one\n")
            try remove(work["sub/images"])
            try makeDirectory(work["sub/deeper"])
            try work.inside("sub/deeper").reg("pull")
            #expect(try work.text(of: "sub/images/a.txt") == "changed\n")
        }
    }

    @Test func partOfAnArtifactIsAddedAgain() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject("work", ["a/1.txt": "a\n", "b/1.txt": "b\n"])
            try work.write("a2\n", to: "data/a/1.txt")
            try work.write("b2\n", to: "data/b/1.txt")
            try work.reg("add", "data/a")
            try work.commit()
            try work.reg("push")
            #expect(try work.json("ls", "data").list("files").count == 2)
            #expect(try work.reg("cat", "data@v2:a/1.txt").text == "a2\n")
            #expect(try work.reg("cat", "data@v2:b/1.txt").text == "b\n")
            #expect(try work.status(of: "data").texts("changed") == ["b/1.txt"])
        }
    }

    @Test func junkIsNotAdded() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            let junk = [".DS_Store", "sub/__pycache__/m.pyc", ".ipynb_checkpoints/n.ipynb"]
            for name in ["a.txt"] + junk { try work.write("x\n", to: "data/\(name)") }
            try work.reg("add", "data")
            #expect(try work.json("show", "data").list("files").map { $0.text("path") } == ["a.txt"])
            #expect(try work.json("status").flag("clean") == true)
        }
    }

    // MARK: Files of people

    @Test func registrysFileKeepsWhatPeopleWrote() throws {
        try withSandbox { sandbox in
            let work = try sandbox.repository()
            let mine = """
                # our settings,   oddly spaced

                ignore   = [ "*.tmp" ,"cache/" ]   # keep

                [gate.prod]
                require = ["map50 >= 0.81"]
                """
            try work.write(mine, to: "reg.toml")
            try work.reg("init", "--registry", sandbox.registry.lossy)
            let after = try work.text(of: "reg.toml")
            #expect(after.contains(mine) && after != mine)
            try work.write("one\n", to: "data/a.txt")
            try work.reg("add", "data")
            try work.commit()
            try work.reg("push")
            #expect(try work.text(of: "reg.toml") == after)
        }
    }

    @Test func ignoreFilesKeepWhatPeopleWrote() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            try work.write("*.log\r\n# mine", to: ".gitignore")
            try work.write("build/\n", to: ".dockerignore")
            try work.write("private.txt\n", to: ".git/info/exclude")
            try work.write("one\n", to: "data/a.txt")
            try work.write("two\n", to: "weights/b.bin")
            try work.reg("add", "data", "weights/b.bin")
            for (name, text) in [
                (".gitignore", "*.log\r\n# mine"), (".dockerignore", "build/\n"),
                (".git/info/exclude", "private.txt\n"),
            ] {
                let after = try work.text(of: name)
                #expect(after.hasPrefix(text), "\(name): \(after)")
                #expect(after.contains("data") && after.contains("weights/b.bin"), "\(name): \(after)")
                try work.reg("add")
                #expect(try work.text(of: name) == after)
            }
            #expect(try work.git("status", "--porcelain", "--untracked-files=all").contains("data/") == false)
            #expect(
                try work.git("check-ignore", "data/a.txt", "weights/b.bin") == "data/a.txt\nweights/b.bin")
        }
    }

    @Test func dockerignoreIsNotMade() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            #expect(!work.has(".dockerignore"))
            #expect(
                try list(work.path).map(\.lossy) == [".git", ".gitignore", "data", "reg.lock", "reg.toml"])
            #expect(try work.text(of: ".git/info/exclude").contains("data"))
        }
    }

    @Test func addMovesAndLinksNothing() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            try work.writeSampleFiles()
            let before = try work.sampleTree()
            try work.reg((["add"] + Place.sampleArguments).map { Array($0.utf8) })
            #expect(try work.sampleTree() == before)
            try work.commit()
            try work.reg("push")
            #expect(try work.sampleTree() == before)
            #expect(try work.run("find", ["data", "weights", "-links", "+1", "-type", "f"]).text == "")
        }
    }

    // MARK: Status

    @Test func statusTellsAddedChangedAndMissing() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject("work", ["a.txt": "a\n", "b.txt": "b\n", "c/d.txt": "d\n"])
            try work.write("a2\n", to: "data/a.txt")
            try remove(work["data/b.txt"])
            try work.write("new\n", to: "data/c/e.txt")
            let status = try work.status(of: "data")
            #expect(status.text("state") == "modified" && status.text("path") == "data/")
            #expect(status.texts("changed") == ["a.txt"] && status.texts("missing") == ["b.txt"])
            #expect(status.texts("added") == ["c/e.txt"])
            try remove(work["data"])
            #expect(try work.status(of: "data").text("state") == "missing")
            #expect(try work.json("status").flag("clean") == false)
        }
    }

    @Test func addWithoutPathsTakesOnlyWhatChanged() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            try work.addSampleAndPush()
            try work.write("changed\n", to: "annotations/train.json")
            let added = try work.json("add").list("artifacts").filter { $0.flag("unchanged") == false }
            #expect(added.compactMap { $0.text("name") } == ["annotations"])
            #expect(try work.json("add").list("artifacts").allSatisfy { $0.flag("unchanged") == true })
        }
    }

    @Test func lockIsOneSortedLinePerArtifact() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            try work.addSampleAndPush()
            let lines = try work.text(of: "reg.lock").split(separator: "\n", omittingEmptySubsequences: false)
            #expect(lines.first == "reg-lock 1" && lines.last == "")
            let artifacts = lines.dropFirst().filter { !$0.isEmpty }
            #expect(
                artifacts.compactMap { $0.split(separator: " ").first } == [
                    "annotations", "config", "data", "model",
                ])
            let status = try work.json("show", "data")
            let digest = try #require(status.text("digest"))
            #expect(artifacts.contains("data dataset data/ \(digest) 120000 6"))
        }
    }
}
