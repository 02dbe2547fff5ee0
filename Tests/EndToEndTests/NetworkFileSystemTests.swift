// SPDX-License-Identifier: Apache-2.0
import Glibc
import RegBytes
import RegJSON
import RegTesting
import Testing

/// A mount that the kernel calls FUSE, as it would call one of a network: `bindfs` shows a directory a second time.
private struct Mount {
    let path: BytePath

    static let isPossible =
        access("/dev/fuse", R_OK | W_OK) == 0 && (try? Binary.find("bindfs")) != nil
        && (try? Binary.find("fusermount")) != nil

    /// Calls `body` with a directory of the sandbox that lies on such a mount.
    static func with(_ sandbox: Sandbox, _ body: (Mount) throws -> Void) throws {
        let source = try sandbox.directory("behind")
        let place = try sandbox.directory("mount")
        let mounted = try source.run("bindfs", ["--no-allow-other", source.path.lossy, place.path.lossy])
        guard mounted.code == 0 else { throw Setup("bindfs: \(mounted.errorText)") }
        defer {
            let ended = try? source.run("fusermount", ["-u", "-z", place.path.lossy])
            #expect(ended?.code == 0, "the mount stays")
        }
        try body(Mount(path: place.path))
    }
}

/// Clones and registries on file systems whose locks nobody can rely on.
@Suite(.enabled(if: Mount.isPossible, "needs bindfs and /dev/fuse (.ci/install-packages test)"))
struct NetworkFileSystemTests {
    /// A project in the mount; its registry is in the sandbox's own directory.
    private func project(_ sandbox: Sandbox, on mount: Mount, _ name: String = "work") throws -> Place {
        let work = Place(path: mount.path.appending(name), sandbox: sandbox)
        try makeDirectory(work.path)
        try work.git("init", "--quiet", "--initial-branch=main")
        try work.reg("init", "--registry", sandbox.registry.lossy)
        return work
    }

