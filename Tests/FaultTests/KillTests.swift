// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegHash
import RegJSON
import RegTesting
import Testing

/// SIGKILL at random moments: every name keeps its old value or has its new one, and the same command then succeeds.
///
/// The moments are uniform over the time that one undisturbed run takes, measured beforehand.
struct KillTests {
    private static let fileCount = 100

    private let sandbox: Sandbox
    private let project: Project
    private let old: Tree
    private let new: Tree

    /// A repository with a small version 1 of `data` pushed and bound, and a larger version 2 lying in its tree.
    init() throws {
        sandbox = try Sandbox()
        project = try Project.make("project", in: sandbox)
        try KillTests.writeFiles(of: project, byteCount: 500, seed: 1)
        try sandbox.write("\(project.repository)/data/only-old", Array("old".utf8))
        try sandbox.succeed(["add", "data"], in: project.repository)
        try project.commit()
        try sandbox.succeed(["push"], in: project.repository)
        old = try sandbox.tree("\(project.repository)/data")
        try sandbox.remove("\(project.repository)/data/only-old")
        try KillTests.writeFiles(of: project, byteCount: 15_000, seed: 2)
        try sandbox.write("\(project.repository)/data/long", seededBytes(count: 3 << 20, seed: 3))
        new = try sandbox.tree("\(project.repository)/data")
    }

    private static func writeFiles(of project: Project, byteCount: Int, seed: UInt64) throws {
        for number in 0..<fileCount {
            try project.sandbox.write(
                "\(project.repository)/data/\(number % 10)/\(number)",
                seededBytes(count: byteCount, seed: seed << 32 + UInt64(number)))
        }
    }

