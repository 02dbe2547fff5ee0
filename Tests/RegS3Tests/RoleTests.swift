// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegHTTP
import RegJSON
import RegProcess
import RegS3
import RegTesting
import Testing

/// Credentials of roles, lent by STS.
@Suite struct RoleTests {
    private func lent(_ name: String) -> Credentials {
        Credentials(
            accessKey: name, secretKey: "canary-secret", sessionToken: "canary-token", expiry: 1_893_456_000)
    }

    private func withService(
        _ behaviour: String = "good", _ body: (inout Home, CredentialServer) throws -> Void
    ) throws {
        let server = try CredentialServer()
        try withHome(["AWS_ENDPOINT_URL_STS": "\(server.url)/sts-\(behaviour)", "AWS_REGION": "r-test"]) {
            home in
            try body(&home, server)
        }
    }

    private func setWebIdentity(_ home: inout Home, token: String = "canary-identity\n") throws {
        home.environment["AWS_WEB_IDENTITY_TOKEN_FILE"] = bytes(try home.write(token, to: "token"))
        home.environment["AWS_ROLE_ARN"] = bytes("arn:1&x=y")
    }

    @Test func aWebIdentityTakesOnARole() throws {
        try withService { home, server in
            try setWebIdentity(&home)
            home.environment["AWS_ROLE_SESSION_NAME"] = bytes("job 7")
            #expect(try home.chain().credentials() == lent("WEBarn:1&x=y"))
            let request = try #require(try server.log().first)
            let body = try #require(request["body"]?.stringValue)
            #expect(body.contains("RoleSessionName=job%207&"))
            #expect(request["headers"]?["authorization"] == nil)
        }
    }

    @Test func theTokenIsReadAnew() throws {
        try withService { home, _ in
            try setWebIdentity(&home, token: "canary-old")
            let chain = try home.chain()
            #expect(throws: CredentialError.self) { try chain.credentials() }
            try home.write("canary-identity", to: "token")
            #expect(try chain.credentials() == lent("WEBarn:1&x=y"))
        }
    }

    @Test func halfAWebIdentityIsAnError() throws {
        try withHome(["AWS_WEB_IDENTITY_TOKEN_FILE": "/nonexistent"]) { home in
            let failure = try home.failure()
            #expect(failure.contains("AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN is not"))
            home.environment["AWS_ROLE_ARN"] = bytes("arn:1")
            #expect(try home.failure().contains("cannot open /nonexistent: No such file or directory"))
        }
    }

    @Test(arguments: [
        ("wrong", "400 InvalidIdentityToken: the token is not known"), ("echo", "it refuses"),
        ("huge", "the answer is longer than"), ("garbage", "its answer is no XML"),
        ("empty", "its answer is no XML"), ("redirect", "302"), ("cut", "): "),
    ]) func saysWhatIsWrongWithAService(behaviour: String, message: String) throws {
        try withService(behaviour) { home, server in
            try setWebIdentity(&home, token: behaviour == "wrong" ? "canary-wrong" : "canary-identity")
            let failure = try home.failure()
            #expect(failure.contains("web identity: STS (\(server.url)): "))
            #expect(failure.contains(message))
            #expect(!failure.contains("canary"))
            #expect(try server.requests().allSatisfy { $0.hasPrefix("POST /sts-") })
        }
    }

    @Test func aServiceMayBeBusy() throws {
        try withService("later") { home, _ in
            try setWebIdentity(&home)
            #expect(try home.chain().credentials() == lent("WEBarn:1&x=y"))
        }
    }

    @Test(arguments: ["http://example.com", "http://169.254.170.2/", "x"])
    func aTokenIsNotSentInTheClear(url: String) throws {
        try withHome(["AWS_ENDPOINT_URL_STS": url]) { home in
            try setWebIdentity(&home)
            let failure = try home.failure()
            #expect(failure.contains("neither https nor of this machine"))
        }
    }

    @Test func aRegionNamesNoOtherHost() throws {
        try withHome(["AWS_REGION": "x.example.com/"]) { home in
            try setWebIdentity(&home)
            let failure = try home.failure()
            #expect(failure.contains("STS: the region is none"))
        }
    }

    @Test func aProfileNamesAWebIdentity() throws {
        try withService { home, _ in
            try home.write("canary-identity", to: "token")
            try home.write(
                "[default]\nrole_arn = arn:2\nweb_identity_token_file = ~/token\n", to: ".aws/config")
            #expect(try home.chain().credentials() == lent("WEBarn:2"))
        }
    }

    private let source = "aws_access_key_id = AKSOURCE\naws_secret_access_key = canary-source-secret\n"

    @Test func aProfileTakesOnARoleWithKeysOfAnother() throws {
        try withService { home, _ in
            try home.write(
                "[default]\nrole_arn = arn:3\nsource_profile = base\nexternal_id = e&1\n", to: ".aws/config")
            try home.write("[base]\n" + source, to: ".aws/credentials")
            #expect(try home.chain().credentials() == lent("ROLEarn:3-e&1"))
        }
    }

    @Test func aProfileTakesOnARoleWithItsOwnKeys() throws {
        try withService { home, _ in
            try home.write(
                "[default]\nrole_arn = arn:4\nsource_profile = default\n" + source, to: ".aws/config")
            #expect(try home.chain().credentials() == lent("ROLEarn:4-None"))
        }
    }

    @Test func aRoleCanHaveKeysOfTheEnvironment() throws {
        try withService { home, _ in
            try home.write(
                "[default]\nrole_arn = arn:5\ncredential_source = Environment\n", to: ".aws/config")
            let failure = try home.failure()
            #expect(failure.contains("credential_source: environment: AWS_ACCESS_KEY_ID is not set"))
        }
    }

    @Test func keysThatAreWrongAreRefused() throws {
        try withService { home, _ in
            try home.write("[default]\nrole_arn = arn:6\nsource_profile = base\n", to: ".aws/config")
            try home.write(
                "[base]\naws_access_key_id = AKSOURCE\naws_secret_access_key = canary-x\n",
                to: ".aws/credentials")
            let failure = try home.failure()
            #expect(failure.contains("profile 'default': STS ("))
            #expect(failure.contains("403 SignatureDoesNotMatch"))
            #expect(!failure.contains("canary"))
        }
    }

    @Test(arguments: [
        (
            "source_profile = b\n[profile b]\nrole_arn = x\nsource_profile = default\n",
            "goes round in a circle"
        ),
        ("source_profile = gone\n", "no profile 'gone'"),
        ("source_profile = b\n[profile b]\nregion = r\n", "source_profile 'b' has no credentials"),
        ("credential_source = Moon\n", "credential_source is none of"), ("", "role_arn needs source_profile"),
        ("mfa_serial = arn:m\nsource_profile = b\n", "the code of a device (mfa_serial)"),
        ("web_identity_token_file = /nonexistent\n", "cannot open /nonexistent"),
    ]) func saysWhatIsWrongWithARole(lines: String, message: String) throws {
        try withHome { home in
            try home.write("[default]\nrole_arn = arn:7\n" + lines, to: ".aws/config")
            let failure = try home.failure()
            #expect(failure.contains("profile 'default': "))
            #expect(failure.contains(message))
        }
    }
}
