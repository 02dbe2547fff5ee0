// SPDX-License-Identifier: Apache-2.0
import Glibc
import RegBytes
import RegJSON
import RegTesting
import Testing

/// The clone's own packs: their quota, and what may go.
@Suite struct StoreTests {
    private func content(_ seed: UInt64, _ count: Int = 60_000) -> [UInt8] {
        seededBytes(count: count, seed: seed)
    }

    /// A project whose store may take `quota`; its registry is `registry`, else the sandbox's.
    private func project(
        _ sandbox: Sandbox, quota: String = "100 kB", registry: BytePath? = nil
    ) throws -> Place {
        var work = try sandbox.repository()
        try work.reg("init", "--registry", (registry ?? sandbox.registry).lossy)
        work.environment["REG_STORE_QUOTA"] = quota
        return work
    }

    private func packs(_ work: Place) throws -> [String] {
        let path = work[".git/reg/store/packs"]
        return exists(path) ? try Tree(path).paths.filter { $0.hasSuffix(".pack") } : []
    }

    // MARK: Beyond the quota

    @Test func whatDoesNotFitIsRecordedAndStreamedByPush() throws {
        try withSandbox { sandbox in
            let work = try project(sandbox)
            try work.write(content(1, 300_000), to: BytePath("data/a.bin"))
            try work.write("small\n", to: "data/sub/b.txt")
            let added = try work.json("add", "data")
            let artifact = try #require(added.list("artifacts").first)
            #expect(artifact.flag("recorded_only") == true && artifact.flag("unchanged") == false)
            #expect(artifact.count("stored_bytes") == 0 && artifact.count("bytes") == 300_006)
            #expect(added.texts("notes").contains { $0.hasPrefix("data is recorded only") })
            #expect(try packs(work) == [])
            #expect(try work.status(of: "data").text("state") == "clean")
            #expect(try work.json("status").flag("pushed") == false)
            let pulled = try work.json("pull")
            #expect(pulled.texts("notes") == ["data is here, and not pushed yet"])
            try work.commit()
            let pushed = try work.json("push")
            #expect(try #require(pushed.list("artifacts").first?.count("uploaded_bytes")) > 300_000)
            #expect(pushed["binding"] != .null)
            #expect(try packs(work) == [])
            let clone = try work.clone()
            try clone.reg("pull")
            #expect(try clone.tree("data") == work.tree("data"))
            try work.reg("verify", "--data")
            #expect(try work.json("push")["record"] == .null)
        }
    }

    @Test func eachArtifactIsJudgedByItself() throws {
        try withSandbox { sandbox in
            let work = try project(sandbox)
            for (name, size) in [("a", 60_000), ("b", 300_000), ("c", 30_000), ("d", 30_000)] {
                try work.write(content(UInt64(size), size), to: BytePath("\(name).bin"))
            }
            let added = try work.json("add", "a.bin", "b.bin", "c.bin", "d.bin").list("artifacts")
            #expect(added.map { $0.flag("recorded_only") } == [false, true, false, true])
            try work.commit()
            try work.reg("push")
            let clone = try work.clone()
            try clone.reg("pull")
            for name in ["a.bin", "b.bin", "c.bin", "d.bin"] {
                #expect(try readFile(clone[name]) == readFile(work[name]))
            }
        }
    }

    enum Change: CaseIterable { case edited, removed, added }