    private func statePath(_ work: Place) throws -> BytePath {
        BytePath(try #require(try work.json("status").text("state_path")))
    }

    @Test func theStateGoesToTheUsersDirectoryAndTheStoreStays() throws {
        try withSandbox { sandbox in
            try Mount.with(sandbox) { mount in
                let work = try project(sandbox, on: mount)
                try work.write(seededBytes(count: 50_000, seed: 1), to: BytePath("data/a.bin"))
                let added = try work.reg("add", "data")
                let base = sandbox.path.appending("home/.local/state/reg")
                #expect(
                    added.errorText.contains(base.lossy) && added.errorText.contains("network file system"))
                let state = try statePath(work)
                #expect(state.parent == base)
                #expect(
                    try list(state).map(\.lossy) == [
                        "journal", "lock.guard", "manifest.sqlite", "manifest.sqlite-journal", "store.guard",
                    ])
                #expect(try list(work[".git/reg"]).map(\.lossy) == ["store"])
                #expect(try work.reg("status", "-v").text.contains("state in \(state.lossy)"))
                #expect(try work.reg("status").errorText == "", "told once")
                try work.commit()
                try work.reg("push")
                try remove(work["data"])
                try work.reg("pull")
                #expect(try work.json("status").flag("clean") == true)
                #expect(try list(work[".git/reg"]).map(\.lossy) == ["store"])
                let clone = Place(path: mount.path.appending("clone"), sandbox: sandbox)
                try work.git("clone", "--quiet", work.path.lossy, clone.path.lossy)
                try clone.reg("pull")
                #expect(try clone.tree("data") == work.tree("data"))
                #expect(try statePath(clone) != state)
            }
        }
    }

    @Test func aLostStateIsMadeAnew() throws {
        try withSandbox { sandbox in
            try Mount.with(sandbox) { mount in
                let work = try project(sandbox, on: mount)
                try work.write("one\n", to: "data/a.txt")
                try work.reg("add", "data")
                try work.commit()
                try work.reg("push")
                try work.write("two\n", to: "data/a.txt")
                try work.reg("add")
                try remove(try statePath(work))
                try work.commit()
                try work.reg("push")
                #expect(try work.reg("cat", "data@v2:a.txt").text == "two\n")
                try work.git("checkout", "--quiet", "HEAD~1")
                try work.reg("pull")
                #expect(try work.text(of: "data/a.txt") == "one\n", "no --force was needed")
            }
        }
    }

    @Test func worktreesShareTheStateThere() throws {
        try withSandbox { sandbox in
            try Mount.with(sandbox) { mount in
                let work = try project(sandbox, on: mount)
                try work.write("one\n", to: "data/a.txt")
                try work.reg("add", "data")
                try work.commit()
                try work.git("worktree", "add", "--quiet", "../tree", "-b", "side")
                let tree = Place(path: mount.path.appending("tree"), sandbox: sandbox)
                try tree.reg("pull")
                #expect(try statePath(tree) == statePath(work))
                try tree.reg("push")
            }
        }
    }

    @Test func theStateFollowsTheEnvironment() throws {
        try withSandbox { sandbox in
            try Mount.with(sandbox) { mount in
                var work = try project(sandbox, on: mount)
                work.environment["XDG_STATE_HOME"] = sandbox.path.appending("xdg").lossy
                #expect(try statePath(work).parent == sandbox.path.appending("xdg/reg"))
                work.environment["REG_STATE"] = sandbox.path.appending("mine").lossy
                #expect(try statePath(work).parent == sandbox.path.appending("mine"))
                work.environment["REG_STATE"] = mount.path.appending("mine").lossy
                #expect(
                    try statePath(work).parent == sandbox.path.appending("xdg/reg"),
                    "a network file system is never taken")
            }
        }
    }

    @Test func withoutAHomeTheStateIsInATemporaryDirectoryOfTheUser() throws {
        let own = BytePath("/var/tmp/reg-\(geteuid())")
        let wasThere = exists(own)
        try withSandbox { sandbox in
            try Mount.with(sandbox) { mount in
                var work = try project(sandbox, on: mount)
                work.environment["HOME"] = mount.path.appending("home").lossy
                try makeDirectory(mount.path.appending("home"))
                let state = try statePath(work)
                defer { try? remove(wasThere ? state : own) }  // what stays is a temporary directory
                #expect(state.parent == own)
                #expect(mode(of: own).map { $0 & 0o777 } == 0o700)
                try work.write("one\n", to: "data/a.txt")
                try work.reg("add", "data")
                try setMode(0o755, of: own)
                #expect(try work.fails(6, "status").contains("REG_STATE"))
                try setMode(0o700, of: own)
                try work.reg("status")
            }
        }
    }

    @Test func aJournalInTheOldPlaceIsSettled() throws {
        try withSandbox { sandbox in
            try Mount.with(sandbox) { mount in
                let work = try project(sandbox, on: mount)
                try work.write("one\n", to: "data/a.txt")
                try work.reg("add", "data")
                try work.commit()
                try work.reg("push")
                // A record that was sent: it is in the log, and in the journal of an earlier reg.
                let record = try readFile(try work.objects(ofKind: "log")[0])
                let registry = try JSON.parse(
                    try readFile(sandbox.registry.appending("registry.json")).dropLast())
                let line = try #require(try? JSON.parse(Array(record.prefix { $0 != UInt8(ascii: "\n") })))
                let header: JSON = [
                    "registry": registry["id"] ?? .null, "number": 1, "prev": line["prev"] ?? .null,
                ]
                let name = try #require(line.text("id"))
                let journal = work[".git/reg/journal/\(name).record"]
                try writeFile(Array((header.compact + "\n").utf8) + record, to: journal)
                #expect(try work.json("push")["record"] == .null)
                #expect(!exists(journal))
            }
        }
    }

    // MARK: A registry there

    @Test func aRegistryThereIsPushedToAndPulledFrom() throws {
        try withSandbox { sandbox in
            try Mount.with(sandbox) { mount in
                let work = try sandbox.repository()
                try work.reg("init", "--registry", mount.path.appending("registry").lossy)
                try work.writeSampleFiles()
                try work.reg((["add"] + Place.sampleArguments).map { Array($0.utf8) })
                try work.commit()
                try work.reg("push")
                try work.reg("verify", "--data")
                let clone = try work.clone()
                try clone.reg("pull")
                #expect(try clone.sampleTree() == work.sampleTree())
                #expect(try work.json("store", "trim").count("kept_packs") == 0)
                try remove(clone["data"])
                try clone.reg("pull")
            }
        }
    }

    @Test func concurrentPushesThereLoseNothing() throws {
        try withSandbox { sandbox in
            try Mount.with(sandbox) { mount in
                let registry = mount.path.appending("registry").lossy
                let first = try sandbox.repository("p0")
                try first.reg("init", "--registry", registry)
                let places = try (0..<6).map { number in
                    let place = number == 0 ? first : try sandbox.repository("p\(number)")
                    if number > 0 { try place.write(try first.text(of: "reg.toml"), to: "reg.toml") }
                    try place.write("of \(number)\n", to: "data\(number)/a.txt")
                    try place.reg("add", "data\(number)")
                    try place.commit()
                    return place
                }
                let codes = try onThreads(places.count) {
                    try places[$0].runReg([Array("push".utf8)]).code ?? -1
                }
                #expect(codes.allSatisfy { $0 == 0 }, "\(codes)")
                let listed = try first.json("ls").list("artifacts").compactMap { $0.text("name") }
                #expect(listed == (0..<6).map { "data\($0)" })
                #expect(try first.json("log").list("entries").count { $0.text("kind") == "void" } == 0)
                try first.reg("verify", "--data")
            }
        }
    }

    /// A host that dies takes its cache along, not what its runs have written where other hosts see it.
    @Test func aRunGoesOnOnAnotherHostFromADirectoryThatBothSee() throws {
        try withSandbox { sandbox in
            try Mount.with(sandbox) { mount in
                let work = try sandbox.project()
                let script = """
                    test -e "$REG_OUTPUTS/checkpoint" && { sha256sum data/0.jpg > "$REG_OUTPUTS/sum"; exit 0; }
                    echo 1 > "$REG_OUTPUTS/checkpoint"
                    kill -KILL $PPID
                    """
                try work.write(script, to: "job.sh")
                try work.addSampleAndPush()
                try work.reg("pin", "-o", "../job.pin", "--", "sh", "job.sh")
                var host = try sandbox.directory("elsewhere")
                host.environment["REG_REGISTRY"] = sandbox.registry.lossy
                host.environment["REG_RUNS"] = mount.path.appending("runs").lossy
                host.environment["REG_JOB"] = "nightly"
                let killed = try host.sh("\"$REG\" run --pin ../job.pin --out sum=sum; echo $?")
                #expect(killed.text == "137\n")
                var other = host
                other.environment["HOME"] = try sandbox.directory("other-home").path.lossy
                let waiting = try other.json("runs").list("runs")
                #expect(waiting.map { $0.text("state") } == ["killed, not archived"])
                let resumed = try other.json("run", "--pin", "../job.pin")
                #expect(resumed.text("run") == waiting.first?.text("run") && resumed.count("attempt") == 2)
                #expect(resumed.list("outputs").map { $0.text("name") } == ["sum"])
                #expect(try other.json("runs").list("runs").map { $0.text("state") } == ["succeeded"])
            }
        }
    }
}