    /// Runs the command on the project as it is now: to its end, then killed at random moments.
    ///
    /// `directory`: where, below the project's place. `afterKill` looks at what a killed run has left, `afterNextRun`
    /// at what is there after the next run, which has to succeed.
    private func killing(
        _ arguments: [String], in directory: String = "repository", times: Int = 50,
        afterKill: (String) throws -> Void, afterNextRun: (String) throws -> Void
    ) throws {
        let place = "\(project.place)/\(directory)"
        // Always at the same path, since reg remembers by path what it wrote.
        try project.store(as: "stored")
        try project.restore(from: "stored")
        let whole = try sandbox.reg(arguments, in: place).run()
        try #require(whole.code == 0, "\(whole.errorText)")
        try afterNextRun("undisturbed")
        try project.restore(from: "stored")
        // The second run: the first reads from a cold cache.
        let time = try sandbox.reg(arguments, in: place).run().time
        let seed = printedSeed("kill \(arguments[0])")
        var random = SeededRandom(seed: seed)
        var killed = 0
        for number in 0..<times {
            try project.restore(from: "stored")
            let delay = time * Double.random(in: 0...1, using: &random)
            let outcome = try sandbox.reg(arguments, in: place).run(killedAfter: delay)
            let context = "\(arguments[0]), kill \(number) after \(delay), seed \(seed)"
            #expect(
                outcome.ending == .killed || outcome.code == 0,
                "\(context): \(outcome.ending) \(outcome.errorText)")
            if outcome.ending == .killed { killed += 1 }
            try afterKill(context)
            let next = try sandbox.reg(arguments, in: place).run()
            #expect(next.code == 0, "\(context): next run: \(next.ending) \(next.errorText)")
            try afterNextRun(context)
        }
        print("kill \(arguments[0]): \(killed) of \(times) in \(time)")
        #expect(killed > times / 4, "too few runs were still there to be killed")
    }

    @Test func killedAddLeavesOldOrNewLock() throws {
        let files = ["reg.lock", ".gitignore", ".git/info/exclude"]
        let before = try files.map { try sandbox.read("\(project.repository)/\($0)") }
        try killing(["add", "data"]) { context in
            for (file, old) in zip(files, before) {
                let found = try sandbox.read("\(project.repository)/\(file)")
                let isWhole = found == old || file == "reg.lock" && lockNames(new.digest, found)
                #expect(isWhole, "\(context): \(file): \(String(decoding: found, as: UTF8.self))")
            }
            try project.expectSound(context)
        } afterNextRun: { context in
            let lock = try sandbox.read("\(project.repository)/reg.lock")
            #expect(lockNames(new.digest, lock), "\(context): \(String(decoding: lock, as: UTF8.self))")
            // The store alone holds the bytes: nothing was pushed.
            try sandbox.succeed(["pull", "data", "-o", "../out"], in: project.repository)
            #expect(try sandbox.tree("\(project.place)/out").entries == new.entries, "\(context)")
        }
    }

    private func lockNames(_ digest: Digest, _ lock: [UInt8]) -> Bool {
        let text = String(decoding: lock, as: UTF8.self)
        return text.hasPrefix("reg-lock 1\n\ndata dataset data/ \(digest.text) ") && text.hasSuffix("\n")
    }

    /// Adds artifacts, each with a pack of its own, so that there is something to push; their trees by name.
    private func addParts() throws -> [String: Tree] {
        var trees: [String: Tree] = [:]
        for number in 0..<10 {
            let name = "part-\(number)"
            for file in 0..<5 {
                try sandbox.write(
                    "\(project.repository)/\(name)/\(file)",
                    seededBytes(count: 20_000, seed: UInt64(1_000 + 10 * number + file)))
            }
            try sandbox.succeed(["add", name], in: project.repository)
            trees[name] = try sandbox.tree("\(project.repository)/\(name)")
        }
        try project.commit()
        return trees
    }

    @Test func killedPushLeavesOldOrNewVersions() throws {
        try checkPush(of: try addParts(), recordsBefore: 1, times: 50)
    }

    @Test func killedFirstPushLeavesNoOrWholeRegistry() throws {
        let parts = try addParts()
        try sandbox.remove(project.registry)
        try sandbox.succeed(["manifest", "rebuild"], in: project.repository)
        try checkPush(of: parts, recordsBefore: 0, times: 25)
    }

    private func checkPush(of trees: [String: Tree], recordsBefore: Int, times: Int) throws {
        try killing(["push", "--json"], times: times) { context in
            let count = try project.records().count
            #expect(count == recordsBefore || count == recordsBefore + 1, "\(context): \(count) records")
            if sandbox.exists("\(project.registry)/registry.json") { try project.expectSound(context) }
        } afterNextRun: { context in
            #expect(try project.records().count == recordsBefore + 1, "\(context)")
            try project.expectSound(context)
            let document = try sandbox.succeed(["push", "--json"], in: project.repository)
            #expect(document["record"] == .null, "\(context)")
            #expect(document["binding"]?["commit"]?.stringValue != nil, "\(context)")
            let artifacts = document["artifacts"]?.arrayValue ?? []
            #expect(
                artifacts.count == trees.count + 1 && artifacts.allSatisfy { $0["version"] == .integer(1) })
            let names = trees.keys.sorted()
            try sandbox.succeed(["pull"] + names + ["-o", "../out"], in: try project.clone(as: "fresh"))
            for name in names {
                let found = try sandbox.tree("\(project.place)/out/\(name)")
                #expect(found.entries == trees[name]?.entries, "\(context): \(name)")
            }
        }
    }

    @Test func killedPullLeavesOldOrNewFiles() throws {
        let clone = try project.clone(as: "clone")
        try sandbox.succeed(["pull"], in: clone)
        try sandbox.succeed(["add", "data"], in: project.repository)
        try project.commit()
        try sandbox.succeed(["push"], in: project.repository)
        try sandbox.git(["pull", "--quiet"], in: clone)
        try killing(["pull"], in: "clone") { context in
            let found = try sandbox.tree("\(clone)/data")
            for (path, entry) in found.files where !isTemporary(path) {
                let isWhole = entry == old.entries[path] || entry == new.entries[path]
                #expect(isWhole, "\(context): \(printable(path))")
            }
            for path in old.files.keys where new.entries[path] != nil {
                #expect(found.entries[path] != nil, "\(context): \(printable(path)) is gone")
            }
        } afterNextRun: { context in
            let found = try sandbox.tree("\(clone)/data")
            #expect(found.entries == new.entries, "\(context)")
            let status = try sandbox.succeed(["status", "--json"], in: clone)
            #expect(status.onlyArtifact?["state"]?.stringValue == "clean", "\(context): \(status.compact)")
        }
    }

    @Test func killedPullApartLeavesNothingOrAll() throws {
        try sandbox.succeed(["add", "data"], in: project.repository)
        try project.commit()
        try sandbox.succeed(["push"], in: project.repository)
        let output = "\(project.place)/out"
        try killing(["pull", "data", "-o", "../out"], times: 25) { context in
            guard sandbox.exists(output) else { return }
            #expect(try sandbox.tree(output).entries == new.entries, "\(context)")
            try sandbox.remove(output)
        } afterNextRun: { context in
            let found = try sandbox.tree(output)
            #expect(found.entries == new.entries, "\(context)")
        }
    }

    private func isTemporary(_ path: BytePath) -> Bool {
        path.lastComponent.bytes.starts(with: Array(".tmp-".utf8))
    }
}
