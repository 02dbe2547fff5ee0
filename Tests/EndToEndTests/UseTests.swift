// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegJSON
import RegTesting
import Testing

/// `reg rm` and `reg use`: lines of the lock without their bytes.
@Suite struct UseTests {
    // MARK: rm

    @Test func removingLeavesTheFiles() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            try work.addSampleAndPush()
            let before = try work.sampleTree()
            let removed = try #require(try work.json("rm", "data").list("artifacts").first)
            #expect(removed.text("name") == "data" && removed.text("path") == "data/")
            #expect(removed.text("type") == "dataset" && removed.count("files") == 6)
            #expect(try work.sampleTree() == before)
            #expect(!(try work.text(of: "reg.lock")).contains("data/"))
            for file in [".gitignore", ".git/info/exclude"] {
                let text = try work.text(of: file)
                #expect(!text.contains("/data/") && text.contains("/annotations/"), "\(file): \(text)")
            }
            #expect(try work.status(of: "annotations").text("state") == "clean")
            #expect(try work.fails(5, "rm", "data").contains("reg status"))
            #expect(try work.reg("rm", "model").text.contains("its files stay where they are: weights/model"))
        }
    }

    @Test func whatGitKeepsCanBeTakenOutToo() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            try work.addSampleAndPush()
            let removed = try #require(try work.json("rm", "config").list("artifacts").first)
            #expect(removed["digest"] == .null && removed.flag("in_git") == true)
            #expect(work.has("config/train.yaml"))
        }
    }

    @Test func aRemovedArtifactCanBeUsedAgain() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            try work.addSampleAndPush()
            let lock = try work.text(of: "reg.lock")
            try work.reg("rm", "model")
            let used = try #require(try work.json("use", "model").list("artifacts").first)
            #expect(used.text("path") == "weights/model.safetensors", "the place that the commit's set has")
            #expect(used.count("version") == 1 && used.flag("unchanged") == false)
            #expect(try work.text(of: "reg.lock") == lock)
            #expect(try work.text(of: ".gitignore").contains("/weights/model.safetensors"))
            #expect(try work.status(of: "model").text("state") == "clean")
        }
    }

    // MARK: use

    @Test func anEarlierVersionTakesThePlaceOfTheLock() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            try work.pushNextVersion("two\n")
            #expect(try work.json("use", "data").list("artifacts").first?.flag("unchanged") == true)
            let used = try #require(try work.json("use", "data@v1").list("artifacts").first)
            #expect(used.text("path") == "data/" && used.count("version") == 1)
            #expect(used.count("bytes") == 4 && used.count("files") == 1)
            #expect(try work.text(of: "data/a.txt") == "two\n")
            #expect(try work.status(of: "data").text("state") == "modified")
            try work.reg("pull")
            #expect(try work.text(of: "data/a.txt") == "one\n")
            try work.commit()
            let pushed = try work.json("push")
            #expect(pushed.list("artifacts").first?.count("version") == 1)
        }
    }

    @Test func aVersionComesIntoAProjectThatNeverHadIt() throws {
        try withSandbox { sandbox in
            let maker = try sandbox.project("maker")
            try maker.addSampleAndPush()
            let work = try sandbox.project("work")
            let model = try #require(try work.json("use", "model@v1").list("artifacts").first)
            #expect(model.text("path") == "weights/model.safetensors" && model.text("type") == "weights")
            try work.reg("use", "data@latest", "--as", "images", "--path", "input/images/")
            try work.reg("use", "data", "--as", "more")
            #expect(try work.status(of: "images").text("state") == "missing")
            try work.reg("pull")
            #expect(try work.tree("weights") == maker.tree("weights"))
            #expect(try work.tree("input/images") == maker.tree("data"))
            #expect(try work.tree("more") == maker.tree("data"))
            #expect(try work.json("status").flag("clean") == true)
        }
    }

    @Test func aFileKeepsItsNameWhereverItGoes() throws {
        try withSandbox { sandbox in
            let maker = try sandbox.project("maker")
            try maker.addSampleAndPush()
            let work = try sandbox.project("work")
            let refusal = try work.fails(2, "use", "model", "--path", "best.safetensors")
            #expect(refusal.contains("--path best.safetensors/"))
            #expect(!work.has("reg.lock"))
            try makeDirectory(work["sub"])
            try work.inside("sub").reg("use", "model", "--path", "model.safetensors")
            #expect(try work.text(of: "reg.lock").contains("model weights sub/model.safetensors sha256:"))
            try work.reg("use", "model", "--as", "teacher", "--path", "teacher/")
            try work.reg("pull")
            let weights = try readFile(maker["weights/model.safetensors"])
            #expect(try readFile(work["sub/model.safetensors"]) == weights)
            #expect(try readFile(work["teacher/model.safetensors"]) == weights)
        }
    }

    @Test func conflictsAreRefusedWithAProposalThatWorks() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            try work.addSampleAndPush()
            let lock = try work.text(of: "reg.lock")
            let taken = try work.fails(2, "use", "data@v1", "--path", "elsewhere/")
            #expect(taken.contains("--as data-v1 --path data-v1/"))
            let inside = try work.fails(2, "use", "data@v1", "--as", "part", "--path", "data/part/")
            #expect(inside.contains("data") && inside.contains("--path part-v1/"))
            let around = try work.fails(2, "use", "data@v1", "--as", "whole", "--path", "weights/")
            #expect(around.contains("model"))
            #expect(try work.fails(2, "use", "config@v1").contains("git keeps"))
            #expect(try work.text(of: "reg.lock") == lock)
            try work.reg("use", "data@v1", "--as", "data-v1", "--path", "data-v1/")
        }
    }

    @Test func whatIsNoVersionIsNotFound() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            let lock = try work.text(of: "reg.lock")
            let unknown = "data@sha256:" + String(repeating: "0f", count: 32)
            for reference in ["data@v2", "nothing@v1", unknown, "data@nosuchbranch"] {
                try work.fails(5, "use", reference)
            }
            try work.fails(2, "use", "data@v1", "--as", "x", "--path", "../outside/")
            try work.fails(2, "use", "data@v1", "--as", "x", "--path", ".")
            try work.fails(6, "use", "data@v1", "--as", "x", "--path", ".git/x/")
            #expect(try work.text(of: "reg.lock") == lock)
        }
    }

    @Test func bothNeedARepository() throws {
        try withSandbox { sandbox in
            let place = try sandbox.directory("bare")
            #expect(try place.fails(2, "rm", "data").contains("git init"))
            #expect(try place.fails(2, "use", "data@v1").contains("git init"))
        }
    }
}
