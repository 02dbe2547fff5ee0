// SPDX-License-Identifier: Apache-2.0
import RegJSON
import RegTesting
import Testing

/// Credentials that end, and rights that are missing.
struct CredentialTests {
    private static let server = SharedServer()

    /// A project whose user has a program for credentials.
    private func project(_ prefix: String) throws -> BucketProject {
        let server = try CredentialTests.server.get()
        let project = try BucketProject(server, prefix: prefix)
        try project.pushFirst()
        let script = """
            #!/bin/sh
            echo called >> \(project.sandbox.path("calls"))
            cat \(project.sandbox.path("current"))

            """
        try project.sandbox.write("home/program", Array(script.utf8))
        try project.sandbox.run("/bin/chmod", ["0700", project.sandbox.path("home/program")])
        try project.sandbox.write(
            "home/.aws/config",
            Array("[default]\ncredential_process = \(project.sandbox.path("home/program"))\n".utf8))
        return project
    }

    private func setCurrent(_ key: String, _ secret: String, _ project: BucketProject) throws {
        let document: JSON = [
            "Version": 1, "AccessKeyId": .string(key), "SecretAccessKey": .string(secret),
        ]
        try project.sandbox.write("current", Array(document.compact.utf8))
    }

    private static let fromProgram = ["AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""]

    private func calls(_ project: BucketProject) throws -> Int {
        try project.sandbox.read("calls").split(separator: UInt8(ascii: "\n")).count
    }

    @Test(arguments: ["ExpiredToken", "InvalidToken", "TokenRefreshRequired"])
    func whatEndsOnTheWayIsRenewedOnce(_ code: String) throws {
        let project = try project("renewed \(code)")
        let server = project.server
        var versions = [try project.digest()]
        try setCurrent(server.accessKey, server.secretKey, project)
        try project.change(2)
        let ended: JSON = [
            "do": "answer", "status": 400, "code": .string(code), "method": "PUT", "path": "packs/",
        ]
        var once = ended.objectValue ?? JSONObject()
        once["count"] = 1
        // The program gives the same again: nothing helps.
        let (outcome, passed) = try project.reg(["push"], under: [ended], CredentialTests.fromProgram)
        expectFailure(outcome, 8, naming: [code, "packs/"], "the same again")
        #expect(try passed.count { $0.fault != nil } == 1 && calls(project) == 2)
        // Another account: its program changes what it says when it is asked again.
        try server.add(account: ["access_key": "other", "secret_key": "other-secret"])
        try setCurrent(server.accessKey, server.secretKey, project)
        try project.sandbox.write(
            "home/program",
            Array(
                """
                #!/bin/sh
                cat \(project.sandbox.path("current"))
                cp \(project.sandbox.path("next")) \(project.sandbox.path("current"))

                """.utf8))
        let other: JSON = [
            "Version": 1, "AccessKeyId": "other", "SecretAccessKey": "other-secret",
        ]
        try project.sandbox.write("next", Array(other.compact.utf8))
        try project.sandbox.run("/bin/chmod", ["0700", project.sandbox.path("home/program")])
        let (again, _) = try project.reg(["push"], under: [.object(once)], CredentialTests.fromProgram)
        #expect(again.code == 0, "\(again.ending) \(again.errorText)")
        versions.append(try project.digest())
        #expect(try project.records().count == 2)
        try project.expectSound(versions, "renewed")
    }

    @Test func rightsThatAreMissingAreNamed() throws {
        let project = try project("rights")
        var versions = [try project.digest()]
        let missing: [(method: JSON, path: JSON, operation: Operation)] = [
            ("PUT", "", .push), ("PUT", "packs/", .push), ("PUT", "log/", .push),
            ("GET", "list-type", .verify),
            ("GET", "packs/", .pull), ("GET", "log/", .log), ("HEAD", "", .verify),
        ]
        for (number, (method, path, operation)) in missing.enumerated() {
            try operation.prepare(project, seed: UInt64(10 + number))
            let rule: JSON = [
                "do": "answer", "status": 403, "code": "AccessDenied", "method": method, "path": path,
            ]
            let (outcome, passed) = try operation.run(project, under: [rule])
            guard passed.contains(where: { $0.fault != nil }) else { continue }
            let context = "\(method.compact) \(path.compact)"
            expectFailure(outcome, 8, naming: [project.location, "403"], context)
            #expect(
                mostAttempts(passed.filter { $0.fault != nil }) == 1, "\(context): \(passed.map(\.operation))"
            )
            #expect(!project.sandbox.exists("out"), "\(context)")
            // With the right, the same command goes on.
            let again = try project.reg(operation.arguments, in: operation.directory)
            #expect(again.code == 0, "\(context): \(again.errorText)")
            if operation == .push { versions.append(try project.digest()) }
            #expect(try project.records().count == versions.count, "\(context)")
        }
        try project.expectSound(versions, "at the end")
    }
}
