// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegHash
import RegJSON
import RegS3
import RegStore
import RegTesting
import Testing

/// Servers with habits of their own, and some that lie.
struct HabitTests {
    private func project(_ prefix: String = "habits") throws -> BucketProject {
        let project = try BucketProject(try TestServer(.emulator), prefix: prefix)
        try project.pushFirst()
        return project
    }

    /// Makes the next pack go in parts: its first request is cut off.
    private static let cutPack: JSON = [
        "do": "cut", "of": "request", "bytes": 3_000_000, "method": "PUT", "path": "packs/", "count": 1,
    ]

    // MARK: Tags and parts

    @Test func tagsOfObjectsMeanNothing() throws {
        let project = try project()
        var versions = [try project.digest()]
        for (number, style) in (["md5", "weak", "unquoted", "suffix"] as [JSON]).enumerated() {
            try project.server.set(vices: ["etags": style])
            try project.change(UInt64(10 + number), byteCount: 12 << 20)
            let (outcome, passed) = try project.reg(["push"], under: [HabitTests.cutPack])
            #expect(outcome.code == 0, "\(style.compact): \(outcome.ending) \(outcome.errorText)")
            #expect(passed.contains { $0.method == "POST" && $0.target.contains("uploadId") })
            versions.append(try project.digest())
        }
        #expect(try project.server.uploads().isEmpty)
        try project.expectSound(versions, "at the end")
    }

    @Test func partsAreOneObjectOnlyWhenTheServerSaysSo() throws {
        let project = try project()
        var versions = [try project.digest()]
        try project.server.set(vices: ["complete": "error"])
        try project.change(2, byteCount: 12 << 20)
        let (outcome, _) = try project.reg(
            ["push"], under: [HabitTests.cutPack], ["AWS_MAX_ATTEMPTS": "2"])
        #expect(outcome.code == 7, "\(outcome.ending) \(outcome.errorText)")
        #expect(try project.records().count == 1)
        try project.server.set(vices: ["complete": "space"])
        let (again, sent) = try project.reg(["push"], under: [])
        #expect(again.code == 0, "\(again.errorText)")
        // What the first run has sent is still there.
        #expect(sent.reduce(0) { $0 + $1.sentByteCount } < 1 << 20)
        versions.append(try project.digest())
        try project.server.set(vices: [:])
        try project.change(3, byteCount: 12 << 20)
        let lost: JSON = ["do": "reset", "when": "after", "method": "POST", "path": "uploadId"]
        let (last, _) = try project.reg(
            ["push"], under: [HabitTests.cutPack, lost], ["AWS_MAX_ATTEMPTS": "2"])
        #expect(last.code == 0, "\(last.errorText)")
        versions.append(try project.digest())
        #expect(try project.server.uploads().isEmpty)
        try project.expectSound(versions, "at the end")
    }

    // MARK: Conditions

    @Test func aConflictIsTriedAgain() throws {
        let project = try project()
        var versions = [try project.digest()]
        for (number, path) in (["packs/", "/manifests/", "log/"] as [JSON]).enumerated() {
            try project.change(UInt64(10 + number))
            let rule: JSON = [
                "do": "answer", "status": 409, "code": "ConditionalRequestConflict", "method": "PUT",
                "path": path, "count": 3,
            ]
            let (outcome, passed) = try project.reg(["push"], under: [rule])
            #expect(outcome.code == 0, "\(path.compact): \(outcome.errorText)")
            #expect(passed.count { $0.status == 409 } == 3)
            versions.append(try project.digest())
        }
        try project.expectSound(versions, "at the end")
    }

    @Test func aServerThatSaysThatAnObjectIsThereAndHasNoneIsNotBelieved() throws {
        let project = try project()
        for (number, path) in (["packs/", "log/"] as [JSON]).enumerated() {
            try project.change(UInt64(10 + number))
            let rule: JSON = [
                "do": "answer", "status": 412, "code": "PreconditionFailed", "method": "PUT", "path": path,
            ]
            let (outcome, _) = try project.reg(["push"], under: [rule])
            expectFailure(outcome, 7, naming: ["does not show it"], path.compact)
            #expect(try project.records().count == 1)
        }
        #expect(try project.reg(["push"]).code == 0)
        #expect(try project.records().count == 2)
    }

