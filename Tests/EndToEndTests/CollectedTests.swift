// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegJSON
import RegTesting
import Testing

/// What a push does where the log says that objects were collected, or where the log lacks a record.
@Suite struct CollectedTests {
    /// A project with `model` added, not pushed, after the log has said that objects of it are collected.
    ///
    /// `chosen`: of the store's packs and manifests that are not in the registry, those that the record names.
    private func withCollected(
        _ chosen: Set<String>, _ body: (Sandbox, Place, Set<String>) throws -> Void
    ) throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            try work.write(seededBytes(count: 300_000, seed: 5), to: BytePath("model/a.bin"))
            try work.write(seededBytes(count: 1_000, seed: 6), to: BytePath("model/b.bin"))
            let before = try objects(of: work[".git/reg/store"])
            try work.reg("add", "model")
            let new = try objects(of: work[".git/reg/store"]).subtracting(before)
            try #require(new.count == 2)
            let packs = new.filter { $0.hasSuffix(".pack") }.map { String($0.suffix(37).dropLast(5)) }
            let manifests = new.filter { !$0.hasSuffix(".pack") }.map { "sha256:\($0.suffix(64))" }
            let operation: JSON = [
                "op": "gc-delete",
                "packs": .array(chosen.contains("packs") ? packs.map { .string($0) } : []),
                "manifests": .array(chosen.contains("manifests") ? manifests.map { .string($0) } : []),
            ]
            try sandbox.forge.append([operation], project: .null)
            try work.commit()
            let named = new.filter { path in chosen.contains { path.hasPrefix($0) } }
            try body(sandbox, work, named)
        }
    }

    /// The names of packs and manifests below a store or a registry.
    private func objects(of place: BytePath) throws -> Set<String> {
        let names = try Tree(place).entries.keys.map(\.lossy)
        return Set(names.filter { $0.hasPrefix("packs/") || $0.hasPrefix("manifests/") })
    }

    private func expectPushed(_ sandbox: Sandbox, _ work: Place, without names: Set<String>) throws {
        let pushed = try work.json("push")
        #expect(pushed.member("artifacts", named: "model")?.count("version") == 1)
        #expect(pushed["binding"]?.text("commit") != nil)
        #expect(try objects(of: sandbox.registry).isDisjoint(with: names), "a deleted name is used again")
        let clone = try work.clone()
        try clone.reg("pull", "model@v1", "-o", "../out")
        #expect(try Tree(sandbox.path.appending("out")) == work.tree("model"))
        try clone.reg("verify", "--data")
        #expect(try work.json("push")["record"] == .null)
    }

    @Test(arguments: [["packs"], ["manifests"], ["packs", "manifests"]] as [Set<String>])
    func whatWasCollectedIsBroughtUnderNewNames(chosen: Set<String>) throws {
        try withCollected(chosen) { sandbox, work, names in
            try work.write("edited", to: "model/b.bin")  // only the store has the bytes
            try work.write("edited", to: "model/a.bin")
            let pushed = try work.json("push")
            #expect(pushed.member("artifacts", named: "model")?.count("version") == 1)
            #expect(try objects(of: sandbox.registry).isDisjoint(with: names))
            try work.reg("pull", "model", "--force")
            try expectPushed(sandbox, work, without: names)
        }
    }

    @Test func whatTheStoreLacksComesFromTheFiles() throws {
        try withCollected(["packs"]) { sandbox, work, names in
            try remove(work[".git/reg/store/packs"])
            try expectPushed(sandbox, work, without: names)
        }
    }

    @Test func whatNobodyHasIsNotFound() throws {
        try withCollected(["packs"]) { sandbox, work, _ in
            try remove(work[".git/reg/store/packs"])
            try remove(work["model/b.bin"])
            let before = try sandbox.forge.records
            try work.fails(5, "push")
            #expect(try sandbox.forge.records == before)
        }
    }

    @Test func aPathIsPushedAnewWhereItsPackWasCollected() throws {
        try withCollected(["packs", "manifests"]) { sandbox, work, names in
            try work.reg("push", "./model")
            try expectPushed(sandbox, work, without: names)
        }
    }

    @Test func aPushRefusesALogThatLacksARecord() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            try work.pushNextVersion("two\n")
            try work.pushNextVersion("three\n")
            let clone = try work.clone()
            try clone.write("four\n", to: "data/a.txt")
            try clone.write("five\n", to: "data/b.txt")
            try remove(try sandbox.forge.records[1])
            try clone.reg("add", "data")
            try clone.commit()
            let before = try Tree(sandbox.registry)
            #expect(try clone.fails(4, "push").contains("log record 2 is missing"))
            #expect(try Tree(sandbox.registry) == before, "nothing was written")
        }
    }
}
