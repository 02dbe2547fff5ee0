// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegFiles
internal import RegHTTP
internal import RegHash
internal import RegProcess
internal import RegS3
internal import RegStore

/// The objects of a registry, and where it is.
struct RegistryObjects {
    let location: RegistryLocation
    let store: CountingStore
    /// The same objects, where they are in a bucket.
    let bucket: S3Store?

    init(_ location: RegistryLocation, _ store: any ObjectStore) {
        self.location = location
        self.store = CountingStore(store)
        bucket = store as? S3Store
    }

    /// Where packs lie that are on their way to a server; nil where there is none.
    var spool: DirectoryStore? { bucket?.spool }

    /// What to do about a server that replaces objects.
    static var singleWriterHint: String {
        "reading works; where only this host ever writes, say so: single_writer = \"\(hostName())\" below [s3] in your own config.toml, or REG_S3_SINGLE_WRITER=\(hostName())"
    }
}

extension Session {
    /// The objects of a registry.
    func objects(at location: RegistryLocation) throws -> any ObjectStore {
        switch location.place {
        case .directory(let directory): DirectoryStore(root: directory)
        case .bucket(let name, let prefix): try bucketStore(name, prefix)
        }
    }

    private func bucketStore(_ name: String, _ prefix: String) throws -> S3Store {
        let user = try userSettings()?.s3 ?? BucketSettings()
        var refusal: CredentialError?
        var aws: AWSConfiguration?
        do { aws = try AWSConfiguration.read(environment) } catch { refusal = error }
        let region = aws?.region ?? user.region ?? settings.s3.region ?? "us-east-1"
        var endpoint = try approvedEndpoint(user: user, aws: aws)
        if endpoint == nil, let named = try settings.s3.endpoint.map(Session.endpoint) {
            endpoint = named
            if try !user.approvedEndpoints.map(Session.endpoint).contains(named) {
                refusal = unapproved(named)
            }
        }
        guard let endpoint = endpoint ?? Endpoint.amazon(region: region) else {
            throw RegError(.usage, "'\(printable(region))' is no region", hint: "set AWS_REGION")
        }
        if refusal == nil { try checkSecure(endpoint, user: user) }
        let style = user.addressing ?? aws?.addressing?.rawValue ?? settings.s3.addressing
        let isAmazon =
            endpoint.host.hasSuffix(".amazonaws.com") || endpoint.host.hasSuffix(".amazonaws.com.cn")
        let standard: Bucket.Addressing = isAmazon && Bucket.isHostLabel(name) ? .virtual : .path
        let bucket = Bucket(
            name: name, prefix: prefix, endpoint: endpoint, region: region,
            addressing: style.flatMap(Bucket.Addressing.init) ?? standard)
        let options = try options(for: bucket, user: user, certificateFile: aws?.certificateFile)
        // Told when the first request needs them: what needs none goes on.
        if let refusal { return try S3Store(bucket, options, credentials: NoCredentials(reason: refusal)) }
        guard let aws else { throw RegError(.internalError, "there is no AWS configuration") }
        return try S3Store(
            bucket, options, credentials: aws.credentials { nanosecondsNow() / 1_000_000_000 })
    }

    // MARK: The endpoint

