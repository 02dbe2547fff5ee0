// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegHash
import RegJSON
import RegTesting
import Testing

/// Many writers on one registry directory, which none of them has made before.
struct ConcurrencyTests {
    private static let cloneCount = 8
    private static let versionCount = Soak.count(6, full: 25)

    /// From when to when a command ran.
    private typealias Interval = (start: ContinuousClock.Instant, end: ContinuousClock.Instant)

    /// What one clone pushed at once.
    private struct Pushed: Sendable {
        let commit: String
        let own: (name: String, digest: Digest)
        let model: Digest
        /// The number of its record.
        let record: Int64
        let time: Interval
    }

    /// What somebody saw who only reads.
    private struct Look: Sendable {
        /// Versions of `model`.
        let count: Int
        let time: Interval
    }

    private enum Event: Sendable {
        case push(Pushed)
        case look(Look)
    }

    @Test(arguments: 0..<UInt64(Soak.count(1, full: 3)))
    func concurrentPushesAllCountAndAreAllWhole(seed: UInt64) throws {
        let sandbox = try Sandbox()
        let project = try Project.make("project", in: sandbox)
        try project.commit()
        for number in 0..<ConcurrencyTests.cloneCount {
            let clone = try project.clone(as: "clone-\(number)")
            try sandbox.git(["switch", "--quiet", "--create", "branch-\(number)"], in: clone)
        }
        let reader = try project.clone(as: "reader")
        let clones = ConcurrencyTests.cloneCount
        let events = try onThreads(clones + 1) { clone in
            if clone == clones { return try ConcurrencyTests.watch(from: reader, in: sandbox) }
            return try (0..<ConcurrencyTests.versionCount).map { version in
                .push(try ConcurrencyTests.push(version, from: clone, of: project, seed: seed))
            }
        }.joined()
        let pushed = events.compactMap { if case .push(let push) = $0 { push } else { nil } }
        checkOrder(pushed, events.compactMap { if case .look(let look) = $0 { look } else { nil } })
        let records = try project.records()
        #expect(records.count == ConcurrencyTests.cloneCount * ConcurrencyTests.versionCount)
        let operations = try checkChain(records, of: project)
        checkVersions(operations, of: pushed)
        try project.expectSound("after all pushes")
        try checkPulls(operations, of: pushed, from: project)
    }

