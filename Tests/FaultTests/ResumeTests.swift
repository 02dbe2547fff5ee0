// SPDX-License-Identifier: Apache-2.0
import Glibc
import RegBytes
import RegHash
import RegJSON
import RegTesting
import Testing

/// SIGKILL again and again: what a killed run has written or fetched is not written or fetched again.
///
/// The promise is 20 kills of 2 GiB and at most 15 % done again, so each may cost 15.4 MiB. `REG_SOAK=1` takes just
/// that; else it is fewer kills of less.
@Suite(.serialized) struct ResumeTests {
    /// How the same number of bytes lies in files.
    enum Shape: String, CaseIterable {
        case oneFile, manyFiles
    }

    private static let isSoak = getenv("REG_SOAK") != nil
    private static let mebibytes = isSoak ? 2048 : 96
    private static let killCount = isSoak ? 20 : 5
    private static let byteCount = UInt64(mebibytes) << 20
    private static let limitPerKill = UInt64(0.15 * Double(2048 << 20) / 20)
    private static let timeLimit: Duration = isSoak ? .seconds(600) : .seconds(120)

    private let sandbox: Sandbox
    private let project: Project
    private let data: String

    init() throws {
        sandbox = try Sandbox()
        project = try Project.make("project", in: sandbox)
        try project.commit()
        data = "\(project.repository)/data"
    }

    private func writeData(_ shape: Shape) throws {
        for number in 0..<ResumeTests.mebibytes {
            let bytes = seededBytes(count: 1 << 20, seed: UInt64(number))
            switch shape {
            case .oneFile:
                try sandbox.makeDirectory(data)
                try append(bytes, to: "\(data)/big")
            case .manyFiles:
                for part in 0..<16 {
                    try sandbox.write(
                        "\(data)/\(number % 8)/\(number)-\(part)",
                        Array(bytes[(part << 16)..<((part + 1) << 16)]))
                }
            }
        }
    }

    private func append(_ bytes: [UInt8], to name: String) throws {
        let file = open(sandbox.path(name), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw SystemFailure("open", name) }
        defer { close(file) }
        let written = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
        guard written == bytes.count else { throw SystemFailure("write", name) }
    }

    private func push() throws {
        try sandbox.succeed(["add", "data"], in: project.repository)
        try project.commit()
        try sandbox.succeed(["push"], in: project.repository)
    }

    private func expectSame(_ name: String, _ context: String) throws {
        let outcome = try sandbox.command(
            "/usr/bin/diff", ["-r", sandbox.path(data), sandbox.path(name)]
        ).run(limit: ResumeTests.timeLimit)
        #expect(outcome.code == 0, "\(context): \(outcome.text.prefix(300))")
    }

    /// Paths of unfinished files and directories in trees and among packs, and of notes of them.
    ///
    /// A kill may also leave a small file beside the lock, a record or a manifest that was about to get its name.
    private func leftovers() throws -> [String] {
        let places = ["*/data/*", "*/outputs/*", "*/packs/*", "*/journal/*"]
        let paths = places.flatMap { ["-o", "-path", $0] }.dropFirst()
        let names = ["(", "-name", ".tmp-*", "-o", "-name", "*.unfinished", ")", "("] + paths + [")"]
        return try sandbox.run("/usr/bin/find", [sandbox.root] + names, in: ".").split(separator: "\n").map(
            String.init)
    }

    /// The bytes of all files at a path and of what is unfinished beside it.
    private func byteCount(at name: String) throws -> UInt64 {
        let arguments = [sandbox.path(name), "-type", "f", "-path", "*", "-printf", "%s\n"]
        let lines = try sandbox.run("/usr/bin/find", arguments, in: ".").split(separator: "\n")
        return lines.reduce(0) { $0 + (UInt64($1) ?? 0) }
    }

    /// What all runs of a command together have done.
    private struct Work {
        var killed = 0
        var writtenByteCount: UInt64 = 0
        /// Read beyond what lay in the target when the run began, which a run reads to check it.
        var fetchedByteCount: UInt64 = 0
        var last: JSON = .null
    }

