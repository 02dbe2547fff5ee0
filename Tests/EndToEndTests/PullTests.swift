// SPDX-License-Identifier: Apache-2.0
import Glibc
import RegBytes
import RegJSON
import RegTesting
import Testing

/// A pull writes what it was asked for, wherever it runs, and leaves everything else alone.
@Suite struct PullTests {
    /// A directory that holds `reg.toml` and `reg.lock` of a project but no repository, as in a container image.
    private func exported(_ work: Place) throws -> Place {
        let place = try work.sandbox.directory("exported")
        for name in ["reg.toml", "reg.lock"] { try place.write(try work.text(of: name), to: name) }
        return place
    }

    // MARK: What it needs

    @Test func lockIsEnoughWithoutARepository() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            try work.addSampleAndPush()
            let place = try exported(work)
            let pulled = try place.json("pull")
            #expect(pulled.list("artifacts").count == 3)
            for name in ["data", "annotations", "weights"] {
                #expect(try place.tree(name) == work.tree(name))
            }
            #expect(!place.has(".git") && !place.has(".reg"), "it leaves nothing but the artifacts")
            let names = ["annotations", "data", "reg.lock", "reg.toml", "weights"]
            #expect(try list(place.path) == names.map { BytePath($0) })
            try place.reg("pull")
        }
    }

    @Test func lockIsEnoughWithoutGit() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            try work.addSampleAndPush()
            var place = try exported(work)
            place.environment["PATH"] = "/nonexistent"
            try place.reg("pull")
            #expect(try place.tree("data") == work.tree("data"))
            var clone = try work.clone()
            clone.environment["PATH"] = "/nonexistent"
            try clone.reg("pull")
            #expect(try clone.tree("data") == work.tree("data"))
        }
    }

    @Test func referencesNeedNoGitEither() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            let commit = try work.git("rev-parse", "HEAD")
            var place = try sandbox.directory("plain")
            place.environment = ["PATH": "/nonexistent"]
            for (index, reference) in ["data", "data@v1", "data@latest", "data@\(commit)"].enumerated() {
                try place.reg("pull", reference, "-o", "out\(index)", "--registry", sandbox.registry.lossy)
                #expect(try place.tree("out\(index)") == work.tree("data"))
            }
        }
    }

    @Test func onlyTheTargetNeedsToBeWritable() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            let place = try exported(work)
            for variables in [["HOME": "/proc/nonexistent", "TMPDIR": "/proc/nonexistent"], [:]] {
                var bare = place
                bare.environment = variables
                try bare.reg("pull")
                #expect(try bare.tree("data") == work.tree("data"))
                try remove(bare["data"])
            }
            #expect(try list(place.path).map(\.lossy) == ["reg.lock", "reg.toml"])
        }
    }

    /// As a user who may write nothing but one directory.
    @Test func userWithoutRightsPullsIntoTheOneDirectoryThatIsTheirs() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            let place = try exported(work)
            let reg = sandbox.path.appending("reg")
            try writeFile(try readFile(BytePath(try Binary.require())), to: reg, mode: 0o755)
            try setMode(0o755, of: sandbox.path)
            try makeDirectory(place["target"])
            try setMode(0o777, of: place["target"])
            try setMode(0o555, of: place.path)
            defer { try? setMode(0o755, of: place.path) }
            let prefix = geteuid() == 0 ? "setpriv --reuid 65534 --regid 65534 --clear-groups " : ""
            let line = "\(prefix)\"$0\" pull data -o target/out && \(prefix)\"$0\" pull @\"$1\" -o target/set"
            let commit = try work.git("rev-parse", "HEAD")
            let outcome = try place.run("bash", ["-c", line, reg.lossy, commit])
            #expect(outcome.code == 0, "\(outcome.errorText)")
            #expect(try place.tree("target/out") == work.tree("data"))
            #expect(try place.tree("target/set/data") == work.tree("data"))
        }
    }

    @Test func pullFromTheLockNeverReadsTheLog() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            let place = try exported(work)
            try remove(sandbox.registry.appending("log"))
            try place.reg("pull")
            #expect(try place.tree("data") == work.tree("data"))
        }
    }

    // MARK: What it leaves

    @Test func switchingBranchesNeedsNoForce() throws {
        try withSandbox { sandbox in
            let files = ["a.txt": "a1\n", "old/b.txt": "b1\n", "same.txt": "same\n"]
            let work = try sandbox.pushedProject("work", files)
            let first = try work.tree("data")
            try work.git("switch", "--quiet", "--create", "other")
            try remove(work["data/old"])
            try work.write("a2\n", to: "data/a.txt")
            try work.write("new\n", to: "data/new/c.txt")
            try work.reg("add")
            try work.commit()
            try work.reg("push")
            let second = try work.tree("data")
            for _ in 0..<2 {
                try work.git("switch", "--quiet", "main")
                let pulled = try work.json("pull")
                #expect(pulled.list("artifacts").first?.count("removed_files") == 1)
                #expect(try work.tree("data") == first)
                try work.git("switch", "--quiet", "other")
                try work.reg("pull")
                #expect(try work.tree("data") == second)
            }
            #expect(try work.json("status").flag("clean") == true)
        }
    }

    /// What reg added is reg's own, also where the clock cannot tell whether it was written again right away.
    ///
    /// In memory, where nothing waits for a disk.
    @Test func filesAddedRightAfterTheyWereWrittenAreKnown() throws {
        try withSandbox(in: isDirectory(BytePath("/dev/shm")) ? "/dev/shm" : "/tmp") { sandbox in
            let work = try sandbox.pushedProject()
            for round in 0..<5 {
                for index in 0..<9 { try work.write("\(round) \(index)\n", to: "data/\(index).txt") }
                try work.write("\(round)\n", to: "data/a.txt")
                try work.reg("add")
                try work.reg("pull", "data@v1")
                #expect(try work.tree("data").paths == ["a.txt"])
            }
        }
    }

    @Test func straysStayAndEditedLeftoversToo() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject("work", ["a.txt": "a1\n", "b.txt": "b1\n", "c.txt": "c1\n"])
            try remove(work["data/b.txt"])
            try remove(work["data/c.txt"])
            try work.reg("add")
            try work.commit()
            try work.reg("push")
            try work.git("checkout", "--quiet", "HEAD~1")
            try work.reg("pull")
            try work.write("mine\n", to: "data/stray.txt")
            try work.write("edited\n", to: "data/b.txt")
            try work.git("checkout", "--quiet", "main")
            try work.reg("pull")
            #expect(try work.tree("data").paths == ["a.txt", "b.txt", "stray.txt"])
            #expect(try work.text(of: "data/b.txt") == "edited\n")
            #expect(try work.status(of: "data").texts("added") == ["b.txt", "stray.txt"])
        }
    }

    @Test func straysAreListed() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            try work.pushNextVersion("two\n")
            try work.write("mine\n", to: "data/stray.txt")
            try work.git("checkout", "--quiet", "HEAD~1")
            let outcome = try work.reg("pull", "--dry-run")
            #expect((outcome.text + outcome.errorText).contains("stray.txt"))
            let notes = try work.json("pull").texts("notes").joined(separator: "\n")
            #expect(notes.contains("stray.txt"), "\(notes)")
        }
    }

    @Test func nothingIsWrittenTwice() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject("work", ["a.txt": "a1\n", "b.txt": "b1\n"])
            let clone = try work.clone()
            let first = try #require(try clone.json("pull").list("artifacts").first)
            #expect(first.count("written_files") == 2)
            #expect(try #require(first.count("fetched_bytes")) > 0)
            let again = try #require(try clone.json("pull").list("artifacts").first)
            #expect(again.count("written_files") == 0 && again.count("kept_bytes") == 6)
            try remove(clone["data/a.txt"])
            #expect(try clone.status(of: "data").texts("missing") == ["a.txt"])
            let restored = try #require(try clone.json("pull").list("artifacts").first)
            #expect(restored.count("written_files") == 1)
            #expect(try clone.tree("data") == work.tree("data"))
        }
    }

    @Test func dryRunWritesNothing() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            let clone = try work.clone()
            let answer = try clone.json("pull", "--dry-run")
            #expect(answer.list("artifacts").first?.count("written_files") == 1)
            #expect(answer.list("artifacts").first?["verified"] == .null)
            try clone.reg("pull", "data@v1", "-o", "out", "--dry-run")
            #expect(!clone.has("data") && !clone.has("out"))
        }
    }

    @Test func executableBitsAndEmptyThingsArrive() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            try work.write([], to: BytePath("data/empty.txt"))
            try makeDirectory(work["data/hollow/inner"])
            try work.write(Array("#!/bin/sh\n".utf8), to: BytePath("data/run.sh"), mode: 0o755)
            try work.write(Array("#!/bin/sh\n".utf8), to: BytePath("data/walk.sh"), mode: 0o644)
            try work.reg("add", "data")
            try work.commit()
            try work.reg("push")
            let clone = try work.clone()
            try clone.reg("pull")
            #expect(try clone.tree("data") == work.tree("data"))
            let files = try clone.json("show", "data").list("files")
            #expect(files.filter { $0.flag("executable") == true }.map { $0.text("path") } == ["run.sh"])

            try setMode(0o755, of: work["data/walk.sh"])
            #expect(try work.status(of: "data").texts("changed") == ["walk.sh"])
            try work.reg("add")
            try work.commit()
            try work.reg("push")
            try clone.git("pull", "--quiet")
            try clone.reg("pull")
            #expect(try clone.tree("data") == work.tree("data"))
        }
    }

    @Test func emptyArtifactsAreArtifactsToo() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            try makeDirectory(work["hollow"])
            try work.write([], to: BytePath("nothing.bin"))
            try work.reg("add", "hollow", "nothing.bin")
            try work.commit()
            try work.reg("push")
            let clone = try work.clone()
            try clone.reg("pull")
            #expect(try readFile(clone["nothing.bin"]).isEmpty)
            #expect(isDirectory(clone["hollow"]))
            #expect(try clone.json("verify", "--data").flag("ok") == true)
        }
    }

    @Test func outputOfASingleFileIsADirectoryWithIt() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            try work.writeSampleWeights(seed: 1)
            try work.reg("add", "weights/model.safetensors")
            try work.commit()
            try work.reg("push")
            let answer = try work.json("pull", "model@v1", "-o", "deep/er/out")
            #expect(answer.list("artifacts").first?.count("version") == 1)
            #expect(try work.tree("deep/er/out").paths == ["model.safetensors"])
            let file = BytePath("model.safetensors")
            #expect(
                try work.tree("deep/er/out").entries[file] == work.tree("weights").entries[file])
        }
    }

    @Test func olderVersionInPlaceIsPulledToItsLockPath() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            try work.pushNextVersion("two\n")
            let lock = try work.text(of: "reg.lock")
            try work.reg("pull", "data@v1")
            #expect(try work.text(of: "data/a.txt") == "one\n")
            #expect(try work.text(of: "reg.lock") == lock)
            #expect(try work.status(of: "data").text("state") == "modified")
            try work.reg("pull")
            #expect(try work.text(of: "data/a.txt") == "two\n")
        }
    }
}
