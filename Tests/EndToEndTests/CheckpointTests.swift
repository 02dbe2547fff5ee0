// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegHash
import RegJSON
import RegTesting
import Testing

/// Checkpoints, which spare readers of the log its records one by one.
@Suite struct CheckpointTests {
    /// A registry to which `count` versions were pushed, one a record.
    private func pushed(_ count: Int, in sandbox: Sandbox) throws -> Place {
        let work = try sandbox.project()
        for number in 1...count {
            try work.write("\(number)\n", to: "data/number.txt")
            try work.reg("add", "data")
            try work.reg("push")
        }
        return work
    }

    private func checkpoints(of sandbox: Sandbox) throws -> [BytePath] {
        let directory = sandbox.registry.appending("checkpoints")
        return try list(directory).map { directory.appending($0) }
    }

    private func newest(_ place: Place, _ sandbox: Sandbox) throws -> Int64? {
        try place.json("ls", "--registry", sandbox.registry.lossy).member("artifacts", named: "data")?
            .count("version")
    }

    /// Without the records nothing but a checkpoint can have them.
    @Test func aFreshReaderAsksForNoRecordThatACheckpointHolds() throws {
        try withSandbox { sandbox in
            _ = try pushed(7, in: sandbox)
            let records = try Forge(registry: sandbox.registry).records
            for path in records[..<5] { try remove(path) }
            let place = try sandbox.directory("elsewhere")
            #expect(try newest(place, sandbox) == 7)
            let shown = try place.json("show", "data@latest", "--registry", sandbox.registry.lossy)
            #expect(shown.count("version") == 7)
            try place.reg("show", "data@v2", "--registry", sandbox.registry.lossy)
        }
    }

    @Test(arguments: ["cut", "changed", "empty", "gone", "replaced"])
    func withoutASoundCheckpointTheLogIsRead(damage: String) throws {
        try withSandbox { sandbox in
            let work = try pushed(8, in: sandbox)
            #expect(try work.json("verify").flag("ok") == true)
            for path in try checkpoints(of: sandbox) {
                let bytes = try readFile(path)
                try remove(path)
                switch damage {
                case "cut": try writeFile(Array(bytes.dropLast()), to: path)
                case "changed": try writeFile(Array(bytes.dropLast(9)) + [1] + bytes.suffix(8), to: path)
                case "empty": try writeFile([], to: path)
                case "replaced": try writeFile(seededBytes(count: bytes.count, seed: 1), to: path)
                default: break
                }
            }
            #expect(try newest(try sandbox.directory("elsewhere"), sandbox) == 8)
            let outcome = try work.runReg(["verify", "--json"].map { Array($0.utf8) })
            let problems = try JSON.parse(outcome.output).list("problems")
            if damage == "gone" {
                #expect(outcome.code == 0 && problems.isEmpty)
            } else {
                #expect(outcome.code == 4)
                #expect(!problems.isEmpty && problems.allSatisfy { $0.text("kind") == "checkpoint" })
                #expect(problems.allSatisfy { $0.texts("artifacts").isEmpty })
            }
            try work.write("more\n", to: "data/number.txt")
            try work.reg("add", "data")
            try work.reg("push")
            #expect(try newest(try sandbox.directory("later"), sandbox) == 9)
        }
    }

    /// A registry to which no checkpoint was ever written gets one by the next push, and a clone that knows a part of
    /// the log takes the rest from there.
    @Test func onePushMakesACheckpointOfALongLog() throws {
        try withSandbox { sandbox in
            let work = try pushed(1, in: sandbox)
            let clone = try sandbox.project("clone")
            #expect(try newest(clone, sandbox) == 1)
            let forge = Forge(registry: sandbox.registry)
            try forge.appendPushes(2_998)
            try work.write("last\n", to: "data/number.txt")
            try work.reg("add", "data")
            try work.reg("push")
            #expect(try checkpoints(of: sandbox).count == 1)
            for path in try forge.records[5..<2_995] { try remove(path) }
            let place = try sandbox.directory("elsewhere")
            for reader in [clone, place] { #expect(try newest(reader, sandbox) == 2) }
            let all = try place.json("ls", "--registry", sandbox.registry.lossy)
            #expect(all.list("artifacts").count == 101)
        }
    }

    @Test func aPushDoesNotNeedACheckpoint() throws {
        try withSandbox { sandbox in
            let work = try pushed(3, in: sandbox)
            // A file where the directory of checkpoints would be.
            try writeFile([1], to: sandbox.registry.appending("checkpoints"))
            for number in 4...8 {
                try work.write("\(number)\n", to: "data/number.txt")
                try work.reg("add", "data")
                try work.reg("push")
            }
            #expect(try newest(try sandbox.directory("elsewhere"), sandbox) == 8)
        }
    }
}
