// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegHTTP
import RegJSON
import RegTesting
import Testing

/// What a person does with a registry in a bucket, on every server.
struct BucketTests {
    private static let server = SharedServer()

    @Test(arguments: TestServer.Kind.all) func tellsTheStory(_ kind: TestServer.Kind) throws {
        try tell(try BucketProject(try TestServer(kind), prefix: "story +é"))
    }

    @Test(arguments: ["", "a/b/c", "%25 =&'()*~!", "e\u{301}🦆"]) func keepsToItsPrefix(_ prefix: String)
        throws
    {
        let server = try TestServer(.emulator)
        try tell(try BucketProject(server, prefix: prefix))
        let keys = try server.objects("").compactMap { $0["key"]?.stringValue }
        #expect(keys.allSatisfy { Array($0.utf8).starts(with: prefix.utf8) } && keys.count > 4, "\(keys)")
    }

    /// All commands that speak to a registry, from two clones.
    private func tell(_ project: BucketProject) throws {
        let sandbox = project.sandbox
        try project.pushFirst()
        let first = try project.digest()
        try project.clone("second")
        let pulled = try sandbox.succeed(["pull", "--json"], in: "second")
        #expect(pulled.onlyArtifact?["verified"]?.stringValue != nil)
        #expect(try sandbox.tree("second/data").digest == first)
        // Streamed, without a second copy on disk.
        try sandbox.write("repository/more/file", seededBytes(count: 100_000, seed: 5))
        let more = try sandbox.succeed(["push", "./more", "--json"], in: "repository")
        #expect(more["record"] == .integer(2))
        try project.change(2)
        try sandbox.succeed(["push"], in: "repository")
        try sandbox.git(["pull", "--quiet"], in: "second")
        try sandbox.succeed(["pull"], in: "second")
        #expect(try sandbox.tree("second/data").digest == project.digest())
        #expect(try sandbox.tree("second/more").digest == sandbox.tree("repository/more").digest)
        try sandbox.succeed(["use", "data@v1"], in: "second")
        try sandbox.succeed(["pull", "--force"], in: "second")
        #expect(try sandbox.tree("second/data").digest == first)
        let log = try sandbox.succeed(["log", "--json"], in: "second")
        let pushes = (log["entries"]?.arrayValue ?? []).filter { $0["kind"]?.stringValue == "push" }
        #expect(pushes.compactMap { $0["name"]?.stringValue } == ["data", "more", "data"])
        let list = try sandbox.succeed(["ls", "--json"], in: "second")
        let names = list["artifacts"]?.arrayValue?.compactMap { $0["name"]?.stringValue } ?? []
        #expect(names.sorted() == ["data", "more"])
        let shown = try sandbox.succeed(["show", "data@v2", "--json"], in: "second")
        #expect(shown["version"] == .integer(2) && shown["files"]?.arrayValue?.count == 11)
        let part = try project.reg(["cat", "data@v1:changing", "--range", "100000-100099"], in: "second")
        #expect(part.output == Array(seededBytes(count: 300_000, seed: 1)[100_000..<100_100]))
        try sandbox.succeed(["verify", "--data"], in: "second")
        #expect(try sandbox.succeed(["push", "--json"], in: "repository")["record"] == .null)
    }

    // MARK: Settings

    @Test func theUsersProfileNamesServerAndCredentials() throws {
        let server = try BucketTests.server.get()
        let project = try BucketProject(server, prefix: "profile")
        try project.sandbox.write(
            "home/.aws/config",
            Array("[profile team]\nregion = \(server.region)\nendpoint_url = \(server.endpoint)\n".utf8))
        try project.sandbox.write(
            "home/.aws/credentials",
            Array(
                "[team]\naws_access_key_id = \(server.accessKey)\naws_secret_access_key = \(server.secretKey)\n"
                    .utf8))
        try project.pushFirst()
        let none = [
            "AWS_ENDPOINT_URL_S3": "", "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_REGION": "",
        ]
        let named = none.merging(["AWS_PROFILE": "team"]) { $1 }
        let outcome = try project.reg(["log"], named)
        #expect(outcome.code == 0, "\(outcome.errorText)")
        #expect(try project.proxy.passed().isEmpty)
        let unnamed = try project.reg(["log"], none)
        #expect(unnamed.code == 8, "\(unnamed.errorText)")
    }