    @Test func aServerThatReplacesObjectsIsOnlyReadFrom() throws {
        let project = try project()
        let before = try project.server.objects(project.objects)
        try project.change(2)
        try project.server.set(vices: ["ignore_conditions": ["PUT"]])
        let outcome = try project.reg(["push"])
        expectFailure(outcome, 13, naming: ["REG_S3_SINGLE_WRITER"], "push")
        let keys = { (objects: [JSON]) in objects.map { [$0["key"], $0["sha256"]] } }
        #expect(try keys(project.server.objects(project.objects)) == keys(before))
        try project.clone("reader")
        #expect(try project.reg(["pull"], in: "reader").code == 5, "the lock names what was not pushed")
        #expect(try project.reg(["pull", "data@v1", "-o", "../out"], in: "reader").code == 0)
    }

    // MARK: Clocks

    @Test func anotherClockIsHeeded() throws {
        let project = try project()
        var versions = [try project.digest()]
        for (number, offset) in ([-16 * 60, -14 * 60, 14 * 60, 16 * 60, 2 * 86_400] as [Int64]).enumerated() {
            try project.server.set(clockOffset: offset)
            try project.change(UInt64(10 + number))
            let (outcome, passed) = try project.reg(["push"], under: [])
            #expect(outcome.code == 0, "\(offset): \(outcome.errorText)")
            #expect(passed.count { $0.status == 403 } == (abs(offset) > 900 ? 1 : 0), "\(offset)")
            versions.append(try project.digest())
        }
        let noDate: JSON = ["do": "header", "remove": ["Date"]]
        try project.change(20)
        let (outcome, _) = try project.reg(["push"], under: [noDate])
        expectFailure(outcome, 8, naming: ["clock"], "no date")
        // The clock stays there: what the server holds is from then.
        try project.expectSound(versions, "at the end")
    }

    // MARK: Lists

    @Test func listsAreWholeHoweverShortTheirPages() throws {
        let server = try TestServer(.emulator)
        let names = ["+%25", "a b", "a&b<c>", "café", "cafe\u{301}", "l\u{7f}", "x'\"y", "~"]
        for name in names { try server.put("lists/log/\(name)") }
        try withTemporaryDirectory { directory in
            let store = try server.store("lists", spool: "\(printable(directory))/spool")
            func sorted(_ names: [String]) -> [[UInt8]] {
                names.map { Array($0.utf8) }.sorted { $0.lexicographicallyPrecedes($1) }
            }
            for limit in 1...3 as ClosedRange<Int64> {
                try server.set(vices: ["page_limit": .integer(limit)])
                #expect(
                    try sorted(store.names(in: .log, after: nil, limit: nil)) == sorted(names),
                    "pages of \(limit)")
            }
            try server.set(vices: ["page_limit": 2, "drop_token": true])
            #expect(throws: StoreError.self) { try store.names(in: .log, after: nil, limit: nil) }
        }
    }

    // MARK: Redirects

    @Test(arguments: [301, 302, 303, 307, 308] as [Int64])
    func redirectsAreNotFollowed(_ status: Int64) throws {
        let project = try project()
        let other = try FaultProxy(before: project.server.endpoint)
        let rule: JSON = [
            "do": "answer", "status": .integer(status),
            "headers": ["Location": .string("\(other.endpoint)/\(project.server.bucket)/x")],
        ]
        for operation in Operation.allCases {
            try operation.prepare(project, seed: UInt64(status))
            let (outcome, passed) = try operation.run(project, under: [rule])
            expectFailure(outcome, 7, naming: ["redirects are not followed"], "\(operation)")
            #expect(mostAttempts(passed) == 1, "\(operation)")
        }
        #expect(try other.passed().isEmpty)
    }

    // MARK: Ranges

    @Test func noRangeIsTakenForAnother() throws {
        let project = try project()
        let digest = try project.digest()
        try project.clone("reader")
        for habit in ["ignore", "wrong", "longer", "shorter"] as [JSON] {
            try project.server.set(vices: ["range": habit])
            try project.sandbox.remove("out")
            let outcome = try project.reg(
                ["pull", "data@v1", "-o", "../out"], in: "reader", ["AWS_MAX_ATTEMPTS": "2"])
            #expect(
                [0, 4, 7].contains(outcome.code), "\(habit.compact): \(outcome.ending) \(outcome.errorText)")
            #expect(project.sandbox.exists("out") == (outcome.code == 0), "\(habit.compact)")
            if outcome.code == 0 { #expect(try project.sandbox.tree("out").digest == digest) }
        }
        try project.server.set(vices: [:])
        try project.sandbox.remove("out")
        let none: JSON = ["do": "answer", "status": 416, "method": "GET", "path": "packs/"]
        let (outcome, _) = try project.reg(
            ["pull", "data@v1", "-o", "../out"], in: "reader", under: [none])
        #expect(outcome.code == 4, "\(outcome.ending) \(outcome.errorText)")
        #expect(!project.sandbox.exists("out"))
    }
}
