// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegProcess
import RegS3
import Testing

@Suite struct ConfigurationTests {
    private let config = """
        [default]
        region = r-default
        [profile work]
        region = r-work
        services = lab
        endpoint_url = http://profile
        ca_bundle = ~/ca.pem
        s3 =
          addressing_style = path
        [services lab]
        s3 =
          endpoint_url = http://services
        [profile "two words"]
        region = r-two
        [work]
        region = wrong
        """

    private func configuration(_ variables: KeyValuePairs<String, String>) throws -> AWSConfiguration {
        try withHome(variables) { home in
            try home.write(config, to: ".aws/config")
            return try AWSConfiguration.read(home.environment)
        }
    }

    @Test func readsTheProfile() throws {
        #expect(try configuration([:]).region == "r-default")
        #expect(try configuration([:]).endpoint == nil)
        #expect(try configuration(["AWS_PROFILE": "two words"]).region == "r-two")
        let work = try configuration(["AWS_DEFAULT_PROFILE": "work"])
        #expect(work.profile == "work")
        #expect(work.region == "r-work")
        #expect(work.endpoint == "http://services")
        #expect(work.addressing == .path)
        #expect(work.certificateFile?.lossy.hasSuffix("/ca.pem") == true)
        #expect(work.certificateFile?.lossy.hasPrefix("/") == true)
    }

    @Test func theEnvironmentCountsMore() throws {
        let base: KeyValuePairs = [
            "AWS_PROFILE": "work", "AWS_DEFAULT_PROFILE": "default", "AWS_REGION": "r-1",
            "AWS_DEFAULT_REGION": "r-2", "AWS_ENDPOINT_URL_S3": "http://s3", "AWS_ENDPOINT_URL": "http://all",
            "AWS_CA_BUNDLE": "/ca",
        ]
        let full = try configuration(base)
        #expect(full.region == "r-1")
        #expect(full.endpoint == "http://s3")
        #expect(full.certificateFile == BytePath("/ca"))
        let less = try configuration([
            "AWS_PROFILE": "work", "AWS_DEFAULT_REGION": "r-2", "AWS_ENDPOINT_URL": "http://all",
            "AWS_ENDPOINT_URL_S3": "",
        ])
        #expect(less.region == "r-2")
        #expect(less.endpoint == "http://all")
    }

    @Test func configuredEndpointsCanBeIgnored() throws {
        let ignoring = try configuration([
            "AWS_PROFILE": "work", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "TRUE",
            "AWS_ENDPOINT_URL": "http://all",
        ])
        #expect(ignoring.endpoint == nil)
        #expect(ignoring.region == "r-work")
    }

    @Test func theCredentialsFileCountsMoreThanTheOther() throws {
        try withHome { home in
            try home.write("[default]\nregion = a\n[profile default]\nregion = b\n", to: ".aws/config")
            #expect(try AWSConfiguration.read(home.environment).region == "b")
            try home.write("[default]\nregion = c\n", to: ".aws/credentials")
            #expect(try AWSConfiguration.read(home.environment).region == "c")
        }
    }

    @Test func anUnknownProfileIsAnError() throws {
        do {
            _ = try configuration(["AWS_PROFILE": "wo\u{1b}rk"])
            Issue.record("it was found")
        } catch let error as CredentialError {
            #expect(error.message.contains(#"no profile 'wo\x1brk'"#))
            #expect(error.message.contains("/.aws/config: "))
            #expect(error.message.contains("/.aws/credentials: No such file or directory"))
        }
    }

    @Test func filesCanLieElsewhereOrNowhere() throws {
        try withHome(["AWS_CONFIG_FILE": "~/else"]) { home in
            try home.write("[default]\nregion = elsewhere\n", to: "else")
            #expect(try AWSConfiguration.read(home.environment).region == "elsewhere")
            for path in ["/dev/null", "/", "/nonexistent", "/etc/passwd", "/dev/zero"] {
                home.environment["AWS_CONFIG_FILE"] = bytes(path)
                #expect(try AWSConfiguration.read(home.environment).region == nil)
            }
        }
        #expect(try AWSConfiguration.read(ProcessEnvironment()).region == nil)
    }
}