    @Test func aBucketCanBePartOfTheHost() throws {
        let server = try TestServer(.emulator, ["--domain", "localhost"])
        let local = server.endpoint.replacingHost("localhost")
        let project = try BucketProject(server, prefix: "virtual", ["AWS_ENDPOINT_URL_S3": local])
        try project.sandbox.write(
            "home/.config/reg/config.toml", Array("[s3]\naddressing = \"virtual\"\n".utf8))
        try project.pushFirst()
        let own = try server.history().filter { $0["key"]?.stringValue?.hasPrefix("virtual/log") == true }
        #expect(!own.isEmpty)
        #expect(own.allSatisfy { $0["host"]?.stringValue?.hasPrefix("\(server.bucket).localhost:") == true })
        try project.expectSound([try project.digest()], "virtual")
    }

    @Test func everyObjectHasTheStorageClassAndTheEncryption() throws {
        let server = try TestServer(.emulator)
        let project = try BucketProject(server, prefix: "classes")
        try project.sandbox.write(
            "home/.config/reg/config.toml",
            Array(
                "[s3]\nstorage_class = \"STANDARD_IA\"\nencryption = \"aws:kms\"\nkms_key = \"k/1\"\n".utf8))
        try server.control?.send(.delete, "/history")
        try project.pushFirst()
        try project.change(2, byteCount: 12 << 20)
        // In parts, since its first request is cut off.
        let cut: JSON = [
            "do": "cut", "of": "request", "bytes": 1_000_000, "method": "PUT", "path": "packs/", "count": 1,
        ]
        #expect(try project.reg(["push"], under: [cut]).0.code == 0)
        let made = try server.history().filter { request in
            let query = request["query"]?.compact ?? ""
            return request["method"] == "PUT" && !query.contains("partNumber") || query.contains("uploads")
        }
        #expect(made.contains { $0["method"] == "POST" } && made.count > 6)
        for request in made {
            let headers = request["request"]?.compact.lowercased() ?? ""
            for word in ["standard_ia", "aws:kms", "k/1"] {
                #expect(headers.contains(word), "\(request.compact)")
            }
        }
    }

    // MARK: A server that cannot create only what is not there

    @Test func withoutConditionsOnlyTheSingleWriterPushes() throws {
        let project = try BucketProject(try TestServer(.rclone), prefix: "single")
        try project.pushFirst()
        let version = try project.digest()
        try project.change(2)
        let (outcome, passed) = try project.reg(["push"], under: [], ["REG_S3_SINGLE_WRITER": ""])
        expectFailure(outcome, 13, naming: ["REG_S3_SINGLE_WRITER"], "push")
        #expect(!passed.contains { $0.method == "PUT" && !$0.target.contains("registry.json") })
        try project.clone("reader")
        let log = try project.reg(["log", "--json"], in: "reader", ["REG_S3_SINGLE_WRITER": ""])
        #expect(log.code == 0 && log.text.contains("\"record\":1") && !log.text.contains("\"record\":2"))
        let pull = try project.reg(
            ["pull", "data@v1", "-o", "../out"], in: "reader", ["REG_S3_SINGLE_WRITER": ""])
        #expect(pull.code == 0, "\(pull.errorText)")
        #expect(try project.sandbox.tree("out").digest == version)
        #expect(try project.reg(["push"]).code == 0)
    }

    // MARK: What is refused, and what fails

