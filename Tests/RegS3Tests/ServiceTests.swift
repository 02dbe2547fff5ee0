// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegHTTP
import RegJSON
import RegProcess
import RegS3
import RegTesting
import Testing

/// The services for containers and machines.
@Suite struct ServiceTests {
    /// Seconds since 1970 of the end that the server gives.
    private let expiry: Int64 = 1_893_456_000

    private func lent(_ name: String) -> Credentials {
        Credentials(accessKey: name, secretKey: "canary-secret", sessionToken: "canary-token", expiry: expiry)
    }

    /// A home on a machine with a metadata service of that mode.
    private func withInstance(_ mode: String, _ body: (Home, CredentialServer) throws -> Void) throws {
        let server = try CredentialServer(mode)
        try withHome { home in
            home.environment["AWS_EC2_METADATA_DISABLED"] = nil
            home.environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = bytes(server.url + "/")
            // A proxy would see the credentials.
            home.environment["http_proxy"] = bytes("http://127.0.0.1:1")
            try body(home, server)
        }
    }

    @Test func anInstanceHasARole() throws {
        try withInstance("good") { home, server in
            let found = try home.chain().credentials()
            #expect(found == lent("INSTANCE"))
            let directory = "/latest/meta-data/iam/security-credentials/"
            #expect(
                try server.requests() == [
                    "PUT /latest/api/token", "GET \(directory)", "GET \(directory)a%20role",
                ])
        }
    }

    @Test func aTokenThatHasEndedIsReplacedOnce() throws {
        try withInstance("expiring") { home, server in
            let found = try home.chain().credentials()
            #expect(found == lent("INSTANCE"))
            #expect(try server.requests().filter { $0.hasPrefix("PUT") }.count == 2)
        }
    }

    @Test(arguments: [
        ("old", "it gives no token (status 404), and reg does not ask without one"),
        ("roleless", "the instance has no role"), ("failed", "the service answers 'Failed'"),
        ("failing", "it answers with status 500"), ("redirect", "it gives no token (status 302)"),
        ("huge", "the answer is longer than 65536 bytes"), ("garbage", "its token is none"),
        ("empty", "its token is none"), ("hostile", "its token is none"), ("cut", "hop limit"),
        ("silent", "hop limit"), ("slow", "it did not answer in time"),
    ]) func saysWhatIsWrongWithAnInstance(mode: String, message: String) throws {
        try withInstance(mode) { home, server in
            let start = ContinuousClock.now
            let failure = try home.failure()
            // Promised are 3 seconds; without a limit on the whole a silent server takes a minute.
            #expect(ContinuousClock.now - start < .seconds(8))
            #expect(failure.contains("instance metadata (\(server.url)): "))
            #expect(failure.contains(message))
            #expect(failure.contains("environment: AWS_ACCESS_KEY_ID is not set; "))
            #expect(failure.contains("; container: "))
            #expect(!failure.contains("canary"))
            // Never the first version, which needs no token.
            let tokens = try server.log().filter { $0["method"]?.stringValue == "GET" }
                .map { $0["headers"]?["x-aws-ec2-metadata-token"]?.stringValue }
            #expect(tokens.allSatisfy { $0?.hasPrefix("canary-instance-token") == true })
        }
    }

    @Test func aRefusedConnectionIsSaid() throws {
        try withHome(["AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:1"]) { home in
            home.environment["AWS_EC2_METADATA_DISABLED"] = nil
            let failure = try home.failure()
            #expect(failure.contains("instance metadata (http://127.0.0.1:1): "))
        }
    }

    @Test(arguments: ["http://example.com", "ftp://127.0.0.1", "http://169.254.169.254.example.com", "no"])
    func aMetadataServiceElsewhereIsRefused(url: String) throws {
        try withHome(["AWS_EC2_METADATA_SERVICE_ENDPOINT": url]) { home in
            home.environment["AWS_EC2_METADATA_DISABLED"] = nil
            let failure = try home.failure()
            #expect(failure.contains("AWS_EC2_METADATA_SERVICE_ENDPOINT is no https URL"))
        }
    }

    private func withContainer(
        _ behaviour: String, _ body: (inout Home, CredentialServer) throws -> Void
    ) throws {
        let server = try CredentialServer()
        try withHome(["AWS_CONTAINER_CREDENTIALS_FULL_URI": "\(server.url)/container-\(behaviour)"]) { home in
            try body(&home, server)
        }
    }

    @Test func aContainerHasARole() throws {
        try withContainer("good?id=1/2") { home, server in
            let chain = try home.chain()
            #expect(try chain.credentials() == lent("CONTAINER1"))
            #expect(try chain.credentials() == lent("CONTAINER1"))
            #expect(try chain.credentials(replacing: lent("CONTAINER1")) == lent("CONTAINER2"))
            #expect(try server.requests() == Array(repeating: "GET /container-good?id=1/2", count: 2))
        }
    }

    @Test func aContainerShowsItsToken() throws {
        try withContainer("guarded") { home, _ in
            #expect(try home.failure().contains("it answers with status 403"))
            home.environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = bytes("canary-authorization")
            #expect(try home.chain().credentials() == lent("CONTAINER2"))
            let file = try home.write("canary-wrong\n", to: "token")
            home.environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = bytes(file)
            let chain = try home.chain()
            #expect(throws: CredentialError.self) { try chain.credentials() }
            try home.write("canary-authorization\n", to: "token")
            #expect(try chain.credentials() == lent("CONTAINER4"))
        }
    }

    @Test func aContainersServiceMayStillBeStarting() throws {
        try withContainer("later") { home, _ in
            let found = try home.chain().credentials()
            #expect(found == lent("CONTAINER3"))
        }
    }

    @Test(arguments: [
        ("huge", "the answer is longer than 65536 bytes"), ("garbage", "the answer is no JSON"),
        ("empty", "the answer is no JSON"), ("redirect", "it answers with status 302"), ("cut", "): "),
        ("silent", "): "), ("failed", #"the service answers 'Assume\x1bRoleDenied'"#),
        ("guarded", "it answers with status 403"),
    ]) func saysWhatIsWrongWithAContainer(behaviour: String, message: String) throws {
        try withContainer(behaviour) { home, server in
            let start = ContinuousClock.now
            let failure = try home.failure()
            #expect(ContinuousClock.now - start < .seconds(8))
            #expect(failure.contains("container (\(server.url)): "))
            #expect(failure.contains(message))
            #expect(!failure.contains("canary"))
            #expect(try server.requests().allSatisfy { $0 == "GET /container-\(behaviour)" })
        }
    }

    @Test(arguments: [
        "http://example.com/x", "http://10.0.0.1/", "http://127.0.0.1@example.com/",
        "http://127.0.0.1.example.com/",
        "http://169.254.170.2.example.com/", "http://[fd00:ec2::24]/", "file:///etc/passwd", "//127.0.0.1/",
        "x",
        "http://169.254.170.2\\@example.com/", "http://127.0.0.1#@example.com/",
    ]) func aContainersServiceElsewhereIsRefused(url: String) throws {
        try withHome(["AWS_CONTAINER_CREDENTIALS_FULL_URI": url]) { home in
            let failure = try home.failure()
            #expect(failure.contains("AWS_CONTAINER_CREDENTIALS_FULL_URI is no https URL"))
        }
    }

    @Test(arguments: ["@example.com/", "x", "/a b"])
    func aRelativeAddressStaysOnItsHost(path: String) throws {
        try withHome(["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": path]) { home in
            let failure = try home.failure()
            #expect(failure.contains("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is no path"))
        }
    }

    /// Nothing is there where tests run: refused, unreachable or silent.
    @Test func aRelativeAddressIsOfTheContainersHost() throws {
        try withHome(["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/x"]) { home in
            let start = ContinuousClock.now
            let failure = try home.failure()
            #expect(failure.contains("container (http://169.254.170.2): "))
            #expect(ContinuousClock.now - start < .seconds(8))
        }
    }
}
