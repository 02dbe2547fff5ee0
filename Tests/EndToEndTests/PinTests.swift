// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegJSON
import RegTesting
import Testing

/// `reg pin`: what it holds, when it is the same, and when there is none.
@Suite struct PinTests {
    @Test func itHoldsCodeAndArtifactsByTheirDigests() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            let commit = try work.addSampleAndPush()
            let pin = try work.json(
                "pin", "--seed", "7", "--env", "B", "--env", "A", "--", "python3", "train.py")
            #expect(pin.text("commit") == commit && pin.flag("newly_bound") == false)
            let members = try #require(pin["artifacts"]?.objectValue?.members)
            #expect(members.map(\.key) == ["annotations", "config", "data", "model"])
            for artifact in try work.json("ls").list("artifacts") {
                let name = try #require(artifact.text("name"))
                #expect(pin["artifacts"]?[name] == artifact["digest"])
            }
            let content = try #require(pin["pin"])
            #expect(content.texts("command") == ["python3", "train.py"])
            #expect(content.texts("environment") == ["A", "B"] && content.count("seed") == 7)
            #expect(content["artifacts"]?["data"]?.text("path") == "data/")
            let tracked = try work.git("ls-files").split(separator: "\n")
            #expect(content["code"]?.count("files") == Int64(tracked.count))
            #expect(try work.json("verify").flag("ok") == true)
        }
    }

    @Test func theSameInputsGiveTheSamePinInEveryClone() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            try work.addSampleAndPush()
            let first = try work.json("pin")
            let again = try work.json("pin")
            #expect(first.text("id") == again.text("id"))
            #expect(
                first.count("record") == 2 && again["record"] == .null && again.count("uploaded_bytes") == 0)
            let clone = try work.clone()
            #expect(try clone.json("pin", "HEAD").text("id") == first.text("id"))
            #expect(try clone.json("pin", "--", "train").text("id") != first.text("id"))
            #expect(try work.json("log").list("entries").count { $0.text("kind") == "pin" } == 2)
            try work.reg("pin", "-o", "../a.pin")
            try clone.reg("pin", "HEAD", "-o", "../b.pin")
            #expect(
                try readFile(sandbox.path.appending("a.pin")) == readFile(sandbox.path.appending("b.pin")))
        }
    }

    @Test func aTreeThatDiffersIsRefused() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            try work.writeSampleFiles()
            try work.reg("add", "data", "config/train.yaml")
            try work.write("print()\n", to: "train.py")
            try work.commit()
            #expect(try work.fails(12, "pin").contains("reg push"))
            try work.reg("push")
            try work.reg("pin")
            try work.write("more", to: "untracked.txt")
            #expect(try work.reg("pin").errorText.contains("untracked.txt"))
            try work.write("print(1)\n", to: "train.py")
            #expect(try work.fails(12, "pin").contains("train.py"))
            try work.reg("pin", "HEAD")
            try work.git("checkout", "--quiet", "train.py")
            try work.write("new", to: "data/0.jpg")
            #expect(try work.fails(12, "pin").contains("data"))
            try work.reg("add")
            try work.commit()
            #expect(try work.fails(12, "pin").contains("data was not pushed"))
            try work.reg("push")
            try work.reg("pin")
        }
    }

    @Test func changesArePinnedAsAPatch() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            try work.addSampleAndPush()
            try work.write("print()\n", to: "train.py")
            let commit = try work.commit()
            try work.reg("push")
            let clean = try work.json("pin")
            let index = try work.git("ls-files", "--stage")
            try work.write("print(1)\n", to: "train.py")
            try work.write("epochs: 4\n", to: "config/train.yaml")
            let pin = try work.json("pin", "--with-patch")
            #expect(pin.text("commit") == commit && pin["pin"]?["patch"]?.count("files") == 1)
            #expect(pin["pin"]?["code"]?.text("digest") != clean["pin"]?["code"]?.text("digest"))
            #expect(pin["artifacts"]?["config"] != clean["artifacts"]?["config"], "as it is now")
            #expect(try work.git("ls-files", "--stage") == index, "the index is the user's")
            #expect(try work.json("pin", "--with-patch").text("id") == pin.text("id"))
            #expect(try work.json("pin", "HEAD").text("id") == clean.text("id"))
            #expect(try work.json("verify", "--data").flag("ok") == true)
        }
    }

    @Test func aCandidateTakesThePlaceOfTheLock() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            try work.pushNextVersion("two\n")
            let pin = try work.json("pin", "--with", "data@v1")
            let old = try #require(try work.json("show", "data@v1").text("digest"))
            #expect(pin["artifacts"]?.text("data") == old)
            #expect(try work.json("pin").text("id") != pin.text("id"))
            let other = try sandbox.directory("weights")
            try other.write("weights", to: "w.bin")
            try other.reg("push", "./w.bin", "--as", "found", "--registry", sandbox.registry.lossy)
            let with = try work.json("pin", "--with", "found@v1")
            #expect(with["pin"]?["artifacts"]?["found"]?.text("path") == "found/")
            #expect(try work.fails(5, "pin", "--with", "data@v9").contains("data@v9"))
        }
    }

    @Test func submodulesArePinnedWithTheirFiles() throws {
        try withSandbox { sandbox in
            let library = try sandbox.repository("library")
            try library.write("def f(): pass\n", to: "lib.py")
            try library.write(Array("#!/bin/sh\n".utf8), to: BytePath("tool.sh"), mode: 0o755)
            try library.commit()
            let work = try sandbox.pushedProject()
            let plain = try #require(try work.json("pin")["pin"]?["code"]?.count("files"))
            try work.git(
                "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", library.path.lossy,
                "third/lib")
            try work.commit()
            try work.reg("push")
            let pin = try work.json("pin")
            #expect(pin["pin"]?["code"]?.count("files") == plain + 3, ".gitmodules and two files")
            try work.write("changed\n", to: "third/lib/lib.py")
            #expect(try work.fails(12, "pin").contains("third/lib"))
            #expect(try work.fails(12, "pin", "--with-patch").contains("submodules"))
            let clone = try work.clone()
            #expect(
                try clone.json("pin", "HEAD~1").flag("newly_bound") == false, "its files are there already")
            try clone.git("commit", "--quiet", "--allow-empty", "--message", "another")
            #expect(try clone.fails(5, "pin", "HEAD").contains("git submodule update"))
        }
    }

    @Test func aPinIsPulledWithoutNamesAndWithoutTheLog() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            try work.write("#!/bin/sh\n", to: "tools/run.sh")
            try setMode(0o755, of: work["tools/run.sh"])
            try work.addSampleAndPush()
            try work.reg("pin", "-o", "../job.pin")
            let elsewhere = try sandbox.directory("elsewhere")
            try move(sandbox.registry.appending("log"), to: sandbox.path.appending("no-log"))
            let pulled = try elsewhere.json(
                "pull", "--pin", "../job.pin", "-o", "copy", "--registry", sandbox.registry.lossy)
            // registry.json; then of code and four artifacts: the list of manifests, one of them, and of its packs whether
            // they are there, pages and chunks.
            #expect(try #require(pulled.count("requests")) <= 1 + 5 * 8)
            let copy = elsewhere.inside("copy")
            for file in try work.git("ls-files").split(separator: "\n").map(String.init) {
                #expect(try readFile(copy[file]) == readFile(work[file]), "\(file)")
            }
            for file in (0..<6).map({ "data/\($0).jpg" }) + ["weights/model.safetensors"] {
                #expect(try readFile(copy[file]) == readFile(work[file]), "\(file)")
                #expect(try #require(mode(of: copy[file])) & 0o222 == 0, "inputs are read-only")
            }
            #expect(try #require(mode(of: copy["tools/run.sh"])) & 0o100 != 0)
            #expect(!copy.has(".git"))
            try copy.write("more", to: "stray")
            let differs = try elsewhere.fails(
                3, "pull", "--pin", "../job.pin", "-o", "copy", "--registry", sandbox.registry.lossy)
            #expect(differs.contains("stray"))
            try elsewhere.reg(
                "pull", "--pin", "../job.pin", "-o", "copy", "--clean", "--registry", sandbox.registry.lossy)
            #expect(!copy.has("stray"))
        }
    }

    @Test func whatCannotBePinnedIsSaid() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            #expect(try work.fails(2, "pin", "--image", "train:latest").contains("sha256"))
            #expect(try work.fails(2, "pin", "--env", "A=B").contains("A=B"))
            #expect(try work.fails(5, "pin", "nothing").contains("nothing"))
            #expect(try work.fails(2, "pin", "HEAD", "--with-patch").contains("working tree"))
            try work.git("config", "core.symlinks", "true")
            try makeSymlink(to: "/etc/passwd", at: work["outside"])
            try work.commit()
            #expect(try work.fails(6, "pin").contains("outside"))
        }
    }
}
