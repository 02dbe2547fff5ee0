// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegHTTP
import RegHash
import RegJSON
import RegTesting
import Testing

/// Networks that break, stall, damage and repeat what they carry.
struct ConnectionTests {
    private static let server = SharedServer()

    private func project(_ prefix: String) throws -> BucketProject {
        let project = try BucketProject(try ConnectionTests.server.get(), prefix: prefix)
        try project.pushFirst()
        return project
    }

    // MARK: Connections that break

    private static let breaks: [JSON] = [
        ["do": "reset", "count": 2], ["do": "reset", "when": "after", "count": 2],
        ["do": "cut", "of": "request", "bytes": 100, "method": "PUT", "count": 2],
        ["do": "cut", "bytes": 0, "count": 2], ["do": "cut", "bytes": 60, "nth": [2, 4, 6]],
        ["do": "cut", "bytes": 60, "how": "close", "count": 3],
        ["do": "hang", "when": "after", "nth": 3],
    ]

    @Test(arguments: Operation.allCases)
    func aConnectionThatBreaksIsMadeAgain(_ operation: Operation) throws {
        let project = try project("breaks \(operation)")
        var versions = [try project.digest()]
        for (number, rule) in ConnectionTests.breaks.enumerated() {
            try operation.prepare(project, seed: UInt64(10 + number))
            let (outcome, passed) = try operation.run(project, under: [rule])
            #expect(outcome.code == 0, "\(rule.compact): \(outcome.ending) \(outcome.errorText)")
            #expect(mostAttempts(passed) <= 8, "\(rule.compact)")
            if operation == .push { versions.append(try project.digest()) }
            #expect(try project.records().count == versions.count, "\(rule.compact)")
        }
        try project.expectSound(versions, "\(operation)")
    }

    @Test func aConnectionThatBreaksAnywhereInAPushIsMadeAgain() throws {
        let project = try project("anywhere")
        var versions = [try project.digest()]
        var random = SeededRandom(seed: printedSeed("anywhere"))
        try project.change(2)
        let (whole, passed) = try project.reg(["push"], under: [])
        #expect(whole.code == 0)
        versions.append(try project.digest())
        // A head is a few hundred bytes, in both directions.
        let bytes = passed.reduce(0) { $0 + $1.sentByteCount + $1.receivedByteCount + 900 }
        for number in 0..<Soak.count(16, full: 200) {
            let offset = Int64.random(in: 0...bytes, using: &random)
            try project.change(UInt64(1_000 + number))
            try project.proxy.control.send(.post, "/cut", ["bytes": .integer(offset)])
            let outcome = try project.reg(["push"])
            try project.proxy.control.send(.post, "/cut", ["bytes": .null])
            #expect(outcome.code == 0, "after \(offset) bytes: \(outcome.ending) \(outcome.errorText)")
            versions.append(try project.digest())
            #expect(try project.records().count == versions.count, "after \(offset) bytes")
        }
        try project.expectSound(versions, "all cuts")
    }

    @Test(arguments: Operation.allCases)
    func aServerThatDoesNotAnswerIsGivenUp(_ operation: Operation) throws {
        let project = try project("silent \(operation)")
        let records = try project.records().count
        let silent: [JSON] =
            switch operation {
            case .push: [["do": "hang"]]
            case .pull: [["do": "stall", "bytes": 10]]
            case .log: [["do": "throttle", "rate": 20]]
            case .verify: [["do": "hang", "when": "after"]]
            }
        try operation.prepare(project, seed: 2)
        for rule in silent {
            let (outcome, passed) = try operation.run(project, under: [rule], ["AWS_MAX_ATTEMPTS": "2"])
            let host = project.proxy.endpoint.dropFirst("http://".count)
            expectFailure(
                outcome, 7, naming: [String(host), project.location, "2 attempts"], rule.compact)
            #expect(mostAttempts(passed) <= 2, "\(rule.compact)")
            #expect(!project.sandbox.exists("out"))
            #expect(try project.records().count == records)
        }
        #expect(try project.reg(operation.arguments, in: operation.directory).code == 0)
    }

