// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegHTTP
import RegHash
import RegJSON
import RegS3
import RegStore
import RegTesting
import Testing

/// Servers that answer with errors (500, 502, 503, 504): reg waits, asks again, and gives up in the end.
struct ErrorTests {
    private static let server = SharedServer()

    private func project(_ prefix: String) throws -> BucketProject {
        let project = try BucketProject(try ErrorTests.server.get(), prefix: prefix)
        try project.pushFirst()
        return project
    }

    /// Also errors of requests that the server has carried out.
    @Test(arguments: Operation.allCases) func thosePassingAreWaitedOut(_ operation: Operation) throws {
        let project = try project("passing \(operation)")
        var versions = [try project.digest()]
        let faults: [(status: Int64, probability: Double, isDone: Bool)] = [
            (500, 0.1, true), (502, 0.3, false), (503, 0.3, false), (504, 0.3, true),
        ]
        for fault in faults {
            try operation.prepare(project, seed: UInt64(fault.status))
            let rule: JSON = [
                "do": "answer", "status": .integer(fault.status), "probability": .number(fault.probability),
                "forward": .bool(fault.isDone),
            ]
            let (outcome, passed) = try operation.run(project, under: [rule])
            #expect(outcome.code == 0, "\(fault): \(outcome.ending) \(outcome.errorText)")
            // Parts of one object are requests of their own.
            let parts = Dictionary(grouping: passed.filter { $0.fault != nil }, by: \.range)
            #expect(parts.values.allSatisfy { mostAttempts($0) <= 8 }, "\(fault)")
            if operation == .push { versions.append(try project.digest()) }
        }
        #expect(try project.records().count == versions.count)
        try project.expectSound(versions, "\(operation)")
    }

    @Test(arguments: Operation.allCases) func thoseStayingEndInSeven(_ operation: Operation) throws {
        let project = try project("staying \(operation)")
        var versions = [try project.digest()]
        try operation.prepare(project, seed: 2)
        for status in [500, 502, 503, 504] as [Int64] {
            let (outcome, passed) = try operation.run(
                project, under: [["do": "answer", "status": .integer(status)]], ["AWS_MAX_ATTEMPTS": "3"])
            let host = project.proxy.endpoint.dropFirst("http://".count)
            expectFailure(
                outcome, 7, naming: [String(host), project.location, String(status), "3 attempts"],
                "\(status)")
            #expect(mostAttempts(passed) == 3, "\(status)")
            #expect(!project.sandbox.exists("out"))
        }
        #expect(try project.reg(operation.arguments, in: operation.directory).code == 0)
        if operation == .push { versions.append(try project.digest()) }
        #expect(try project.records().count == versions.count)
        try project.expectSound(versions, "\(operation)")
    }

    @Test func thoseOfOneKindOfRequestLeaveTheRegistryWhole() throws {
        let project = try project("kinds")
        var versions = [try project.digest()]
        let kinds: [(method: JSON, path: JSON)] = [
            ("GET", "registry.json"), ("GET", "log/"), ("HEAD", "log/"), ("GET", "list-type"),
            ("PUT", "registry.json"), ("HEAD", "packs/"), ("PUT", "packs/"), ("PUT", "/manifests/"),
            ("PUT", "log/"),
        ]
        for (number, kind) in kinds.enumerated() {
            for isDone in [false, true] {
                try project.change(UInt64(100 + 2 * number + (isDone ? 1 : 0)))
                versions.append(try project.digest())
                let rule: JSON = [
                    "do": "answer", "status": 500, "method": kind.method, "path": kind.path,
                    "forward": .bool(isDone),
                ]
                let (outcome, passed) = try project.reg(["push"], under: [rule], ["AWS_MAX_ATTEMPTS": "2"])
                let context = "\(kind), done: \(isDone): \(outcome.ending) \(outcome.errorText)"
                let isMet = passed.contains { $0.fault != nil }
                let isRecord = kind.path == "log/" && kind.method == "PUT"
                // A record that is there settles it; one that is not may still arrive.
                let expected: Int32 = !isMet || isRecord && isDone ? 0 : isRecord ? 14 : 7
                #expect(outcome.code == expected, "\(context)")
                let again = try project.reg(["push"])
                #expect(again.code == 0, "\(context), then \(again.errorText)")
                #expect(try project.records().count == versions.count, "\(context)")
            }
        }
        try project.expectSound(versions, "all kinds")
    }

    @Test func oneRequestIsSentEightTimesAtMost() throws {
        let project = try project("eight")
        try project.clone("reader")
        let (outcome, passed) = try Operation.log.run(project, under: [["do": "answer", "status": 503]])
        expectFailure(outcome, 7, naming: ["8 attempts", "registry.json"], "log")
        #expect(passed.count == 8)
    }

    // MARK: A server that asks to be spared

    @Test func aServerThatAsksToBeSparedIsAskedLess() throws {
        let server = try ErrorTests.server.get()
        let proxy = try FaultProxy(before: server.endpoint)
        try withTemporaryDirectory { directory in
            let store = try server.store(
                "spared", at: proxy.endpoint, spool: "\(printable(directory))/spool")
            for number in 0..<16 as Range<UInt64> { _ = try store.create(.record(number), [1]) }
            func readAll() throws -> [Passed] {
                _ = try onThreads(16) { thread in try store.read(.record(UInt64(thread)), limit: 10) }
                return try proxy.passed()
            }
            // Long enough for requests to meet on a machine that does other work too.
            let slow: JSON = ["do": "delay", "seconds": 0.3]
            try proxy.set([slow])
            #expect(mostAtOnce(try readAll()) > 4)
            let spare: JSON = [
                "do": "answer", "status": 503, "code": "SlowDown", "headers": ["Retry-After": "1"],
                "count": 12,
            ]
            try proxy.set([spare, slow])
            let waits = waits(in: try readAll())
            #expect(waits.count == 12 && waits.allSatisfy { $0 >= 1 }, "\(waits)")
            // All were told the same time and come back at times of their own.
            let spread = (waits.max() ?? 0) - (waits.min() ?? 0)
            #expect(spread > 0.1, "\(waits)")
            try proxy.set([slow])
            #expect(mostAtOnce(try readAll()) < 8)
        }
    }

    /// Seconds from each request that was refused to the next request for the same.
    private func waits(in passed: [Passed]) -> [Double] {
        Dictionary(grouping: passed, by: \.operation).values.flatMap { requests in
            zip(requests, requests.dropFirst()).filter { $0.0.status == 503 }.map { $0.1.start - $0.0.start }
        }
    }

    private func mostAtOnce(_ passed: [Passed]) -> Int {
        passed.map { one in passed.count { $0.start <= one.start && one.start < $0.end } }.max() ?? 0
    }
}