    @Test(arguments: Change.allCases)
    func aChangeBeforeThePushIsAConflict(change: Change) throws {
        try withSandbox { sandbox in
            let work = try project(sandbox, quota: "0")
            try work.write("one\n", to: "data/a.txt")
            try work.write("two\n", to: "data/b.txt")
            try work.reg("add", "data")
            try work.commit()
            switch change {
            case .edited: try work.write("TWO\n", to: "data/b.txt")
            case .removed: try remove(work["data/b.txt"])
            case .added: try work.write("three\n", to: "data/c.txt")
            }
            let refusal = try work.fails(3, "push")
            #expect(refusal.contains(change == .added ? "data/c.txt" : "data/b.txt"), "\(refusal)")
            #expect(refusal.contains("reg add data/"))
            #expect(try work.json("log").list("entries").isEmpty)
            try work.reg("add", "data")
            try work.commit()
            try work.reg("push")
            #expect(
                try work.json("ls", "data").list("files").count
                    == [.edited: 2, .removed: 1, .added: 3][change])
        }
    }

    @Test func aCloneThatNeverAddedThemHasNothingToStream() throws {
        try withSandbox { sandbox in
            let work = try project(sandbox, quota: "0")
            try work.write("one\n", to: "data/a.txt")
            try work.reg("add", "data")
            try work.commit()
            let clone = try work.clone()
            #expect(try clone.fails(5, "push").contains("push it from the clone that added it"))
            try clone.write("one\n", to: "data/a.txt")
            try clone.reg("push")
            #expect(try clone.reg("cat", "data@v1:a.txt").text == "one\n", "the same files do as well")
        }
    }

    // MARK: Eviction

    @Test func pushedPacksMakeRoom() throws {
        try withSandbox(in: "/dev/shm") { far in
            try withSandbox { sandbox in
                let work = try project(sandbox, registry: far.registry)
                try work.write(content(1), to: BytePath("a.bin"))
                try work.reg("add", "a.bin")
                try work.commit()
                try work.reg("push")
                let before = try packs(work)
                #expect(before.count == 1)
                try work.write(content(2), to: BytePath("b.bin"))
                let added = try #require(try work.json("add", "b.bin").list("artifacts").first)
                #expect(added.flag("recorded_only") == false)
                #expect(try packs(work).count == 1 && packs(work) != before)
                try remove(work["a.bin"])
                try work.reg("pull")
                #expect(try readFile(work["a.bin"]) == content(1))
                try work.commit()
                try work.reg("push")
                try work.reg("verify", "--data")
            }
        }
    }

    @Test func unpushedPacksStay() throws {
        try withSandbox { sandbox in
            let work = try project(sandbox)
            try work.write(content(1), to: BytePath("a.bin"))
            try work.reg("add", "a.bin")
            let before = try packs(work)
            try work.write(content(2), to: BytePath("b.bin"))
            let added = try #require(try work.json("add", "b.bin").list("artifacts").first)
            #expect(added.flag("recorded_only") == true)
            #expect(try packs(work) == before)
            try remove(work["a.bin"])
            try work.reg("pull", "a")
            #expect(try readFile(work["a.bin"]) == content(1))
        }
    }

    @Test func linkedPacksCostNothing() throws {
        try withSandbox { sandbox in
            let work = try project(sandbox)
            for (number, name) in ["a.bin", "b.bin", "c.bin"].enumerated() {
                try work.write(content(UInt64(number)), to: BytePath(name))
                let added = try #require(try work.json("add", name).list("artifacts").first)
                #expect(added.flag("recorded_only") == false)
                try work.commit()
                try work.reg("push")
            }
            let store = try work.json("store")
            #expect(store.count("packs") == 3 && store.count("bytes") == store.count("linked_bytes"))
        }
    }

    enum Gap: CaseIterable { case otherRegistry, lostPacks }

    @Test(arguments: Gap.allCases)
    func whatTheStoreLacksComesFromTheFiles(gap: Gap) throws {
        try withSandbox { sandbox in
            let work = try project(sandbox, quota: "1 MiB")
            try work.write(content(1), to: BytePath("data/a.bin"))
            try work.reg("add", "data")
            try work.commit()
            try work.reg("push")
            try work.write(content(2), to: BytePath("data/b.bin"))
            try work.reg("add")
            try work.commit()
            try work.reg("store", "trim")
            let other = sandbox.path.appending("other").lossy
            switch gap {
            case .otherRegistry: try work.reg("push", "--registry", other)
            case .lostPacks:
                try remove(work[".git/reg/store/packs"])
                try work.reg("add", "data")
                #expect(try packs(work).count == 1, "added anew")
                try remove(work[".git/reg/store/packs"])
                try work.reg("push")
            }
            let registry = gap == .otherRegistry ? other : sandbox.registry.lossy
            try work.reg("verify", "--data", "--registry", registry)
            let elsewhere = try sandbox.directory("elsewhere")
            try elsewhere.reg("pull", "data@latest", "-o", "out", "--registry", registry)
            #expect(try elsewhere.tree("out") == work.tree("data"))
        }
    }

    // MARK: reg store

    @Test func trimRemovesOnlyWhatTheRegistryHolds() throws {
        try withSandbox(in: "/dev/shm") { far in
            try withSandbox { sandbox in
                let work = try project(sandbox, quota: "1 MiB", registry: far.registry)
                try work.write(content(1), to: BytePath("data/a.bin"))
                try work.reg("add", "data")
                try work.commit()
                try work.reg("push")
                try work.write(content(2), to: BytePath("data/b.bin"))
                try work.reg("add")
                let before = try work.json("store")
                #expect(before.count("packs") == 2 && before.count("quota") == 1 << 20)
                #expect(before.text("path") == work[".git/reg/store"].lossy)
                let all = try #require(before.count("bytes"))
                let unpushed = try #require(before.count("unpushed_bytes"))
                #expect(unpushed > 60_000 && all - unpushed > 60_000)

                let plan = try work.json("store", "trim", "--dry-run")
                #expect(plan.count("packs") == 1 && plan.count("kept_packs") == 1)
                #expect(try work.json("store") == before)
                let done = try work.json("store", "trim")
                #expect(done.count("bytes") == all - unpushed && done.count("manifests") == 1)
                #expect(try work.json("store").count("bytes") == unpushed)
                #expect(try work.json("store", "trim").count("packs") == 0)

                try remove(work["data"])
                try work.reg("pull")
                #expect(try readFile(work["data/a.bin"]) == content(1))
                #expect(try readFile(work["data/b.bin"]) == content(2))
                try work.commit()
                try work.reg("push")
                try work.reg("verify", "--data")
                #expect(try work.json("store", "trim").count("kept_packs") == 0)
                try work.write(content(1), to: BytePath("data/c.bin"))
                let added = try #require(try work.json("add").list("artifacts").first)
                #expect(added.count("new_bytes") == 0, "chunks of the registry count")
            }
        }
    }

    enum Harm: CaseIterable { case missing, cut }

    @Test(arguments: Harm.allCases)
    func trimKeepsWhatTheRegistryHasLost(harm: Harm) throws {
        try withSandbox { sandbox in
            let work = try project(sandbox)
            try work.write(content(1), to: BytePath("a.bin"))
            try work.reg("add", "a.bin")
            try work.commit()
            try work.reg("push")
            let pack = try work.objects(ofKind: "packs")[0]
            let bytes = try readFile(pack)
            try remove(pack)
            if harm == .cut { try writeFile(Array(bytes.dropLast()), to: pack) }
            #expect(try work.json("store", "trim").count("packs") == 0)
            #expect(try packs(work).count == 1)
        }
    }

    @Test func withoutARegistryNothingCanGo() throws {
        try withSandbox { sandbox in
            let work = try project(sandbox)
            try work.write(content(1), to: BytePath("a.bin"))
            try work.reg("add", "a.bin")
            let store = try work.json("store")
            #expect(store.count("unpushed_bytes") == store.count("bytes"))
            try work.fails(5, "store", "trim")
            #expect(try packs(work).count == 1)
        }
    }

    @Test func theStoreIsNotTrimmedAgainstItself() throws {
        try withSandbox { sandbox in
            let work = try sandbox.repository()
            try work.reg("init", "--registry", ".git/reg/store")
            try work.write(content(1), to: BytePath("a.bin"))
            try work.reg("add", "a.bin")
            try work.commit()
            try work.reg("push")
            try work.fails(6, "store", "trim")
            try work.reg("verify", "--data")
        }
    }

    /// Runs reg while this process holds the store; it must still wait when it is ended.
    private func waits(_ kind: Int32, _ work: Place, _ arguments: String...) throws {
        let path = work[".git/reg/store.guard"].lossy
        let descriptor = open(path, O_RDWR | O_CLOEXEC)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        // A process that another test is starting may still hold what was closed.
        try #require(flock(descriptor, kind) == 0)
        let outcome = try work.run("timeout", ["2", Binary.require()] + arguments)
        #expect(outcome.code == 124, "\(arguments): \(outcome.ending)")
    }

    @Test func trimWaitsForOthersAndTheyForIt() throws {
        try withSandbox { sandbox in
            let work = try project(sandbox, quota: "1 MiB")
            try work.write(content(1), to: BytePath("a.bin"))
            try work.reg("add", "a.bin")
            try work.commit()
            try work.reg("push")
            let before = try packs(work)
            try waits(LOCK_SH, work, "store", "trim")
            #expect(try packs(work) == before)
            for command in ["add", "push", "pull"] { try waits(LOCK_EX, work, command) }
            try work.reg("store", "trim")
            #expect(try packs(work) == [])
        }
    }

    // MARK: Settings

    @Test func theQuotaComesFromTheNearestSetting() throws {
        try withSandbox { sandbox in
            var work = try sandbox.project()
            #expect(try #require(try work.json("store").count("quota")) <= 50 << 30)
            try work.write(try work.text(of: "reg.toml") + "[store]\nquota = \"3 MiB\"\n", to: "reg.toml")
            #expect(try work.json("store").count("quota") == 3 << 20)
            try writeFile(
                Array("[store]\nquota = 2000000\n".utf8),
                to: sandbox.path.appending("home/.config/reg/config.toml"))
            #expect(try work.json("store").count("quota") == 2_000_000)
            work.environment["REG_STORE_QUOTA"] = "1.5GB"
            #expect(try work.json("store").count("quota") == 1_500_000_000)
            for bad in ["much", "-1", "1 XB", "GiB", "99999999999 TiB"] {
                work.environment["REG_STORE_QUOTA"] = bad
                #expect(try work.fails(2, "store").contains("REG_STORE_QUOTA"))
            }
            work.environment["REG_STORE_QUOTA"] = nil
            try work.write("[store]\nquota = \"lots\"\n", to: "reg.toml")
            try remove(sandbox.path.appending("home/.config"))
            #expect(try work.fails(2, "store").contains("reg.toml"))
        }
    }
}