    // MARK: Answers that are not whole, or damaged

    /// What is read, and by what.
    private static let readings: [(path: JSON, operation: Operation)] = [
        ("registry.json", .log), ("log/", .log), ("/manifests/", .pull), ("list-type", .pull),
        ("packs/", .pull), ("packs/", .verify),
    ]

    @Test func anAnswerThatEndsEarlyIsAskedForAgain() throws {
        let project = try project("short")
        for (path, operation) in ConnectionTests.readings {
            let faults: [JSON] = [
                ["do": "no-length", "bytes": 20], ["do": "unended"],
                ["do": "cut", "bytes": 20, "how": "close"],
            ]
            for fault in faults {
                for isLasting in [false, true] {
                    var rule = fault.objectValue ?? JSONObject()
                    rule["method"] = "GET"
                    rule["path"] = path
                    if !isLasting { rule["count"] = 1 }
                    let context = JSON.object(rule).compact
                    try operation.prepare(project, seed: 2)
                    let (outcome, passed) = try operation.run(
                        project, under: [.object(rule)], ["AWS_MAX_ATTEMPTS": "2"])
                    let isMet = passed.contains { $0.fault != nil }
                    // Of a range everything has come before the end that is missing.
                    let isAllThere = fault["do"] == "unended" && path == "packs/"
                    let expected: Int32 = isLasting && isMet && !isAllThere ? 7 : 0
                    #expect(outcome.code == expected, "\(context): \(outcome.ending) \(outcome.errorText)")
                    if expected != 0 { #expect(!project.sandbox.exists("out"), "\(context)") }
                }
            }
        }
        try project.expectSound([try project.digest()], "at the end")
    }

    @Test func aDamagedAnswerIsAskedForOnceMoreOnAnotherConnection() throws {
        let project = try project("damaged answers")
        for (path, operation) in ConnectionTests.readings {
            // Nothing tells that a list or the registry's own name is another: TLS does.
            if ["registry.json", "list-type"].contains(path) { continue }
            for isLasting in [false, true] {
                var rule: JSONObject = ["do": "flip", "method": "GET", "path": path, "byte": 20]
                if !isLasting { rule["count"] = 1 }
                let context = JSON.object(rule).compact
                try operation.prepare(project, seed: 2)
                let (outcome, passed) = try operation.run(project, under: [.object(rule)])
                let met = passed.filter { $0.fault != nil }
                #expect(!met.isEmpty, "\(context)")
                #expect(
                    outcome.code == (isLasting ? 4 : 0), "\(context): \(outcome.ending) \(outcome.errorText)")
                if isLasting { #expect(!project.sandbox.exists("out"), "\(context)") }
                guard !isLasting, let first = met.first else { continue }
                let again = passed.first { $0.operation == first.operation && $0.id > first.id }
                #expect(again.map { $0.connection != first.connection } ?? true, "\(context)")
            }
        }
    }

    @Test func damagedUploadsAreSentOnceMore() throws {
        let project = try project("damaged uploads")
        var versions = [try project.digest()]
        for (number, path) in (["packs/", "/manifests/", "log/"] as [JSON]).enumerated() {
            try project.change(UInt64(10 + number))
            var rule: JSONObject = ["do": "flip", "of": "request", "byte": 20, "method": "PUT", "path": path]
            let (outcome, passed) = try project.reg(["push"], under: [.object(rule)])
            #expect(outcome.code == 7, "\(path.compact): \(outcome.ending) \(outcome.errorText)")
            #expect(passed.count { $0.fault != nil } == 2, "\(path.compact)")
            #expect(try project.records().count == versions.count)
            rule["count"] = 1
            let (again, _) = try project.reg(["push"], under: [.object(rule)])
            #expect(again.code == 0, "\(path.compact): \(again.errorText)")
            versions.append(try project.digest())
        }
        try project.expectSound(versions, "at the end")
    }

    // MARK: Records whose fate is not known

    @Test func aRecordWhoseAnswerIsLostIsThereOnce() throws {
        let project = try project("lost answers")
        var versions = [try project.digest()]
        let faults: [JSON] = [
            ["do": "reset", "when": "after", "count": 1], ["do": "reset", "when": "after"],
            ["do": "answer", "status": 500, "forward": true],
            ["do": "answer", "status": 503, "forward": true, "count": 1],
            ["do": "hang", "when": "after"],
            ["do": "cut", "bytes": 0],
        ]
        for (number, fault) in faults.enumerated() {
            try project.change(UInt64(10 + number))
            var rule = fault.objectValue ?? JSONObject()
            rule["method"] = "PUT"
            rule["path"] = "log/"
            let (outcome, _) = try project.reg(["push"], under: [.object(rule)], ["AWS_MAX_ATTEMPTS": "2"])
            #expect(outcome.code == 0, "\(fault.compact): \(outcome.ending) \(outcome.errorText)")
            versions.append(try project.digest())
            #expect(try project.records().count == versions.count, "\(fault.compact)")
        }
        try expectEachRecordOnce(project)
        try project.expectSound(versions, "at the end")
    }

    private func expectEachRecordOnce(_ project: BucketProject) throws {
        let ids = try project.records().compactMap { $0["id"]?.stringValue }
        #expect(try ids.count == project.records().count && Set(ids).count == ids.count)
    }

    /// The first attempt does not arrive, and before the second another clone takes the number.
    @Test func whoeverLosesARaceComesNext() throws {
        let project = try project("race")
        let other = try project.clone("other")
        try project.sandbox.write("other/more/file", seededBytes(count: 10_000, seed: 7))
        try project.sandbox.succeed(["add", "more"], in: other)
        try project.sandbox.git(["add", "--all"], in: other)
        try project.sandbox.git(["commit", "--quiet", "--message=More"], in: other)
        try project.change(2)
        try project.proxy.set([
            ["do": "reset", "method": "PUT", "path": "log/", "nth": 1],
            ["do": "hold", "method": "PUT", "path": "log/", "count": 1],
        ])
        let codes = try onThreads(2) { thread in
            if thread == 0 { return try project.reg(["push"]).code }
            _ = try project.proxy.control.document("/held?count=1&seconds=30")
            let code = try project.reg(
                ["push"], in: other, ["AWS_ENDPOINT_URL_S3": project.server.endpoint]
            ).code
            try project.proxy.control.send(.post, "/release")
            return code
        }
        #expect(codes == [0, 0])
        try project.proxy.set([])
        let names = try project.records().map { record in
            Set((record["operations"]?.arrayValue ?? []).compactMap { $0["name"]?.stringValue })
        }
        #expect(names.count == 3 && names[1].contains("more") && names[2] == ["data"], "\(names)")
        try expectEachRecordOnce(project)
    }

    @Test func requestsThatArriveTwiceDoNothingMore() throws {
        let project = try project("twice")
        var versions = [try project.digest()]
        let twice: JSON = ["do": "duplicate", "seconds": [0, 0.5], "method": "PUT|POST|DELETE"]
        for number in 0..<3 as Range<UInt64> {
            // The last goes in parts, since its first request is cut off.
            try project.change(20 + number, byteCount: number == 2 ? 12 << 20 : 50_000)
            let cut: JSON = [
                "do": "cut", "of": "request", "bytes": 1_000_000, "method": "PUT", "path": "packs/",
                "count": 1,
            ]
            try project.proxy.set(number == 2 ? [cut, twice] : [twice])
            let outcome = try project.reg(["push"])
            #expect(outcome.code == 0, "\(outcome.errorText)")
            _ = try project.proxy.control.document("/idle?seconds=10")
            #expect(try project.proxy.passed().contains { $0.isDuplicate })
            try project.proxy.set([])
            versions.append(try project.digest())
        }
        try expectEachRecordOnce(project)
        #expect(try project.records().count == versions.count)
        try project.expectSound(versions, "at the end")
    }
}
