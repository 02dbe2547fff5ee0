// SPDX-License-Identifier: Apache-2.0
import Glibc
import RegBytes
import RegHash
import RegJSON
import RegTesting
import Testing

/// Every failure has its exit code, one line that says what is wrong, and with `--json` one object.
@Suite struct FailureTests {
    // MARK: 2, usage and configuration

    @Test(arguments: [
        ["frobnicate"], ["show"], ["cat"], ["add", "--nonsense", "data"], ["push", "--type", "nonsense"],
        ["log", "-n", "-1"], ["log", "-n", "many"], ["pull", "-j", "0"], ["pull", "-o"],
        ["completion", "csh"],
        ["manifest", "frobnicate"], ["cat", "data:a.txt", "--range"], ["add", "data", "--as", "Not A Name"],
        ["ls", "one", "two"],
    ])
    func wrongUsage(arguments: [String]) throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            try work.fails(2, arguments.map { Array($0.utf8) })
        }
    }

    @Test func helpAndVersionAreNoFailures() throws {
        try withSandbox { sandbox in
            let place = try sandbox.directory("anywhere")
            #expect(try place.reg("--help").text.contains("Exit codes"))
            #expect(try place.reg("help", "push").text.contains("USAGE: reg push"))
            #expect(!(try place.reg("--version").text.isEmpty))
        }
    }

    @Test func initAndAddNeedARepository() throws {
        try withSandbox { sandbox in
            let place = try sandbox.directory("plain")
            try place.write("one\n", to: "data/a.txt")
            #expect(try place.fails(2, "init").contains("git"))
            #expect(try place.fails(2, "add", "data").contains("git"))
            #expect(try place.fails(2, "push").contains("--registry"))
            try place.fails(2, "pull")
            #expect(try list(place.path) == [BytePath("data")])
        }
    }

    @Test func brokenConfigurationIsNamedWithItsLine() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            try work.write("project = \"0123\"\n", to: "reg.toml")
            #expect(try work.fails(2, "status").contains("reg.toml"))
            try work.write("# fine\nproject = = 3\n", to: "reg.toml")
            let message = try work.fails(2, "push")
            #expect(message.contains("reg.toml") && message.contains("2"))
            try work.write(
                "project = \"\(String(repeating: "0", count: 32))\"\nregistry = 7\n", to: "reg.toml")
            #expect(try work.fails(2, "push").contains("registry"))
        }
    }

    @Test(arguments: [
        "date = 2026-01-01T:00:0000Z,\n", "time = 1979-05-27 x\n",
        String(repeating: "a.", count: 60_000) + "b = 1\n",
        "[" + String(repeating: "a.", count: 60_000) + "b]\n",
        "a = " + String(repeating: "[", count: 100_000) + "\n",
    ])
    func configurationsMadeToHurtAreRefused(text: String) throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            try work.write(text, to: "reg.toml")
            #expect(try work.fails(2, "status").contains("reg.toml"))
        }
    }

    @Test func registriesOfOtherKindsAreRefusedByName() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            for url in ["ftp://host/dir", "file://host/dir"] {
                #expect(try work.fails(2, "ls", "--registry", url).contains(url))
            }
        }
    }

    @Test func lockThatIsNoneIsNamed() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            let lock = try work.text(of: "reg.lock")
            for text in ["rubbish\n", lock + "one more\n", lock.replacing("sha256:", with: "sha256:x")] {
                try work.write(text, to: "reg.lock")
                for command in ["status", "pull", "push"] {
                    #expect(try work.fails(2, command).contains("reg.lock"))
                }
            }
            try work.write("reg-lock 9\n", to: "reg.lock")
            #expect(try work.fails(13, "pull").contains("9"))
            try work.write("", to: "reg.lock")
            #expect(try work.json("pull").list("artifacts").isEmpty, "an empty lock has no artifacts")
        }
    }

    @Test func repositoryOfAnotherUserGetsAPlainMessage() throws {
        try withSandbox { sandbox in
            guard geteuid() == 0 else { return }  // only root can make what belongs to others
            let work = try sandbox.pushedProject()
            _ = try work.run("chown", ["-R", "65534:65534", "."])
            let message = try work.fails(2, "status")
            #expect(message.contains("another user") && message.contains("safe.directory"), "\(message)")
        }
    }

    // MARK: 3, conflicts

    @Test func editedFileInTheWayStaysUntilForced() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            try work.pushNextVersion("two\n")
            try work.write("mine\n", to: "data/a.txt")
            #expect(try work.fails(3, "pull").contains("data/a.txt"))
            #expect(try work.fails(3, "pull", "data@v1").contains("data/a.txt"))
            #expect(try work.text(of: "data/a.txt") == "mine\n")
            try work.reg("pull", "--force")
            #expect(try work.text(of: "data/a.txt") == "two\n")
        }
    }

    @Test func fileThatRegNeverWroteIsInTheWayToo() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            let clone = try work.clone()
            try clone.write("mine\n", to: "data/a.txt")
            try clone.fails(3, "pull")
            #expect(try clone.text(of: "data/a.txt") == "mine\n")
            try clone.write("one\n", to: "data/a.txt")
            try clone.reg("pull")
            try clone.write("mine\n", to: "data/a.txt")
            try clone.reg("pull", "--force")
            #expect(try clone.text(of: "data/a.txt") == "one\n")
        }
    }

    @Test func conflictInOneFileLeavesAllOthersAlone() throws {
        try withSandbox { sandbox in
            let files = ["a.txt": "a1\n", "b.txt": "b1\n", "c.txt": "c1\n"]
            let work = try sandbox.pushedProject("work", files)
            for name in ["a", "b", "c"] { try work.write("\(name)2\n", to: "data/\(name).txt") }
            try work.reg("add")
            try work.commit()
            try work.reg("push")
            try work.write("mine\n", to: "data/b.txt")
            let before = try work.tree("data")
            try work.fails(3, "pull", "data@v1")
            #expect(try work.tree("data") == before)
            try work.reg("pull", "data@v1", "--force")
            #expect(try work.text(of: "data/b.txt") == "b1\n")
        }
    }

    @Test func nonEmptyOutputDirectoryIsAConflict() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            try work.write("mine\n", to: "out/mine.txt")
            #expect(try work.fails(3, "pull", "data@v1", "-o", "out").contains("out"))
            #expect(try work.tree("out").paths == ["mine.txt"])
            try work.fails(3, "pull", "data@v1", "-o", "out/mine.txt")
            #expect(try work.text(of: "out/mine.txt") == "mine\n")
            try makeDirectory(work["empty"])
            try work.reg("pull", "data@v1", "-o", "empty")
            #expect(try work.tree("empty").paths == ["a.txt"])
        }
    }

    @Test func commitBoundToAnotherSetIsAConflict() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            let firstLock = try work.text(of: "reg.lock")
            try work.write("two\n", to: "data/a.txt")
            try work.reg("add")
            let commit = try work.commit()
            // Somebody says that the commit goes with the first version.
            try sandbox.forge.append(
                [Forge.bind(commit, lock: firstLock)], project: try sandbox.forge.project)
            #expect(try work.json("log").list("entries").first?.text("kind") == "bind", "the record counts")
            let records = try sandbox.forge.records.count
            #expect(try work.fails(3, "push").contains(commit.prefix(8)))
            #expect(try sandbox.forge.records.count == records)
        }
    }

    @Test func nameOfAnotherProjectNeedsShared() throws {
        try withSandbox { sandbox in
            let first = try sandbox.pushedProject("first")
            let second = try sandbox.project("second")
            try second.write("other\n", to: "data/a.txt")
            try second.reg("add", "data")
            try second.commit()
            let records = try sandbox.forge.records.count
            #expect(try second.fails(3, "push").contains("--shared"))
            #expect(try sandbox.forge.records.count == records)
            let pushed = try second.json("push", "--shared")
            #expect(pushed.member("artifacts", named: "data")?.count("version") == 2)
            #expect(pushed["binding"]?.text("commit") != nil)
            #expect(try first.reg("cat", "data@latest:a.txt").text == "other\n")
        }
    }

    /// A file of /proc has other bytes than its size says, as one has that somebody else is writing.
    @Test func fileThatChangesWhileItIsReadIsAConflict() throws {
        try withSandbox { sandbox in
            let place = try sandbox.directory("plain")
            let registry = sandbox.registry.lossy
            let arguments = ["push", "/proc/version", "--as", "kernel", "--registry", registry]
            #expect(try place.fails(3, arguments.map { Array($0.utf8) }).contains("/proc/version"))
            #expect(try place.json("ls", "--registry", registry).list("artifacts").isEmpty)
        }
    }

    @Test func unresolvedMergeOfTheLockIsNamed() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            try work.git("branch", "other")
            try work.pushNextVersion("two\n")
            try work.git("switch", "--quiet", "other")
            try work.reg("pull")
            try work.pushNextVersion("three\n")
            _ = try work.run("git", ["merge", "--quiet", "main"])
            #expect(try work.text(of: "reg.lock").contains("<<<<<<<"))
            for command in [["status"], ["pull"], ["push"], ["add"]] {
                #expect(try work.fails(3, command.map { Array($0.utf8) }).contains("reg.lock"))
            }
            #expect(try work.text(of: "reg.lock").contains("<<<<<<<"), "nobody's lines are touched")
        }
    }

    // MARK: 4, integrity

    @Test func damagedPackIsNoticedBeforeAFileHasItsName() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            try work.write(seededBytes(count: 200_000, seed: 1), to: BytePath("data/a.bin"))
            try work.reg("add", "data")
            try work.commit()
            try work.reg("push")
            let clone = try work.clone()
            try clone.damage(try #require(try clone.objects(ofKind: "packs").first))

            let message = try clone.fails(4, "pull")
            #expect(message.contains("pack"), "\(message)")
            #expect(!clone.has("data/a.bin"))
            try clone.fails(4, "pull", "data@v1", "-o", "out")
            #expect(!clone.has("out"))
            try clone.fails(4, "cat", "data:a.bin")
            try clone.fails(4, "verify", "--data")
            let outcome = try clone.runReg(["verify", "--data", "--json"].map { Array($0.utf8) })
            let document = try JSON.parse(outcome.output)
            #expect(document.flag("ok") == false)
            #expect(document.list("problems").first?.texts("artifacts") == ["data@v1"])
            #expect(try Promise(command: ["verify"]).faults(in: document) == [])
        }
    }

    @Test(arguments: ["packs", "manifests", "log"])
    func damagedObjectOfEachKindIsAnIntegrityError(kind: String) throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            let clone = try work.clone()
            try clone.damage(try #require(try clone.objects(ofKind: kind).first))
            try clone.fails(4, "pull", "data@v1", "-o", "out")
            try clone.fails(4, "verify", "--data")
            #expect(!clone.has("out"))
        }
    }

    @Test func truncatedPackIsAnIntegrityError() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            let clone = try work.clone()
            let pack = try #require(try clone.objects(ofKind: "packs").first)
            let bytes = try readFile(pack)
            for length in [bytes.count - 1, bytes.count / 2, 4, 0] {
                try writeFile(Array(bytes.prefix(length)), to: pack)
                try clone.fails(4, "verify", "--data")
            }
            try clone.fails(4, "pull")
        }
    }

    @Test func versionsThatAreWholeCanStillBePulled() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            let pack = try #require(try work.objects(ofKind: "packs").first)
            try work.pushNextVersion("something quite different\n")
            try work.damage(pack)
            let clone = try work.clone()
            try clone.reg("pull")
            #expect(try clone.text(of: "data/a.txt") == "something quite different\n")
            try clone.fails(4, "pull", "data@v1", "-o", "old")
        }
    }

    // MARK: 5, not found

    @Test func registryThatIsNotThereIsNotFoundAndNotMade() throws {
        try withSandbox { sandbox in
            let place = try sandbox.directory("plain")
            let missing = sandbox.path.appending("missing").lossy
            let commands = [
                ["pull", "data@v1", "-o", "out"], ["ls"], ["log"], ["show", "data"], ["cat", "data:a.txt"],
                ["verify"],
            ]
            for command in commands {
                let arguments = command + ["--registry", missing]
                let message = try place.fails(5, arguments.map { Array($0.utf8) })
                #expect(message.contains(missing), "\(message)")
            }
            #expect(!exists(sandbox.path.appending("missing")) && !place.has("out"))
        }
    }

    @Test func directoryThatIsNoRegistryIsNotTakenForOne() throws {
        try withSandbox { sandbox in
            let place = try sandbox.directory("plain")
            try place.write("mine\n", to: "photos/a.txt")
            try place.fails(5, "ls", "--registry", "photos")
            #expect(try place.tree("photos").paths == ["a.txt"])
        }
    }

    @Test func missingPackIsNotFoundAndNamesTheArtifact() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            let clone = try work.clone()
            try remove(try #require(try clone.objects(ofKind: "packs").first))
            #expect(try clone.fails(5, "pull").contains("data"))
            #expect(!clone.has("data/a.txt"))
            try clone.fails(4, "verify")
        }
    }

    @Test func pathsThatDoNotExistAreNotFound() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            #expect(try work.fails(5, "add", "nothing/here").contains("nothing/here"))
            try work.fails(5, "push", "./nothing")
            try work.fails(5, "push", "nothing")
        }
    }

    // MARK: 6, refused

    @Test(arguments: [
        "../evil", "/tmp/evil", "a/../../evil", "a/./b", "a//b", ".git/hooks/post-checkout", "x/.GIT/config",
        ".git. /config", ".g\u{200c}it/config", ".reg/x", "a\\..\\b", "C:/evil", "..", ".", "nul\0byte", "",
        "dir/",
    ])
    func unsafePathInAManifestIsRefused(path: String) throws {
        try withSandbox { sandbox in
            _ = try sandbox.pushedProject()
            let stored = try sandbox.forge.store([
                (Array("fine.txt".utf8), .file(Array("fine\n".utf8))), (Array(path.utf8), .file([1])),
            ])
            try sandbox.forge.append([Forge.push("evil", stored)], project: nil)
            let place = try sandbox.directory("plain")
            let registry = sandbox.registry.lossy
            let before = try Tree(sandbox.path, excluding: ["home"])
            try place.fails(6, "pull", "evil@v1", "-o", "out", "--registry", registry)
            #expect(try Tree(sandbox.path, excluding: ["home"]) == before, "nothing was written")
        }
    }

    @Test(arguments: ["../up", "/etc/passwd", "a/../../up", ""])
    func unsafeSymlinkInAManifestIsRefused(target: String) throws {
        try withSandbox { sandbox in
            _ = try sandbox.pushedProject()
            let stored = try sandbox.forge.store([(Array("link".utf8), .symlink(target))])
            try sandbox.forge.append([Forge.push("evil", stored)], project: nil)
            let place = try sandbox.directory("plain")
            try place.fails(6, "pull", "evil@v1", "-o", "out", "--registry", sandbox.registry.lossy)
            #expect(!place.has("out"))
        }
    }

    @Test func forgedArtifactWithSafePathsIsPulled() throws {
        try withSandbox { sandbox in
            _ = try sandbox.pushedProject()
            let stored = try sandbox.forge.store([
                (Array("a/deep/er".utf8), .file(Array("deep\n".utf8))), (Array("b".utf8), .file([])),
                (Array("link".utf8), .symlink("a/deep")),
            ])
            try sandbox.forge.append([Forge.push("fine", stored)], project: nil)
            let place = try sandbox.directory("plain")
            try place.reg("pull", "fine@v1", "-o", "out", "--registry", sandbox.registry.lossy)
            let tree = try place.tree("out")
            #expect(tree.paths == ["a/deep/er", "b", "link"])
            #expect(tree.entries[BytePath("link")] == .symlink(Array("a/deep".utf8)))
        }
    }

    @Test func nothingIsWrittenThroughASymlink() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            let clone = try work.clone()
            let outside = try sandbox.directory("outside")
            try makeSymlink(to: outside.path.lossy, at: clone["data"])
            let outcome = try clone.runReg([Array("pull".utf8)])
            #expect(outcome.code == 3 || outcome.code == 6, "\(outcome.errorText)")
            #expect(try list(outside.path).isEmpty)
        }
    }

    // MARK: 8, permission

    @Test func registryWithoutPermissionIsDenied() throws {
        try withSandbox { sandbox in
            _ = try sandbox.pushedProject()
            let place = try sandbox.directory("plain")
            try place.write("one\n", to: "a.txt")
            let reg = sandbox.path.appending("reg")
            try writeFile(try readFile(BytePath(try Binary.require())), to: reg, mode: 0o755)
            try setMode(0o755, of: sandbox.path)
            let prefix = geteuid() == 0 ? "setpriv --reuid 65534 --regid 65534 --clear-groups " : ""
            for (mode, command) in [(0o000, "pull data -o out"), (0o555, "push ./a.txt")]
                as [(mode_t, String)]
            {
                try setMode(mode, of: sandbox.registry)
                for folder in ["log", "packs", "manifests"] where mode != 0 {
                    try setMode(mode, of: sandbox.registry.appending(folder))
                }
                let line = "\(prefix)\"$0\" \(command) --registry \"$1\""
                let outcome = try place.run("bash", ["-c", line, reg.lossy, sandbox.registry.lossy])
                #expect(outcome.code == 8, "\(command): \(outcome.ending) \(outcome.errorText)")
                #expect(outcome.errorText.hasPrefix("error:"))
                try setMode(0o755, of: sandbox.registry)
            }
        }
    }

    // MARK: 9, local resources

    @Test func fileSizeLimitIsALocalFailure() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            try work.write(seededBytes(count: 3_000_000, seed: 1), to: BytePath("data/a.bin"))
            try work.reg("add", "data")
            try work.commit()
            try work.reg("push")
            let place = try sandbox.directory("plain")
            let line = "ulimit -f 1000; exec \"$0\" pull data -o out --registry \"$1\""
            let outcome = try place.run("bash", ["-c", line, try Binary.require(), sandbox.registry.lossy])
            #expect(outcome.code == 9, "\(outcome.ending) \(outcome.errorText)")
            #expect(outcome.errorText.hasPrefix("error:"))
            #expect(!place.has("out"))
        }
    }

    @Test func tooFewDescriptorsForGitAreALocalFailure() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            let line = "ulimit -n 8; exec \"$0\" status"
            let outcome = try work.run("bash", ["-c", line, try Binary.require()])
            #expect(outcome.code == 9, "\(outcome.ending) \(outcome.errorText)")
            #expect(outcome.errorText.contains("ulimit -n"), "\(outcome.errorText)")
        }
    }

    @Test func overlongConfigurationIsRefused() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            try work.write([UInt8](repeating: UInt8(ascii: "#"), count: 1 << 20), to: BytePath("reg.toml"))
            #expect(try work.fails(6, "status").contains("reg.toml"))
        }
    }

    // MARK: 11, rollback

    @Test func registryThatLostRecordsIsNoticed() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            try work.pushNextVersion("two\n")
            let newest = try #require(try sandbox.forge.records.last)
            try remove(newest)
            let tree = try Tree(sandbox.registry)
            for command in [["log"], ["ls"], ["show", "data@v1"], ["push"]] {
                try work.fails(11, command.map { Array($0.utf8) })
            }
            try work.fails(11, "pull", "data@latest", "-o", "out")
            #expect(try Tree(sandbox.registry) == tree && !work.has("out"), "nothing was written")
            try work.reg("pull")

            try work.reg("log", "--accept-rollback")
            #expect(try work.json("ls").member("artifacts", named: "data")?.count("version") == 1)
            let pushed = try work.json("push")
            #expect(pushed.member("artifacts", named: "data")?.count("version") == 2)
            #expect(try work.clone().reg("pull").code == 0)
        }
    }

    @Test func registryWithAnotherHistoryIsNoticed() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            try work.pushNextVersion("two\n")
            let project = try sandbox.forge.project
            let stored = try sandbox.forge.store([(Array("a".utf8), .file([1]))])
            try remove(try #require(try sandbox.forge.records.last))
            try sandbox.forge.append([Forge.push("other", stored)], project: project)
            try work.fails(11, "log")
            try work.fails(11, "push")
            let names = try work.json("ls", "--accept-rollback").list("artifacts").compactMap {
                $0.text("name")
            }
            #expect(Set(names) == ["data", "other"])
        }
    }

    // MARK: 13, newer formats

    enum Novelty: CaseIterable { case operation, feature, version }

    @Test(arguments: Novelty.allCases)
    func recordOfANewerVersionStopsNamesButNotDigests(novelty: Novelty) throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            let digest = try #require(try work.json("show", "data@v1").text("digest"))
            try sandbox.forge.append(
                novelty == .operation ? [["op": "teleport", "name": "data"]] : [],
                version: novelty == .version ? 2 : 1,
                requires: novelty == .feature ? ["teleportation"] : [], project: try sandbox.forge.project)
            let clone = try work.clone()
            #expect(try clone.fails(13, "pull", "data@v1", "-o", "out").contains("newer"))
            try clone.fails(13, "show", "data@latest")
            try clone.fails(13, "push")
            try work.fails(13, "push")
            try clone.reg("pull")
            #expect(try clone.text(of: "data/a.txt") == "one\n")
            try clone.reg("pull", "data@\(digest)", "-o", "by-digest")
            #expect(try clone.tree("by-digest") == clone.tree("data"))
        }
    }

    @Test func registryOfANewerFormatIsRefusedByItsNumber() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            let path = sandbox.registry.appending("registry.json")
            let text = try readText(path)
            #expect(text.contains("\"reg_registry\":1,"))
            try writeFile(
                Array(text.replacing("\"reg_registry\":1,", with: "\"reg_registry\":7,").utf8), to: path)
            #expect(try work.clone().fails(13, "ls").contains("7"))
        }
    }

    @Test func voidRecordsChangeNothingAndAreShown() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            let stored = try sandbox.forge.store([(Array("a".utf8), .file([1]))])
            let project = try sandbox.forge.project
            try sandbox.forge.append([Forge.push("data", version: 7, stored)], project: project)
            try sandbox.forge.append(
                [Forge.push("good", stored), Forge.bind(String(repeating: "0", count: 40), lock: "no lock")],
                project: project)
            let entries = try work.json("log").list("entries")
            #expect(entries.prefix(2).map { $0.text("kind") } == ["void", "void"])
            #expect(entries.prefix(2).allSatisfy { $0.text("reason")?.isEmpty == false })
            #expect(try work.json("ls").list("artifacts").compactMap { $0.text("name") } == ["data"])
            let next = try work.pushNextVersion("two\n")
            #expect(try work.json("show", "data@v2").texts("commits") == [next])
            #expect(try work.json("verify", "--data").flag("ok") == true)
        }
    }
}