    /// Kills the command at random moments, the last of which is near the time of a whole run, then runs it to its end.
    private func work(
        _ arguments: [String], in directory: String, target: String, seed: UInt64
    ) throws -> Work {
        var random = SeededRandom(seed: seed)
        var work = Work()
        var longest = Duration.milliseconds(100)
        while work.killed < ResumeTests.killCount {
            let before = sandbox.exists(target) ? try byteCount(at: target) : 0
            let delay = longest * Double.random(in: 0.3...1, using: &random)
            let outcome = try sandbox.reg(arguments, in: directory).run(killedAfter: delay)
            work.writtenByteCount += outcome.writtenByteCount
            work.fetchedByteCount += outcome.readByteCount - min(before, outcome.readByteCount)
            guard outcome.ending == .killed else { break }
            work.killed += 1
            // Long enough to come further than the one before.
            if try byteCount(at: target, orNone: before) <= before { longest = longest * 1.5 }
        }
        let before = sandbox.exists(target) ? try byteCount(at: target) : 0
        let last = try sandbox.reg(arguments + ["--json"], in: directory).run(limit: ResumeTests.timeLimit)
        try #require(last.code == 0, "\(last.ending) \(last.errorText)")
        work.writtenByteCount += last.writtenByteCount
        work.fetchedByteCount += last.readByteCount - min(before, last.readByteCount)
        work.last = try JSON.parse(last.output)
        let all = "\(arguments.joined(separator: " ")), seed \(seed): \(work.killed) kills"
        print("\(all), wrote \(work.writtenByteCount) and fetched \(work.fetchedByteCount) bytes")
        return work
    }

    private func byteCount(at name: String, orNone none: UInt64) throws -> UInt64 {
        sandbox.exists(name) ? try byteCount(at: name) : none
    }

    /// Little more was done than once.
    private func expectOnce(_ done: UInt64, _ work: Work, _ what: String) {
        let limit = ResumeTests.byteCount + UInt64(work.killed + 1) * ResumeTests.limitPerKill
        #expect(done > 0 && done <= limit, "\(what): \(done) of \(limit) bytes after \(work.killed) kills")
    }

    @Test(arguments: Shape.allCases) func aPullGoesOnWhereItWasKilled(shape: Shape) throws {
        try writeData(shape)
        try push()
        let clone = try project.clone(as: "clone")
        let work = try work(["pull"], in: clone, target: "\(clone)/data", seed: printedSeed("\(shape)"))
        expectOnce(work.writtenByteCount, work, "written")
        expectOnce(work.fetchedByteCount, work, "fetched")
        try expectSame("\(clone)/data", "\(shape)")
        #expect(try leftovers() == [])
        let status = try sandbox.succeed(["status", "--json"], in: clone)
        #expect(status.onlyArtifact?["state"]?.stringValue == "clean")
    }

    @Test(arguments: Shape.allCases) func aPullApartGoesOnWhereItWasKilled(shape: Shape) throws {
        try writeData(shape)
        try push()
        let clone = try project.clone(as: "clone")
        // All that grows lies in a directory of its own: what is unfinished is beside the output.
        try sandbox.makeDirectory("\(project.place)/outputs")
        let arguments = ["pull", "data", "-o", "../outputs/out"]
        let work = try work(
            arguments, in: clone, target: "\(project.place)/outputs", seed: printedSeed("apart \(shape)"))
        expectOnce(work.writtenByteCount, work, "written")
        expectOnce(work.fetchedByteCount, work, "fetched")
        try expectSame("\(project.place)/outputs/out", "\(shape)")
        #expect(try leftovers() == [])
        let again = try sandbox.succeed(arguments + ["--json"], in: clone)
        #expect(again.onlyArtifact?["fetched_bytes"] == .integer(0), "it is there already")
        try sandbox.write("\(project.place)/outputs/out/more", [1])
        #expect(try sandbox.reg(arguments, in: clone).run().code == 3)
    }

    @Test(arguments: Shape.allCases) func anAddGoesOnWhereItWasKilled(shape: Shape) throws {
        try writeData(shape)
        let work = try work(
            ["add", "data"], in: project.repository, target: "\(project.repository)/.git/reg/store",
            seed: printedSeed("add \(shape)"))
        expectOnce(work.writtenByteCount, work, "written")
        #expect(try leftovers() == [])
        try project.commit()
        try sandbox.succeed(["push"], in: project.repository)
        try project.expectSound("\(shape)")
        try sandbox.succeed(["pull", "data", "-o", "../out"], in: try project.clone(as: "clone"))
        try expectSame("\(project.place)/out", "\(shape)")
    }

