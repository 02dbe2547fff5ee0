// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegJSON
import RegTesting
import Testing

/// Repositories of every kind that git makes, and where in them reg is run.
@Suite struct GitTests {
    // MARK: Worktrees, history

    @Test func whatOneWorktreeAddedAnotherPushes() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            try work.write(seededBytes(count: 50_000, seed: 1), to: BytePath("data/a.bin"))
            try work.reg("add", "data")
            let commit = try work.commit()
            try work.git("worktree", "add", "--quiet", "--detach", "../tree")
            try remove(work["data"])
            let tree = Place(path: sandbox.path.appending("tree"), sandbox: sandbox)
            let pushed = try tree.json("push")
            #expect(pushed["binding"]?.text("commit") == commit)
            #expect(try tree.json("store").text("path") == work[".git/reg/store"].lossy)
            try tree.reg("pull")
            #expect(try readFile(tree["data/a.bin"]) == seededBytes(count: 50_000, seed: 1))
            try tree.reg("store", "trim")
            try work.reg("pull")
            #expect(try work.tree("data") == tree.tree("data"))
        }
    }

    @Test func shallowClonesAddAndPush() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            let old = try work.git("rev-parse", "HEAD")
            try work.pushNextVersion("two\n")
            try work.git("clone", "--quiet", "--depth", "1", "file://\(work.path.lossy)", "../shallow")
            let clone = Place(path: sandbox.path.appending("shallow"), sandbox: sandbox)
            try clone.reg("pull")
            let commit = try clone.pushNextVersion("three\n")
            #expect(try clone.json("show", "data@v3").texts("commits") == [commit])
            #expect(try clone.fails(5, "show", "data@HEAD~2").contains("git fetch --unshallow"))
            #expect(!(try clone.fails(5, "show", "data@v9")).contains("unshallow"))
            #expect(try clone.reg("cat", "data@\(old):a.txt").text == "one\n", "the binding knows the commit")
        }
    }

    @Test func hooksOfGitRunRegInTheirRepository() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            let hook = "#!/bin/sh\nexec \(try Binary.require()) push --json >../hook.json 2>&1\n"
            try work.write(Array(hook.utf8), to: BytePath(".git/hooks/post-commit"), mode: 0o755)
            try work.write("two\n", to: "data/a.txt")
            try work.reg("add")
            try makeDirectory(work["sub"])
            try work.inside("sub").git("commit", "--quiet", "--all", "--message", "next")
            let pushed = try JSON.parse(try readFile(sandbox.path.appending("hook.json")).dropLast())
            #expect(pushed["binding"]?.text("commit") == (try work.git("rev-parse", "HEAD")))
            #expect(try work.reg("cat", "data@v2:a.txt").text == "two\n")
        }
    }

    // MARK: Where the repository is

    @Test func variablesOfGitNameTheRepository() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            var elsewhere = try sandbox.directory("elsewhere")
            elsewhere.environment["GIT_DIR"] = work[".git"].lossy
            elsewhere.environment["GIT_WORK_TREE"] = work.path.lossy
            try work.write("two\n", to: "data/a.txt")
            #expect(try elsewhere.status(of: "data").texts("changed") == ["a.txt"])
            try elsewhere.reg("add", work["data"].lossy)
            #expect(try work.json("status").flag("clean") == true)
            #expect(try list(elsewhere.path).isEmpty)
        }
    }

    @Test(arguments: [
        Array("with space".utf8), Array("new\nline".utf8), [0x66, 0xff, 0x2e], Array("-n".utf8),
    ])
    func repositoriesLieAtPathsOfAnyBytes(name: [UInt8]) throws {
        try withSandbox { sandbox in
            let origin = try sandbox.pushedProject()
            let folder = sandbox.path.appending(BytePath(name))
            try makeDirectory(folder)
            // A program of this machine can be started in such a directory only by a shell.
            let script = """
                cd "$0" && git clone --quiet "$1" clone && cd clone && "$2" pull && echo two >data/a.txt && "$2" add \
                && git commit --quiet --all --message two && "$2" push && "$2" status --json \
                && git checkout --quiet HEAD~1 && "$2" pull --quiet
                """
            let command = Command(
                try Binary.find("sh"),
                [
                    Array("-ec".utf8), Array(script.utf8), folder.bytes, origin.path.bytes,
                    Array(Binary.path.utf8),
                ],
                environment: sandbox.environment, in: "/")
            let outcome = try command.run()
            try #require(outcome.code == 0, "\(outcome.ending)\n\(outcome.errorText)")
            let clone = folder.appending("clone")
            #expect(try readText(clone.appending("data/a.txt")) == "one\n", "what reg wrote needs no --force")
            #expect(exists(clone.appending(".git/reg/manifest.sqlite")))
            #expect(try origin.reg("cat", "data@v2:a.txt").text == "two\n")
        }
    }

    @Test func insideGitsDirectoryThereIsNoWorkTree() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            try work.git("clone", "--quiet", "--bare", ".", "../bare.git")
            let bare = Place(path: sandbox.path.appending("bare.git"), sandbox: sandbox)
            let before = try list(work[".git"])
            for (place, word) in [(bare, "bare"), (work.inside(".git"), "inside a git directory")] {
                for command in ["status", "add", "push", "pull", "store"] {
                    let refusal = try place.fails(2, command)
                    #expect(refusal.contains(word) && refusal.contains("work tree"), "\(refusal)")
                }
                let registry = sandbox.registry.lossy
                try place.reg("ls", "--registry", registry)
                try place.reg("pull", "data@v1", "-o", "../out-\(word.count)", "--registry", registry)
            }
            #expect(try readText(sandbox.path.appending("out-4/a.txt")) == "one\n")
            #expect(try list(work[".git"]) == before, "nothing was written there")
        }
    }

    @Test func repositoriesThatGitDoesNotTrustAreLeftAlone() throws {
        try withSandbox { sandbox in
            var work = try sandbox.pushedProject()
            let before = try work.text(of: "reg.lock")
            try work.write("two\n", to: "data/a.txt")
            work.environment["GIT_TEST_ASSUME_DIFFERENT_OWNER"] = "1"
            for command in ["status", "add", "push", "pull"] {
                let refusal = try work.fails(2, command)
                #expect(refusal.contains("safe.directory") && refusal.contains("another user"), "\(refusal)")
            }
            #expect(try work.text(of: "reg.lock") == before)
            try sandbox.directory("x").git("config", "--global", "--add", "safe.directory", work.path.lossy)
            try work.reg("add")
        }
    }

    // MARK: Submodules

    /// A project with the repository `lib`, which holds `data/x.txt`, as its submodule `vendor/lib`.
    private func withSubmodule(_ sandbox: Sandbox) throws -> Place {
        let library = try sandbox.repository("lib")
        try library.write("x\n", to: "data/x.txt")
        try library.commit()
        let work = try sandbox.project()
        try work.git(
            "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", library.path.lossy,
            "vendor/lib")
        try work.commit()
        return work
    }

    @Test func pathsInSubmodulesAreForTheSubmodule() throws {
        try withSandbox { sandbox in
            let work = try withSubmodule(sandbox)
            let before = try Tree(work["vendor"])
            for path in ["vendor/lib/data", "vendor/lib/data/x.txt", "vendor/lib"] {
                let refusal = try work.fails(2, "add", path)
                #expect(refusal.contains("the submodule vendor/lib") && refusal.contains("cd vendor/lib"))
            }
            #expect(try work.fails(2, "push", "vendor/lib/data").contains("submodule"))
            #expect(!work.has("reg.lock"))
            #expect(try Tree(work["vendor"]) == before)
            let library = work.inside("vendor/lib")
            try library.reg("init", "--registry", sandbox.registry.lossy)
            try library.reg("add", "data")
            try library.commit()
            try library.reg("push")
            #expect(try library.json("status").flag("bound") == true)
            #expect(try list(library.path).contains(BytePath("reg.lock")) && !work.has("reg.lock"))
        }
    }

    @Test func artifactsHoldNoSubmodules() throws {
        try withSandbox { sandbox in
            let work = try withSubmodule(sandbox)
            try work.write("y\n", to: "vendor/own/y.txt")
            #expect(try work.fails(6, "add", "vendor").contains("the submodule vendor/lib"))
            try work.reg("add", "vendor/own")
            try work.commit()
            try work.reg("push")
            #expect(
                try work.fails(2, "use", "own", "--as", "other", "--path", "vendor/lib/own/").contains(
                    "cd vendor/lib"))
        }
    }

    @Test func aSubmoduleThatIsNotCheckedOutIsOneToo() throws {
        try withSandbox { sandbox in
            let clone = try withSubmodule(sandbox).clone()
            try clone.write("z\n", to: "vendor/lib/data/z.txt")
            try clone.fails(2, "add", "vendor/lib/data")
            #expect(!clone.has("reg.lock"))
        }
    }

    @Test func aCloneInsideAnArtifactIsOnlyFiles() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            try work.git("init", "--quiet", "data/set")
            try work.write("x\n", to: "data/set/x.txt")
            try work.reg("add", "data")
            #expect(try work.json("show", "data").list("files").map { $0.text("path") } == ["set/x.txt"])
        }
    }

    // MARK: Merges

    @Test func aMergeConflictInTheLockStopsEveryVerb() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            try work.git("branch", "side")
            try work.pushNextVersion("mine\n")
            try work.git("checkout", "--quiet", "side")
            try work.reg("pull")
            try work.pushNextVersion("theirs\n")
            #expect(try work.run("git", ["merge", "--quiet", "main"]).code == 1)
            let lock = try work.text(of: "reg.lock")
            #expect(lock.contains("<<<<<<<"))
            let commands = [
                ["status"], ["add"], ["add", "data"], ["push"], ["pull"], ["rm", "data"], ["use", "data@v1"],
            ]
            for command in commands {
                let refusal = try work.fails(3, command.map { Array($0.utf8) })
                #expect(refusal.contains("merge conflict: data"), "\(command): \(refusal)")
            }
            #expect(try work.text(of: "reg.lock") == lock)
            #expect(try work.text(of: "data/a.txt") == "theirs\n")
            try work.git("checkout", "--theirs", "reg.lock")
            try work.reg("pull")
            try work.commit()
            #expect(try work.json("push")["binding"] != .null)
            #expect(try work.text(of: "data/a.txt") == "mine\n")
        }
    }
}
