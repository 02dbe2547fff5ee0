// SPDX-License-Identifier: Apache-2.0
package import RegBytes
internal import RegHTTP
package import RegProcess

/// What the user's environment and the files of the AWS tools say of buckets; no credentials are kept in it.
package struct AWSConfiguration: Sendable {
    package enum AddressingStyle: String, Sendable {
        /// `https://endpoint/bucket/key`
        case path
        /// `https://bucket.endpoint/key`
        case virtual
        /// As the endpoint allows.
        case auto
    }

    /// The name of the profile.
    package let profile: String
    package let region: String?
    /// The URL of S3, as the user has set it; nil for Amazon's own.
    package let endpoint: String?
    package let addressing: AddressingStyle?
    /// A file of certificates to trust instead of the system's.
    package let certificateFile: BytePath?
    /// The URL of STS, as the user has set it.
    let tokenEndpoint: String?
    let environment: ProcessEnvironment

    /// Reads the files, where there are any.
    ///
    /// - Throws: where `AWS_PROFILE` names a profile that no file has.
    package static func read(_ environment: ProcessEnvironment) throws(CredentialError) -> AWSConfiguration {
        let files = AWSFiles.read(environment)
        let name = profileName(environment)
        let profile = files.profile(name ?? "default")
        if let name, profile == nil {
            throw CredentialError(
                "AWS_PROFILE names a profile that is not there: \(files.missing(name))",
                hint: "unset AWS_PROFILE, or add the profile ('aws configure --profile \(printable(name))')")
        }
        let services = profile.flatMap { files.services(of: $0) }
        return AWSConfiguration(environment, name ?? "default", profile ?? INIFile.Section(), services)
    }

    static func profileName(_ environment: ProcessEnvironment) -> String? {
        environment.text("AWS_PROFILE") ?? environment.text("AWS_DEFAULT_PROFILE")
    }

    private init(
        _ environment: ProcessEnvironment, _ name: String, _ profile: INIFile.Section,
        _ services: INIFile.Section?
    ) {
        self.environment = environment
        self.profile = name
        region = environment.text("AWS_REGION") ?? environment.text("AWS_DEFAULT_REGION") ?? profile["region"]
        addressing = profile["s3", "addressing_style"].flatMap(AddressingStyle.init)
        let bundle = environment.value("AWS_CA_BUNDLE").map { BytePath($0) }
        certificateFile = (bundle ?? profile["ca_bundle"].map { BytePath($0) }).map {
            environment.expandingHome($0) ?? $0
        }
        let ignoresURLs =
            environment.isTrue("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
            || environment["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] == nil
                && profile["ignore_configured_endpoint_urls"]?.lowercased() == "true"
        func endpoint(_ service: String) -> String? {
            if ignoresURLs { return nil }
            return environment.text("AWS_ENDPOINT_URL_\(service.uppercased())")
                ?? environment.text("AWS_ENDPOINT_URL") ?? services?[service, "endpoint_url"]
                ?? profile["endpoint_url"]
        }
        self.endpoint = endpoint("s3")
        tokenEndpoint = endpoint("sts")
    }
}

extension AWSConfiguration {
    /// Where credentials are looked for, in the order of the AWS tools; nothing is read before somebody asks.
    ///
    /// `now` is the time in seconds since 1970.
    package func credentials(now: @escaping @Sendable () -> Int64) -> CredentialChain {
        var options = HTTPClient.Options()
        options.certificateFile = certificateFile?.utf8
        let tokens = TokenService(
            client: HTTPClient(options), configured: tokenEndpoint, region: region, now: now)
        let metadata = MetadataClient()
        return CredentialChain(
            [
                EnvironmentProvider(environment: environment),
                WebIdentityProvider(environment: environment, tokens: tokens),
                ProfileProvider(environment: environment, tokens: tokens, metadata: metadata),
                ContainerProvider(environment: environment, client: metadata),
                InstanceProvider(environment: environment, client: metadata),
            ], now: now)
    }
}
