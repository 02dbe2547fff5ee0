// SPDX-License-Identifier: Apache-2.0
import RegProcess
import RegS3
import Testing

@Suite struct ProfileTests {
    @Test func theEnvironmentIsTheFirstPlace() throws {
        let found = try withHome([
            "AWS_ACCESS_KEY_ID": "AKENV", "AWS_SECRET_ACCESS_KEY": "senv", "AWS_SESSION_TOKEN": "tenv",
        ]) { home in
            try home.write(
                "[default]\naws_access_key_id=X\naws_secret_access_key=Y\n", to: ".aws/credentials")
            return try home.chain().credentials()
        }
        #expect(found == Credentials(accessKey: "AKENV", secretKey: "senv", sessionToken: "tenv"))
    }

    @Test func halfAPairInTheEnvironmentIsSaid() throws {
        try withHome(["AWS_ACCESS_KEY_ID": "AKENV"]) { home in
            let failure = try home.failure()
            #expect(failure.contains("AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not"))
        }
        try withHome(["AWS_SECRET_ACCESS_KEY": "canary"]) { home in
            let failure = try home.failure()
            #expect(failure.contains("AWS_SECRET_ACCESS_KEY is set, but AWS_ACCESS_KEY_ID is not"))
            #expect(!failure.contains("canary"))
        }
    }

    @Test func readsKeysOfAProfile() throws {
        try withHome(["AWS_PROFILE": "b"]) { home in
            try home.write("[profile b]\naws_session_token = T\n", to: ".aws/config")
            try home.write(
                "[default]\naws_access_key_id=X\naws_secret_access_key=Y\n"
                    + "[b]\naws_access_key_id = AKB\naws_secret_access_key = s+/=\n", to: ".aws/credentials")
            let found = try home.chain().credentials()
            #expect(found == Credentials(accessKey: "AKB", secretKey: "s+/=", sessionToken: "T"))
        }
    }

    @Test func halfAPairInAProfileIsAnError() throws {
        try withHome { home in
            try home.write("[default]\naws_secret_access_key = canary\n", to: ".aws/credentials")
            let failure = try home.failure()
            #expect(
                failure.contains(
                    "profile 'default': aws_secret_access_key is there, but aws_access_key_id is not"))
            #expect(!failure.contains("canary"))
        }
    }

    @Test(arguments: ["AK ID", "AK\tID", "\u{e9}", "AK\n x-header: y"])
    func aKeyThatIsNoHeaderIsRefused(key: String) throws {
        try withHome(["AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": "canary"]) { home in
            let failure = try home.failure()
            #expect(failure.contains("environment: the access key id is empty, too long or has blanks"))
        }
    }

    @Test func everyPlaceIsNamed() throws {
        try withHome { home in
            let failure = try home.failure()
            #expect(failure.contains("environment: AWS_ACCESS_KEY_ID is not set; "))
            #expect(failure.contains("/.aws/credentials: No such file or directory"))
            try home.write("[other]\n", to: ".aws/credentials")
            #expect(try home.failure().contains("/.aws/credentials: no profile 'default'"))
            try home.write(
                String(repeating: "#", count: INIFile.byteLimit + 1), to: ".aws/credentials")
            #expect(try home.failure().contains("/.aws/credentials: it is longer than 1048576 bytes"))
        }
    }

    @Test func singleSignOnIsNamed() throws {
        try withHome { home in
            try home.write("[default]\nsso_session = x\nsso_account_id = 1\n", to: ".aws/config")
            do {
                _ = try home.chain().credentials()
                Issue.record("there were credentials")
            } catch let error as CredentialError {
                #expect(error.message.contains("single sign-on"))
                #expect(error.hint?.contains("aws configure export-credentials") == true)
            }
        }
    }

    @Test func filesAreReadAnew() throws {
        try withHome { home in
            func write(_ key: String) throws {
                try home.write(
                    "[default]\naws_access_key_id = \(key)\naws_secret_access_key = s\n",
                    to: ".aws/credentials")
            }
            try write("ONE")
            let chain = try home.chain()
            let one = try chain.credentials()
            try write("TWO")
            #expect(try chain.credentials() == one)
            #expect(try chain.credentials(replacing: one).accessKey == "TWO")
        }
    }
}
