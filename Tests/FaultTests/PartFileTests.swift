// SPDX-License-Identifier: Apache-2.0
import Glibc
import RegBytes
import RegHash
import RegJSON
import RegTesting
import Testing

/// What lies under the name of an unfinished file: of use, damaged, somebody else's, or no longer wanted.
struct PartFileTests {
    private let sandbox: Sandbox
    private let project: Project
    private let clone: String
    private let content: [UInt8]
    private static let size = 12 << 20

    init() throws {
        sandbox = try Sandbox()
        project = try Project.make("project", in: sandbox)
        content = seededBytes(count: PartFileTests.size, seed: 7)
        try sandbox.write("\(project.repository)/data/big", content)
        try sandbox.write("\(project.repository)/data/small", Array("small".utf8))
        try sandbox.succeed(["add", "data"], in: project.repository)
        try project.commit()
        try sandbox.succeed(["push"], in: project.repository)
        clone = try project.clone(as: "clone")
        try sandbox.makeDirectory("\(clone)/data")
    }

    /// Where a killed pull leaves the beginning of `data/big`, as docs/architecture.md has it.
    private var part: String {
        "\(clone)/data/.tmp-part-\(SHA256.digest(of: Array("big".utf8)).hex.prefix(16))"
    }

    /// Pulls, and expects the version and nothing beside it; the bytes that were fetched.
    private func pull(leaving others: Set<String> = []) throws -> Int {
        let document = try sandbox.succeed(["pull", "--json"], in: clone)
        #expect(Set(try sandbox.names("\(clone)/data")) == Set(["big", "small"]).union(others))
        let isSame = try sandbox.read("\(clone)/data/big") == content
        #expect(isSame)
        return Int(document.onlyArtifact?["fetched_bytes"]?.integerValue ?? 0)
    }

    @Test func whatIsThereIsNotFetched() throws {
        try sandbox.write(part, Array(content[..<(9 << 20)]))
        let fetched = try pull()
        #expect(fetched > 3 << 20 && fetched < 4 << 20)
    }

    @Test func aWholeFileWithoutItsNameIsNotFetched() throws {
        try sandbox.write(part, content)
        #expect(try pull() < 1 << 20)
    }

    @Test func aDamagedPartIsMended() throws {
        var bytes = Array(content[..<(9 << 20)])
        bytes[4 << 20] ^= 1
        bytes += [UInt8](repeating: 0, count: 1 << 20)
        try sandbox.write(part, bytes)
        let fetched = try pull()
        #expect(fetched > 3 << 20 && fetched < 5 << 20)
    }

    @Test func longerThanTheFileIsCut() throws {
        try sandbox.write(part, content + seededBytes(count: 2 << 20, seed: 8))
        #expect(try pull() < 1 << 20)
    }

    @Test func whatIsSomethingElseIsWrittenOver() throws {
        try sandbox.write(part, seededBytes(count: 5_000_001, seed: 9))
        #expect(try pull() > PartFileTests.size)
    }

    @Test func aLinkToAnotherFileIsNotWrittenTo() throws {
        let victim = seededBytes(count: 1_000, seed: 1)
        try sandbox.write("\(project.place)/victim", victim)
        try sandbox.run("/bin/ln", [sandbox.path("\(project.place)/victim"), sandbox.path(part)], in: ".")
        _ = try pull()
        #expect(try sandbox.read("\(project.place)/victim") == victim)
    }

    @Test func aSymlinkIsNotFollowed() throws {
        let victim = seededBytes(count: 1_000, seed: 1)
        try sandbox.write("\(project.place)/victim", victim)
        try sandbox.link(part, to: sandbox.path("\(project.place)/victim"))
        let name = String(part.split(separator: "/").last ?? "")
        _ = try pull(leaving: [name])
        #expect(try sandbox.read("\(project.place)/victim") == victim)
    }

    @Test func whatNobodyWantsAnyMoreGoes() throws {
        let unwanted = "\(clone)/data/.tmp-part-0123456789abcdef"
        try sandbox.write(unwanted, [1, 2, 3])
        let kept = "\(clone)/data/.tmp-part-fedcba9876543210"
        try sandbox.write(kept, [1, 2, 3])
        let file = open(sandbox.path(kept), O_RDONLY | O_CLOEXEC)
        defer { close(file) }
        try #require(flock(file, LOCK_EX) == 0)
        _ = try pull(leaving: [".tmp-part-fedcba9876543210"])
        flock(file, LOCK_UN)
        _ = try pull()
    }

    @Test func anUnfinishedFileOfAnotherMachineGoesWhenItIsOld() throws {
        // A number that no process has (PID_MAX_LIMIT is 2^22).
        let name = ".tmp-4999999-00000000abcdef01"
        try sandbox.write("\(clone)/data/\(name)", [1])
        _ = try pull(leaving: [name])
        try sandbox.run("/bin/touch", ["-d", "2 hours ago", sandbox.path("\(clone)/data/\(name)")], in: ".")
        _ = try pull()
    }

    @Test func pullsAtTheSameTimeDoNotDisturbEachOther() throws {
        for round in 0..<3 {
            try sandbox.remove("\(clone)/data")
            try sandbox.remove("\(clone)/.git/reg")
            let outcomes = try onThreads(4) { _ in try sandbox.reg(["pull"], in: clone).run() }
            for outcome in outcomes { expectFailure(outcome, [0], "round \(round)") }
            _ = try pull()
        }
    }

    @Test func pullsApartAtTheSameTimeDoNotDisturbEachOther() throws {
        let outcomes = try onThreads(4) { _ in
            try sandbox.reg(["pull", "data", "-o", "../out"], in: clone).run()
        }
        // Whoever comes second finds the place taken, or the same content there.
        for outcome in outcomes { expectFailure(outcome, [0, 3, 9], "apart") }
        #expect(outcomes.contains { $0.code == 0 })
        #expect(
            try sandbox.tree("\(project.place)/out").digest
                == sandbox.tree("\(project.repository)/data").digest)
    }

    @Test func whatAnotherVersionLeftBesideTheOutputGoes() throws {
        let place = SHA256.digest(of: Array("out".utf8)).hex.prefix(8)
        let other = "\(project.place)/.tmp-part-\(place)01234567"
        try sandbox.write("\(other)/sub/file", [1])
        let foreign = "\(project.place)/.tmp-part-0123456701234567"
        try sandbox.write("\(foreign)/file", [1])
        try sandbox.succeed(["pull", "data", "-o", "../out"], in: clone)
        #expect(!sandbox.exists(other) && sandbox.exists(foreign))
    }
}