    /// Changes the clone's own artifact and the one that all clones share, commits, and pushes both.
    private static func push(
        _ version: Int, from clone: Int, of project: Project, seed: UInt64
    ) throws -> Pushed {
        let sandbox = project.sandbox
        let directory = "\(project.place)/clone-\(clone)"
        let seed = 10_000 * seed + UInt64(100 * clone + version)
        let own = "own-\(clone)"
        try sandbox.write("\(directory)/\(own)/data", seededBytes(count: 100_000, seed: seed))
        try sandbox.write("\(directory)/model/same", seededBytes(count: 100_000, seed: 1_000))
        try sandbox.write("\(directory)/model/new", seededBytes(count: 30_000, seed: 1 << 32 + seed))
        try sandbox.succeed(["add", own, "model"], in: directory)
        try sandbox.git(["add", "--all"], in: directory)
        try sandbox.git(["commit", "--quiet", "--message=Version \(version)"], in: directory)
        let start = ContinuousClock.now
        let document = try sandbox.succeed(["push", "--json"], in: directory)
        let time = (start, ContinuousClock.now)
        let commit = try sandbox.git(["rev-parse", "HEAD"], in: directory).split(separator: "\n")[0]
        #expect(document["binding"]?["commit"]?.stringValue == String(commit))
        return Pushed(
            commit: String(commit), own: (own, try sandbox.tree("\(directory)/\(own)").digest),
            model: try sandbox.tree("\(directory)/model").digest,
            record: try #require(document["record"]?.integerValue), time: time)
    }

    /// Reads the log as often as every clone pushes, however fast that goes.
    private static func watch(from clone: String, in sandbox: Sandbox) throws -> [Event] {
        try (0..<2 * versionCount).map { _ in
            let start = ContinuousClock.now
            let outcome = try sandbox.reg(["log", "model", "--json"], in: clone).run()
            // 5: nobody has made the registry, or the name, yet.
            expectFailure(outcome, [0, 5], "log")
            let entries = outcome.code == 0 ? try JSON.parse(outcome.output)["entries"]?.arrayValue ?? [] : []
            let pushes = entries.count { $0["kind"]?.stringValue == "push" }
            return .look(Look(count: pushes, time: (start, ContinuousClock.now)))
        }
    }

    /// The order of the log is one in which all could have been done one after the other.
    ///
    /// That is: a push that ended before another began comes before it, and who reads sees all that had ended
    /// before, and nothing that began only later.
    private func checkOrder(_ pushed: [Pushed], _ looks: [Look]) {
        let inOrder = pushed.sorted { $0.record < $1.record }
        #expect(inOrder.map(\.record) == Array(1...Int64(pushed.count)))
        for (index, push) in inOrder.enumerated() {
            let late = inOrder[(index + 1)...].first { $0.time.end < push.time.start }
            #expect(late == nil, "record \(late?.record ?? 0) was done before \(push.record) began")
        }
        for look in looks {
            let done = pushed.count { $0.time.end < look.time.start }
            let begun = pushed.count { $0.time.start < look.time.end }
            #expect((done...begun).contains(look.count), "saw \(look.count), not \(done) to \(begun)")
        }
    }

    /// Each record follows the bytes of the one before; the operations of all, in order.
    private func checkChain(_ records: [[UInt8]], of project: Project) throws -> [JSON] {
        var before = SHA256.digest(of: try project.sandbox.read("\(project.registry)/registry.json"))
        var operations: [JSON] = []
        for (index, bytes) in records.enumerated() {
            let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            try #require(lines.count == 3 && lines[2].isEmpty, "record \(index + 1) is not two lines")
            #expect(lines[1].elementsEqual(SHA256.digest(of: Array(lines[0])).text.utf8))
            let record = try JSON.parse(Array(lines[0]))
            #expect(record["number"] == .integer(Int64(index + 1)))
            #expect(record["prev"]?.stringValue == before.text, "record \(index + 1)")
            #expect(record["project"]?.stringValue == Project.id)
            operations += record["operations"]?.arrayValue ?? []
            before = SHA256.digest(of: bytes)
        }
        return operations
    }

    /// Every name has its versions without gaps, every digest is there, and every commit is bound.
    private func checkVersions(_ operations: [JSON], of pushed: [Pushed]) {
        var newest: [String: Int64] = [:]
        for push in operations where push["op"]?.stringValue == "push" || push["kind"]?.stringValue == "push"
        {
            let name = push["name"]?.stringValue ?? ""
            #expect(push["version"] == .integer(newest[name, default: 0] + 1), "\(push.compact)")
            newest[name, default: 0] += 1
        }
        #expect(newest["model"] == Int64(pushed.count))
        #expect(newest.count == ConcurrencyTests.cloneCount + 1)
        let commits = operations.compactMap { $0["commit"]?.stringValue }
        #expect(commits.sorted() == pushed.map(\.commit).sorted())
    }

    private func checkPulls(_ operations: [JSON], of pushed: [Pushed], from project: Project) throws {
        let sandbox = project.sandbox
        let fresh = try project.clone(as: "fresh")
        var expected: [String: Set<Digest>] = [:]
        for push in pushed {
            expected[push.own.name, default: []].insert(push.own.digest)
            expected["model", default: []].insert(push.model)
        }
        for (name, digests) in expected {
            var found: Set<Digest> = []
            for version in 1...digests.count {
                let output = "\(name)-\(version)"
                try sandbox.succeed(["pull", "\(name)@v\(version)", "-o", "../\(output)"], in: fresh)
                found.insert(try sandbox.tree("\(project.place)/\(output)").digest)
            }
            #expect(found == digests, "\(name)")
        }
        for (number, push) in pushed.enumerated() where number % ConcurrencyTests.versionCount == 0 {
            let output = "commit-\(number)"
            try sandbox.succeed(["pull", "@\(push.commit)", "-o", "../\(output)"], in: fresh)
            let model = try sandbox.tree("\(project.place)/\(output)/model")
            let own = try sandbox.tree("\(project.place)/\(output)/\(push.own.name)")
            #expect(model.digest == push.model && own.digest == push.own.digest, "\(push.commit)")
        }
    }
}
