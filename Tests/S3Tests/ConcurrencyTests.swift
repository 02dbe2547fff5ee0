// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegHash
import RegJSON
import RegTesting
import Testing

/// Many writers on one registry in a bucket, over a network that loses and breaks.
@Suite(.serialized) struct ConcurrencyTests {
    private static let cloneCount = 8

    /// What one clone pushed at once, from when to when.
    private struct Pushed: Sendable {
        let own: (name: String, digest: Digest)
        let shared: Digest
        let record: Int64
        let start: ContinuousClock.Instant
        let end: ContinuousClock.Instant
    }

    /// 5 % of all requests meet one of these.
    private static let faults: [JSON] = [
        ["do": "answer", "status": 500, "probability": 0.01],
        ["do": "answer", "status": 503, "probability": 0.01],
        ["do": "reset", "probability": 0.01], ["do": "reset", "when": "after", "probability": 0.01],
        ["do": "cut", "bytes": 40, "probability": 0.005],
        ["do": "answer", "status": 500, "forward": true, "probability": 0.005],
    ]

    @Test(arguments: TestServer.Kind.all.filter { [.emulator, .ceph].contains($0) })
    func allPushesCountAndAreWhole(_ kind: TestServer.Kind) throws {
        let versionCount = kind == .emulator ? Soak.count(4, full: 25) : Soak.count(2, full: 5)
        let project = try BucketProject(try TestServer(kind), prefix: "race")
        try project.commit()
        for number in 0..<ConcurrencyTests.cloneCount { try project.clone("clone-\(number)") }
        try project.proxy.set(ConcurrencyTests.faults)
        let pushed = try onThreads(ConcurrencyTests.cloneCount) { clone in
            try (0..<versionCount).map { try ConcurrencyTests.push($0, from: clone, of: project) }
        }.joined().sorted { $0.record < $1.record }
        let met = try project.proxy.passed().count { $0.fault != nil }
        try project.proxy.set([])
        print("race on \(kind): \(pushed.count) pushes, \(met) faults")
        #expect(met > 0)
        #expect(pushed.map(\.record) == Array(1...Int64(ConcurrencyTests.cloneCount * versionCount)))
        for (index, push) in pushed.enumerated() {
            let late = pushed[(index + 1)...].first { $0.end < push.start }
            #expect(late == nil, "record \(late?.record ?? 0) was done before \(push.record) began")
        }
        if kind == .emulator {
            let records = try project.records()
            #expect(records.count == pushed.count)
            #expect(Set(records.compactMap { $0["id"]?.stringValue }).count == records.count)
        }
        try checkVersions(pushed, versionCount, project)
    }

    private static func push(_ version: Int, from clone: Int, of project: BucketProject) throws -> Pushed {
        let sandbox = project.sandbox
        let directory = "clone-\(clone)"
        let seed = UInt64(100 * clone + version)
        try sandbox.write("\(directory)/own-\(clone)/file", seededBytes(count: 60_000, seed: seed))
        try sandbox.write("\(directory)/shared/same", seededBytes(count: 60_000, seed: 1_000))
        try sandbox.write("\(directory)/shared/new", seededBytes(count: 20_000, seed: 10_000 + seed))
        try sandbox.succeed(["add", "own-\(clone)", "shared"], in: directory)
        try sandbox.git(["add", "--all"], in: directory)
        try sandbox.git(["commit", "--quiet", "--message=\(clone).\(version)"], in: directory)
        let start = ContinuousClock.now
        let document = try sandbox.succeed(["push", "--json"], in: directory)
        return Pushed(
            own: ("own-\(clone)", try sandbox.tree("\(directory)/own-\(clone)").digest),
            shared: try sandbox.tree("\(directory)/shared").digest,
            record: try #require(document["record"]?.integerValue), start: start, end: .now)
    }

    /// Every name has the versions that were pushed, in the order of their records, and each comes back whole.
    private func checkVersions(
        _ pushed: [Pushed], _ versionCount: Int, _ project: BucketProject
    ) throws {
        var expected: [String: [Digest]] = [:]
        for push in pushed {
            expected[push.own.name, default: []].append(push.own.digest)
            expected["shared", default: []].append(push.shared)
        }
        let reader = try project.clone("reader")
        let verify = try project.reg(["verify", "--data", "--json"], in: reader)
        #expect(verify.code == 0, "\(verify.text) \(verify.errorText)")
        for (name, digests) in expected {
            for (index, digest) in digests.enumerated() {
                let version = "\(name)@v\(index + 1)"
                try project.sandbox.succeed(["pull", version, "-o", "../out-\(version)"], in: reader)
                #expect(try project.sandbox.tree("out-\(version)").digest == digest, "\(version)")
            }
            let more = try project.reg(["show", "\(name)@v\(digests.count + 1)"], in: reader)
            #expect(more.code == 5, "\(name) has more versions than were pushed")
        }
    }
}