    @Test(arguments: Shape.allCases) func aStreamedPushGoesOnWhereItWasKilled(shape: Shape) throws {
        try writeData(shape)
        let work = try work(
            ["push", "./data"], in: project.repository, target: project.registry,
            seed: printedSeed("push \(shape)"))
        expectOnce(work.writtenByteCount, work, "written")
        #expect(try leftovers() == [])
        let artifact = try #require(work.last.onlyArtifact)
        let reused = UInt64(artifact["reused_bytes"]?.integerValue ?? 0)
        let uploaded = UInt64(artifact["uploaded_bytes"]?.integerValue ?? 0)
        // Noise is stored as it is: what this run uploaded and what it found there make up the whole.
        #expect(reused > 0 && reused + uploaded >= ResumeTests.byteCount)
        #expect(reused + uploaded < ResumeTests.byteCount + 4 << 20)
        try project.expectSound("\(shape)")
        try sandbox.succeed(["pull", "data", "-o", "../out"], in: try project.clone(as: "clone"))
        try expectSame("\(project.place)/out", "\(shape)")
    }

    @Test func aPushToAnotherFileSystemGoesOnWhereItWasKilled() throws {
        guard let other = try OtherFileSystem(room: 2 * ResumeTests.byteCount) else { return }
        defer { _ = try? sandbox.remove(absolute: other.path) }  // a temporary directory
        try writeData(.oneFile)
        try sandbox.succeed(["add", "data"], in: project.repository)
        try project.commit()
        try sandbox.link("\(project.place)/registry", to: other.path)
        let work = try work(
            ["push"], in: project.repository, target: "\(project.place)/registry/", seed: printedSeed("copy"))
        expectOnce(work.writtenByteCount, work, "written")
        #expect(try sandbox.run("/usr/bin/find", [other.path, "-name", ".tmp-*"], in: ".") == "")
        try project.expectSound("copy")
    }

    @Test func pushedAgainAfterAKillBeforeTheRecordNothingIsSent() throws {
        try writeData(.oneFile)
        try sandbox.succeed(["add", "data"], in: project.repository)
        try project.commit()
        try sandbox.succeed(["push"], in: project.repository)
        // As a push leaves it that was killed before its record.
        try sandbox.remove("\(project.registry)/log/00000000000000000001.json")
        try sandbox.succeed(["manifest", "rebuild"], in: project.repository)
        let packs = try sandbox.tree("\(project.registry)/packs")
        let pushed = try sandbox.succeed(["push", "--json"], in: project.repository)
        #expect(pushed["record"] == .integer(1))
        #expect(pushed.onlyArtifact?["uploaded_bytes"] == .integer(0))
        #expect(pushed.onlyArtifact?["reused_bytes"] == .integer(Int64(ResumeTests.byteCount)))
        // And before its manifest.
        for name in ["log/00000000000000000001.json", "manifests"] {
            try sandbox.remove("\(project.registry)/\(name)")
        }
        try sandbox.succeed(["manifest", "rebuild"], in: project.repository)
        let again = try sandbox.succeed(["push", "--json"], in: project.repository)
        #expect(again["record"] == .integer(1))
        let uploaded = again.onlyArtifact?["uploaded_bytes"]?.integerValue ?? 0
        #expect(uploaded > 0 && uploaded < 1 << 20, "the manifest alone")
        #expect(again.onlyArtifact?["reused_bytes"] == .integer(Int64(ResumeTests.byteCount)))
        #expect(try sandbox.tree("\(project.registry)/packs").traces == packs.traces)
    }
}

/// A directory on a file system that the sandbox is not on.
private struct OtherFileSystem {
    let path: String

    /// Nil where this machine has none with that much room.
    init?(room: UInt64) throws {
        var space = statvfs()
        guard statvfs("/dev/shm", &space) == 0, UInt64(space.f_bavail) * UInt64(space.f_frsize) > room else {
            return nil
        }
        var name = Array("/dev/shm/reg-faults-XXXXXX".utf8CString)
        guard let made = mkdtemp(&name) else { return nil }
        path = String(cString: made)
    }
}