    /// The endpoint that a flag, the environment or the user's own files name; nil where they name none.
    private func approvedEndpoint(user: BucketSettings, aws: AWSConfiguration?) throws -> Endpoint? {
        let isInEnvironment = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"].contains {
            environment[$0]?.isEmpty == false
        }
        let named =
            options.endpoint ?? (isInEnvironment ? aws?.endpoint : nil) ?? user.endpoint ?? aws?.endpoint
        return try named.map(Session.endpoint)
    }

    /// Whoever can write a repository would get signed requests.
    private func unapproved(_ endpoint: Endpoint) -> CredentialError {
        let file = userSettingsPath.map { printable($0) } ?? "~/.config/reg/config.toml"
        return CredentialError(
            "reg.toml names the endpoint \(endpoint.text), which you have not approved: it gets no credentials",
            hint:
                "if you trust it, set AWS_ENDPOINT_URL_S3=\(endpoint.text), or write approved_endpoints = [\"\(endpoint.text)\"] below [s3] in \(file)"
        )
    }

    private static func endpoint(_ text: String) throws -> Endpoint {
        if let endpoint = Endpoint(text) { return endpoint }
        throw RegError(.usage, "'\(printable(text))' is no endpoint", hint: "write https://host[:port]")
    }

    private func checkSecure(_ endpoint: Endpoint, user: BucketSettings) throws {
        let isAllowed =
            user.allowsPlainHTTP || environment["REG_S3_ALLOW_HTTP"].map { $0 == [UInt8(ascii: "1")] } == true
        if endpoint.isSecure || endpoint.isLoopback || isAllowed { return }
        throw RegError(
            .refused,
            "\(endpoint.text) is plain http to another machine: everybody on the way could read and change data",
            hint: "use https; or, on a network that you trust, set REG_S3_ALLOW_HTTP=1")
    }

    // MARK: Options

    private func options(
        for bucket: Bucket, user: BucketSettings, certificateFile: BytePath?
    ) throws -> S3Options {
        let project = settings.s3
        var options = S3Options(spool: try spool(of: bucket))
        options.storageClass = user.storageClass ?? project.storageClass
        options.encryption = user.encryption ?? project.encryption
        options.encryptionKey = user.encryptionKey ?? project.encryptionKey
        options.connections = user.connections ?? project.connections ?? 8
        if let attempts = user.attempts ?? number(of: "AWS_MAX_ATTEMPTS") {
            options.retries.attempts = attempts
        }
        if let seconds = number(of: "REG_S3_STALL_SECONDS") ?? user.stallLimit ?? project.stallLimit {
            options.http.stallLimit = .seconds(seconds)
        }
        options.http.certificateFile = certificateFile.flatMap(\.utf8)
        options.uploadNotes = workspace?.state.map { UploadNotes(directory: $0.appending("journal")) }
        options.onSent = { [uploadProgress] in uploadProgress.add($0) }
        if try isSingleWriter(user) { options.singleWriterLock = try singleWriterLock(of: bucket) }
        return options
    }

    private func number(of variable: String) -> Int? {
        environment[variable].flatMap { Int(String(decoding: $0, as: UTF8.self)) }.flatMap {
            $0 > 0 ? $0 : nil
        }
    }

    /// Whether the user has named this host the only one that writes.
    private func isSingleWriter(_ user: BucketSettings) throws -> Bool {
        let variable = environment["REG_S3_SINGLE_WRITER"].map { String(decoding: $0, as: UTF8.self) }
        guard let named = variable ?? user.singleWriter, !named.isEmpty else { return false }
        return named == hostName()
    }

    private func singleWriterLock(of bucket: Bucket) throws -> BytePath {
        let name = SHA256.digest(of: Array("\(bucket.endpoint.text)\0\(bucket.location)".utf8)).hex.prefix(32)
        let base =
            environment.directory("XDG_STATE_HOME")
            ?? environment.directory("HOME")?.appending(".local/state")
        guard let directory = base?.appending("reg") else {
            throw RegError(.usage, "neither XDG_STATE_HOME nor HOME is set")
        }
        try makeDirectories(directory)
        return directory.appending(BytePath("\(name).writer"))
    }

    /// Where packs lie until they are sent: beside the store, so that the next run finds what this one leaves.
    private func spool(of bucket: Bucket) throws -> BytePath {
        let name = String(SHA256.digest(of: Array(bucket.location.utf8)).hex.prefix(16))
        if let state = workspace?.state { return state.appending("spool").appending(BytePath(name)) }
        let temporary = environment.directory("TMPDIR") ?? BytePath("/var/tmp")
        return temporary.appending(BytePath("reg-spool-\(userNumber())-\(name)"))
    }
}

/// Why no request may be made.
private struct NoCredentials: CredentialSource {
    let reason: CredentialError

    func credentials(replacing rejected: Credentials?) throws(CredentialError) -> Credentials { throw reason }
}
