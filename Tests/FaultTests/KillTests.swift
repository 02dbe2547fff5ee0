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
    private static let killCount = 50
    private static let fileCount = 200

    private let sandbox: Sandbox
    private let project: Project
    private let old: Tree
    private let new: Tree

    /// A repository with a small version 1 of `data` pushed and bound, and a larger version 2 lying in its tree.
    init() throws {
        sandbox = try Sandbox()
        project = try Project.make("template", in: sandbox)
        try KillTests.writeFiles(of: project, byteCount: 2_000, seed: 1)
        try sandbox.write("\(project.repository)/data/only-old", Array("old".utf8))
        try sandbox.succeed(["add", "data"], in: project.repository)
        try project.commit()
        try sandbox.succeed(["push"], in: project.repository)
        old = try sandbox.tree("\(project.repository)/data")
        try sandbox.remove("\(project.repository)/data/only-old")
        try KillTests.writeFiles(of: project, byteCount: 100_000, seed: 2)
        try sandbox.write("\(project.repository)/data/long", seededBytes(count: 9 << 20, seed: 3))
        new = try sandbox.tree("\(project.repository)/data")
    }

    private static func writeFiles(of project: Project, byteCount: Int, seed: UInt64) throws {
        for number in 0..<fileCount {
            try project.sandbox.write(
                "\(project.repository)/data/\(number % 10)/\(number)",
                seededBytes(count: byteCount, seed: seed << 32 + UInt64(number)))
        }
    }

    /// Runs the command on copies of the template: once to its end, then killed at random moments.
    ///
    /// `check`: called after each kill and the next run, which has to succeed; the first call's `victim` is after the
    /// kill, the second's after the next run.
    private func killing(
        _ arguments: [String], template: Project, in directory: (Project) -> String = \.repository,
        afterKill: (Project, String) throws -> Void, afterNextRun: (Project, String) throws -> Void
    ) throws {
        let whole = try template.copy(to: "whole")
        let reference = try sandbox.reg(arguments, in: directory(whole)).run()
        try #require(reference.code == 0, "\(reference.errorText)")
        try afterNextRun(whole, "undisturbed")
        try sandbox.remove("whole")
        let seed = printedSeed("kill \(arguments[0])")
        var random = SeededRandom(seed: seed)
        var killed = 0
        for number in 0..<KillTests.killCount {
            let victim = try template.copy(to: "victim")
            let delay = reference.time * Double.random(in: 0...1, using: &random)
            let outcome = try sandbox.reg(arguments, in: directory(victim)).run(killedAfter: delay)
            let context = "\(arguments[0]), kill \(number) after \(delay), seed \(seed)"
            #expect(
                outcome.ending == .killed || outcome.code == 0,
                "\(context): \(outcome.ending) \(outcome.errorText)")
            if outcome.ending == .killed { killed += 1 }
            try afterKill(victim, context)
            let next = try sandbox.reg(arguments, in: directory(victim)).run()
            #expect(next.code == 0, "\(context): next run: \(next.ending) \(next.errorText)")
            try afterNextRun(victim, context)
            try sandbox.remove("victim")
        }
        print("kill \(arguments[0]): \(killed) of \(KillTests.killCount) in \(reference.time)")
        #expect(killed > KillTests.killCount / 4, "too few runs were still there to be killed")
    }

    @Test(.timeLimit(.minutes(2))) func killedAddLeavesOldOrNewLock() throws {
        let files = ["reg.lock", ".gitignore", ".git/info/exclude"]
        let before = try files.map { try sandbox.read("\(project.repository)/\($0)") }
        try killing(["add", "data"], template: project) { victim, context in
            for (file, old) in zip(files, before) {
                let found = try sandbox.read("\(victim.repository)/\(file)")
                let isWhole = found == old || file == "reg.lock" && lockNames(new.digest, found)
                #expect(isWhole, "\(context): \(file): \(String(decoding: found, as: UTF8.self))")
            }
            try victim.expectSound(context)
        } afterNextRun: { victim, context in
            let lock = try sandbox.read("\(victim.repository)/reg.lock")
            #expect(lockNames(new.digest, lock), "\(context): \(String(decoding: lock, as: UTF8.self))")
            // The store alone holds the bytes: nothing was pushed.
            try sandbox.succeed(["pull", "data", "-o", "../out"], in: victim.repository)
            #expect(try sandbox.tree("\(victim.place)/out").entries == new.entries, "\(context)")
        }
    }

    private func lockNames(_ digest: Digest, _ lock: [UInt8]) -> Bool {
        let text = String(decoding: lock, as: UTF8.self)
        return text.hasPrefix("reg-lock 1\n\ndata dataset data/ \(digest.text) ") && text.hasSuffix("\n")
    }

    @Test(.timeLimit(.minutes(2))) func killedPushLeavesOldOrNewVersion() throws {
        try sandbox.succeed(["add", "data"], in: project.repository)
        try project.commit()
        try checkPush(template: project, recordsBefore: 1)
    }

    @Test(.timeLimit(.minutes(2))) func killedFirstPushLeavesNoOrWholeRegistry() throws {
        try sandbox.succeed(["add", "data"], in: project.repository)
        try project.commit()
        try sandbox.remove(project.registry)
        try sandbox.remove("\(project.repository)/.git/reg/manifest.sqlite")
        try checkPush(template: project, recordsBefore: 0)
    }

    private func checkPush(template: Project, recordsBefore: Int) throws {
        try killing(["push", "--json"], template: template) { victim, context in
            let count = try victim.records().count
            #expect(count == recordsBefore || count == recordsBefore + 1, "\(context): \(count) records")
            if sandbox.exists("\(victim.registry)/registry.json") { try victim.expectSound(context) }
        } afterNextRun: { victim, context in
            #expect(try victim.records().count == recordsBefore + 1, "\(context)")
            try victim.expectSound(context)
            let document = try sandbox.succeed(["push", "--json"], in: victim.repository)
            #expect(document["record"] == .null, "\(context)")
            #expect(document.onlyArtifact?["version"]?.integerValue == Int64(recordsBefore) + 1, "\(context)")
            #expect(document.onlyArtifact?["digest"]?.stringValue == new.digest.text, "\(context)")
            #expect(document["binding"]?["commit"]?.stringValue != nil, "\(context)")
            let clone = try victim.clone(as: "clone")
            try sandbox.succeed(["pull"], in: clone)
            #expect(try sandbox.tree("\(clone)/data").entries == new.entries, "\(context)")
        }
    }

    @Test(.timeLimit(.minutes(2))) func killedPullLeavesOldOrNewFiles() throws {
        let clone = try project.clone(as: "clone")
        try sandbox.succeed(["pull"], in: clone)
        try sandbox.succeed(["add", "data"], in: project.repository)
        try project.commit()
        try sandbox.succeed(["push"], in: project.repository)
        try sandbox.git(["pull", "--quiet"], in: clone)
        try killing(["pull"], template: project, in: { "\($0.place)/clone" }) { victim, context in
            let found = try sandbox.tree("\(victim.place)/clone/data")
            for (path, entry) in found.files where !isTemporary(path) {
                let isWhole = entry == old.entries[path] || entry == new.entries[path]
                #expect(isWhole, "\(context): \(printable(path))")
            }
            for path in old.files.keys where new.entries[path] != nil {
                #expect(found.entries[path] != nil, "\(context): \(printable(path)) is gone")
            }
        } afterNextRun: { victim, context in
            let found = try sandbox.tree("\(victim.place)/clone/data")
            #expect(found.entries.filter { !isTemporary($0.key) } == new.entries, "\(context)")
            let status = try sandbox.succeed(["status", "--json"], in: "\(victim.place)/clone")
            #expect(status.onlyArtifact?["state"]?.stringValue == "clean", "\(context): \(status.compact)")
        }
    }

    @Test(.timeLimit(.minutes(2))) func killedPullApartLeavesNothingOrAll() throws {
        try sandbox.succeed(["add", "data"], in: project.repository)
        try project.commit()
        try sandbox.succeed(["push"], in: project.repository)
        try killing(["pull", "data", "-o", "../out"], template: project) { victim, context in
            guard sandbox.exists("\(victim.place)/out") else { return }
            #expect(try sandbox.tree("\(victim.place)/out").entries == new.entries, "\(context)")
            try sandbox.remove("\(victim.place)/out")
        } afterNextRun: { victim, context in
            let found = try sandbox.tree("\(victim.place)/out")
            #expect(found.entries == new.entries, "\(context)")
        }
    }

    private func isTemporary(_ path: BytePath) -> Bool {
        path.lastComponent.bytes.starts(with: Array(".tmp-".utf8))
    }
}
