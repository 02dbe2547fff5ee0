// SPDX-License-Identifier: Apache-2.0
import RegProcess
import RegS3
import Testing

@Suite struct CredentialProcessTests {
    /// A home whose profile calls a script.
    private func withScript<Result>(
        _ script: String, arguments: String = "", _ body: (inout Home) throws -> Result
    ) throws -> Result {
        try withHome { home in
            let path = try home.write("#!/bin/sh\n" + script, to: "my script", mode: 0o700)
            try home.write("[default]\ncredential_process = \"\(path)\" \(arguments)\n", to: ".aws/config")
            return try body(&home)
        }
    }

    @Test func takesWhatAProgramPrints() throws {
        let answer = #"""
            printf '{"Version": 1, "AccessKeyId": "%s", "SecretAccessKey": "%s", "SessionToken": "t", ' "$1" "$2"
            printf '"Expiration": "1970-01-01T01:00:00Z", "Other": {}}'
            """#
        let found = try withScript(answer, arguments: #"AK$HOME 'a b;c'"#) { try $0.chain().credentials() }
        let expected = Credentials(
            accessKey: "AK$HOME", secretKey: "a b;c", sessionToken: "t", expiry: 3600)
        #expect(found == expected)
    }

    @Test func givesTheProgramTheUsersEnvironment() throws {
        let answer = #"printf '{"Version":1,"AccessKeyId":"%s","SecretAccessKey":"s"}' "$MINE""#
        try withScript(answer) { home in
            home.environment["MINE"] = bytes("AKMINE")
            let found = try home.chain().credentials()
            #expect(found == Credentials(accessKey: "AKMINE", secretKey: "s"))
        }
    }

    @Test(arguments: [
        ("echo 'log\u{1b}[31m in' >&2; exit 3", #"it failed: log\x1b[31m in"#),
        ("kill -9 $$", "it failed"),
        ("echo canary", "the answer is no JSON (byte 0)"),
        (
            "echo '{\"Version\":2,\"AccessKeyId\":\"canary\",\"SecretAccessKey\":\"s\"}'",
            "is not of version 1"
        ),
        ("echo '{\"Version\":1,\"AccessKeyId\":\"canary\"}'", "has no AccessKeyId and SecretAccessKey"),
        (
            "echo '{\"Version\":1,\"AccessKeyId\":\"canary\",\"SecretAccessKey\":\"s\",\"Expiration\":\"soon\"}'",
            "the Expiration is no time"
        ),
        ("exec cat /dev/zero", "a program printed more than 65536 bytes"),
        ("head -c 1000000 /dev/zero | tr '\\0' x >&2; exit 1", "it failed: xxx"),
    ]) func saysWhatIsWrong(script: String, message: String) throws {
        try withScript(script) { home in
            let failure = try home.failure()
            #expect(failure.contains("profile 'default': credential_process: "))
            #expect(failure.contains(message))
            #expect(!failure.contains("canary"))
            #expect(failure.utf8.count < 2000)
        }
    }

    @Test(arguments: [
        ("'open", "a quote in it is not closed"), ("./here", "its path is not absolute"),
        ("no-such-program-anywhere x", "there is no program 'no-such-program-anywhere' in PATH"),
        ("/nonexistent x", "cannot start /nonexistent: No such file or directory"),
    ]) func saysWhyNoProgramRuns(command: String, message: String) throws {
        try withHome { home in
            try home.write("[default]\ncredential_process = \(command)\n", to: ".aws/config")
            let failure = try home.failure()
            #expect(failure.contains(message))
        }
    }
}
