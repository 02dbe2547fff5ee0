// SPDX-License-Identifier: Apache-2.0
import Glibc
import RegBytes
import RegJSON
import RegTesting
import Testing

/// Secrets stay in memory, and what servers say does nothing to a terminal.
struct SecretTests {
    private static let secret = "CanarySecret/1+234567890abcdefghijklmnop"
    private static let token = "CanaryToken//abc+def==0123456789"
    private static let accessKey = "CANARYACCESSKEY00001"

    /// A project whose server knows only these credentials; `variables`: beside them, or in their place.
    private func project(_ prefix: String, _ variables: [String: String] = [:]) throws -> BucketProject {
        let server = try TestServer(
            .emulator,
            [
                "--access-key", SecretTests.accessKey, "--secret-key", SecretTests.secret, "--session-token",
                SecretTests.token,
            ])
        let project = try BucketProject(
            server, prefix: prefix,
            ["AWS_SESSION_TOKEN": SecretTests.token, "AWS_MAX_ATTEMPTS": "2"].merging(variables) { $1 })
        try project.pushFirst()
        return project
    }

    private func expectNoSecret(in text: String, _ context: String) {
        for secret in [SecretTests.secret, SecretTests.token, String(SecretTests.accessKey.prefix(8))] {
            #expect(!text.contains(secret), "\(context): \(text)")
        }
    }

    /// Answers that make requests fail, in each way there is.
    private static let failures: [JSON] = [
        ["do": "answer", "status": 403, "code": "AccessDenied"],
        ["do": "answer", "status": 400, "code": "ExpiredToken"],
        ["do": "answer", "status": 403, "code": "SignatureDoesNotMatch"], ["do": "answer", "status": 500],
        ["do": "answer", "status": 307, "headers": ["Location": "http://127.0.0.1:1/"]],
        ["do": "answer", "status": 200, "body": "<ListBucketResult>"], ["do": "hang"],
        ["do": "reset"], ["do": "flip", "byte": 5], ["do": "header", "remove": ["Content-Length"]],
    ]

    @Test func noSecretIsPrintedOrWritten() throws {
        let project = try project("canary")
        for operation in Operation.allCases {
            try operation.prepare(project, seed: 2)
            for (options, failures) in [
                (["-v"], SecretTests.failures[...]), (["--json"], SecretTests.failures.prefix(3)),
            ] {
                for rule in failures {
                    let (outcome, _) = try project.reg(
                        operation.arguments + options, in: operation.directory, under: [rule])
                    expectNoSecret(
                        in: outcome.text + outcome.errorText, "\(operation) \(options) \(rule.compact)")
                }
                for variables in [
                    ["AWS_SECRET_ACCESS_KEY": "", "AWS_ACCESS_KEY_ID": SecretTests.accessKey],
                    ["AWS_ACCESS_KEY_ID": "nobody"], ["AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1"],
                    ["AWS_SECRET_ACCESS_KEY": SecretTests.secret + "x"], ["AWS_PROFILE": "none"],
                ] {
                    let outcome = try project.reg(
                        operation.arguments + options, in: operation.directory, variables)
                    #expect(outcome.code != 0, "\(variables)")
                    expectNoSecret(in: outcome.text + outcome.errorText, "\(operation) \(variables)")
                }
            }
            #expect(try project.reg(operation.arguments + ["-v"], in: operation.directory).code == 0)
        }
        try expectNoSecret(inFilesOf: project)
        for object in try project.server.objects("") {
            let key = object["key"]?.stringValue ?? ""
            expectNoSecret(in: String(decoding: try project.server.bytes(of: key), as: UTF8.self), key)
        }
    }

    private func expectNoSecret(inFilesOf project: BucketProject) throws {
        let patterns = [SecretTests.secret, SecretTests.token, SecretTests.accessKey].flatMap { ["-e", $0] }
        let outcome = try project.sandbox.command(
            "/bin/grep", ["-r", "-l", "-F"] + patterns + [project.sandbox.root]
        ).run()
        #expect(outcome.code == 1, "files with secrets: \(outcome.text)")
    }