    @Test func anEndpointThatOnlyTheRepositoryNamesGetsNothing() throws {
        let project = try BucketProject(try BucketTests.server.get(), prefix: "trap")
        try project.pushFirst()
        try project.sandbox.write(
            "repository/reg.toml",
            Array(
                """
                project = "0123456789abcdef0123456789abcdef"
                registry = "\(project.location)"
                [s3]
                endpoint = "\(project.proxy.endpoint)"

                """.utf8))
        try project.proxy.forget()
        for arguments in [["push"], ["pull", "data@v1", "-o", "../out"], ["log"], ["verify"], ["ls"]] {
            let outcome = try project.reg(arguments, ["AWS_ENDPOINT_URL_S3": ""])
            expectFailure(
                outcome, 8,
                naming: ["AWS_ENDPOINT_URL_S3", "approved_endpoints", project.proxy.endpoint], "\(arguments)")
        }
        #expect(try project.proxy.passed().isEmpty)
        try project.sandbox.write(
            "home/.config/reg/config.toml",
            Array("[s3]\napproved_endpoints = [\"\(project.proxy.endpoint)\"]\n".utf8))
        #expect(try project.reg(["log"], ["AWS_ENDPOINT_URL_S3": ""]).code == 0)
    }

    @Test func plainTextToAnotherMachineIsRefused() throws {
        let project = try BucketProject(try BucketTests.server.get(), prefix: "plain")
        // An address for documentation, which nobody has.
        let outcome = try project.reg(["log"], ["AWS_ENDPOINT_URL_S3": "http://192.0.2.1:9"])
        expectFailure(outcome, 6, naming: ["http://192.0.2.1:9", "https", "REG_S3_ALLOW_HTTP"], "log")
    }

    @Test(arguments: Operation.allCases) func failuresSayWhichTheyAre(_ operation: Operation) throws {
        let project = try BucketProject(try BucketTests.server.get(), prefix: "failures \(operation)")
        try project.pushFirst()
        try operation.prepare(project, seed: 2)
        func fail(_ code: Int32, _ words: [String], _ variables: [String: String]) throws {
            let outcome = try project.reg(operation.arguments, in: operation.directory, variables)
            expectFailure(outcome, code, naming: words, "\(operation) \(variables)")
        }
        let host = String(project.proxy.endpoint.dropFirst("http://".count))
        try fail(8, [host, project.location, "SignatureDoesNotMatch"], ["AWS_SECRET_ACCESS_KEY": "wrong"])
        try fail(8, [host, "InvalidAccessKeyId"], ["AWS_ACCESS_KEY_ID": "nobody"])
        try fail(8, ["credentials"], ["AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""])
        let closed = "http://127.0.0.1:1"
        try fail(7, ["127.0.0.1:1"], ["AWS_ENDPOINT_URL_S3": closed, "AWS_MAX_ATTEMPTS": "2"])
        try project.sandbox.write(
            "\(operation.directory)/reg.toml",
            Array("project = \"0123456789abcdef0123456789abcdef\"\nregistry = \"s3://no-bucket/x\"\n".utf8))
        try fail(5, ["no-bucket", "NoSuchBucket"], [:])
    }

    @Test func localCommandsSendNothingAndLoadNoHTTP() throws {
        let project = try BucketProject(try BucketTests.server.get(), prefix: "local")
        try project.pushFirst()
        let tracing = ["LD_DEBUG": "files"]
        for arguments in [["status"], ["add", "data"], ["status", "--json"], ["--version"]] {
            let outcome = try project.reg(arguments, tracing)
            #expect(outcome.code == 0, "\(arguments)")
            #expect(!outcome.errorText.contains("libcurl"), "\(arguments)")
        }
        #expect(try project.proxy.passed().isEmpty)
        #expect(try project.reg(["log"], tracing).errorText.contains("libcurl"), "the trace shows nothing")
    }
}

extension JSON {
    /// The only artifact of a document with `artifacts`.
    var onlyArtifact: JSON? {
        guard let artifacts = self["artifacts"]?.arrayValue, artifacts.count == 1 else { return nil }
        return artifacts[0]
    }
}

extension String {
    /// A URL of the loopback address with another host in its place.
    fileprivate func replacingHost(_ host: String) -> String {
        "http://\(host):\(split(separator: ":").last ?? "")"
    }
}