    @Test func childrenGetNoSecrets() throws {
        let project = try project("children")
        let capture = project.sandbox.path("capture")
        let script = """
            #!/bin/sh
            { echo child; tr '\\0' ' ' < /proc/$$/cmdline; echo "$@"; env; } >> \(capture)
            exec /usr/bin/git "$@"

            """
        try project.sandbox.write("bin/git", Array(script.utf8))
        try project.sandbox.run("/bin/chmod", ["0755", project.sandbox.path("bin/git")])
        let path = ["PATH": project.sandbox.path("bin") + ":/usr/bin:/bin"]
        for operation in Operation.allCases {
            try operation.prepare(project, seed: 2)
            let outcome = try project.reg(operation.arguments, in: operation.directory, path)
            #expect(outcome.code == 0, "\(operation): \(outcome.errorText)")
        }
        let captured = String(decoding: try project.sandbox.read("capture"), as: UTF8.self)
        #expect(captured.contains("child\n"))
        for secret in [SecretTests.secret, SecretTests.token] {
            let line = captured.split(separator: "\n").first { $0.contains(secret) }
            #expect(line == nil, "\(line?.prefix(60) ?? "")")
        }
    }

    @Test func filesAreTheUsersOwn() throws {
        let project = try project("modes")
        try project.change(2)
        try project.clone("reader")
        for (directory, arguments) in [
            ("repository", ["push"]), ("reader", ["pull", "data@v1", "-o", "../out"]),
            ("reader", ["verify", "--data"]),
        ] {
            let words = ["-c", "umask 000; exec \"$0\" \"$@\"", Sandbox.regBinary] + arguments
            try project.sandbox.run("/bin/sh", words, in: directory)
        }
        let places = ["repository/.git/reg", "reader/.git/reg", "home"].filter { project.sandbox.exists($0) }
        #expect(places.count == 3)
        let writable = try project.sandbox.run(
            "/usr/bin/find",
            places.map { project.sandbox.path($0) } + ["!", "-type", "l", "-perm", "/022", "-print"])
        #expect(writable == "", "others may write: \(writable)")
    }

    @Test func whatAServerSaysIsShownAsPlainText() throws {
        let project = try project("hostile")
        let noise = "\u{1b}]52;c;aGk=\u{07}\u{1b}[31m\u{9b}2J\u{202e}\r\nerror: fake\u{7f}"
        let long = String(repeating: "x", count: 1 << 20)
        for (number, body) in [
            "<Error><Code>AccessDenied</Code><Message>\(noise)</Message></Error>",
            "<Error><Code>\(noise)</Code><Message>m</Message></Error>",
            "<Error><Code>AccessDenied</Code><Message>&#27;]52;c;&#155;m</Message><Region>&#27;[2J</Region></Error>",
            "<Error><Code>\(long)</Code><Message>\(long)</Message></Error>", noise, long,
        ].enumerated() {
            for (place, operation) in Operation.allCases.enumerated() {
                for status in [[403, 301, 500][(number + place) % 3]] as [Int64] {
                    try operation.prepare(project, seed: UInt64(number))
                    let rule: JSON = [
                        "do": "answer", "status": .integer(status), "body": .string(body),
                        "headers": ["x-amz-bucket-region": "\u{1b}[31mnowhere"],
                    ]
                    let (outcome, _) = try operation.run(project, under: [rule])
                    let context = "body \(number), \(status), \(operation)"
                    #expect([7, 8].contains(outcome.code), "\(context): \(outcome.ending)")
                    let output = outcome.output + outcome.errors
                    #expect(output.count < 8_000, "\(context): \(output.count) bytes")
                    let text = String(decoding: output, as: UTF8.self).unicodeScalars
                    let odd = text.first {
                        $0 != "\n" && ($0.properties.generalCategory == .control || $0 == "\u{202e}")
                    }
                    #expect(odd == nil, "\(context): \(odd.map { String($0.value) } ?? "")")
                    #expect(!outcome.errorText.contains("\nerror: fake"), "\(context)")
                }
            }
        }
    }

    // MARK: Services for credentials

    @Test func aMetadataServiceThatIsSilentOrRefusesIsPassedOver() throws {
        let project = try BucketProject(try TestServer(.emulator), prefix: "metadata")
        try project.proxy.forget()
        let service = try FaultProxy(before: project.server.endpoint)
        let variables = [
            "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_EC2_METADATA_DISABLED": "",
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": service.endpoint,
        ]
        for rule in [["do": "hang"], ["do": "answer", "status": 403], ["do": "reset"]] as [JSON] {
            try service.set([rule])
            let outcome = try project.reg(["log"], variables)
            expectFailure(
                outcome, 8,
                naming: ["environment: AWS_ACCESS_KEY_ID", "home/.aws/config", "instance metadata"],
                rule.compact)
            #expect(try service.passed().count <= 2, "\(rule.compact)")
            #expect(try project.proxy.passed().isEmpty)
        }
    }
}
