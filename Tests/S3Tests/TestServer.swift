// SPDX-License-Identifier: Apache-2.0
import Glibc
import RegBytes
import RegFiles
import RegHTTP
import RegJSON
import RegS3
import RegStore
import RegTesting

/// An S3 server that a test has started (Tests/Servers/serve).
final class TestServer: Sendable {
    /// The servers that tests judge by.
    enum Kind: String, CaseIterable, Sendable {
        case emulator, moto, rclone, ceph

        /// Those that this run has: Ceph takes packages of its own (`make test-s3`).
        static var all: [Kind] {
            getenv("REG_S3_SERVERS").map { String(cString: $0) } == "all"
                ? allCases : allCases.filter { $0 != .ceph }
        }

        /// Those that create an object only where there is none.
        static var creatingOnly: [Kind] { all.filter { $0 != .rclone } }
    }

    let kind: Kind
    private let process: ServerProcess
    let endpoint: String
    let accessKey: String
    let secretKey: String
    let region: String
    let bucket: String
    /// The port that the emulator and the proxy are told by what to do; nil for servers of others.
    let control: ControlPort?

    /// The project's root, found from this file.
    static let package = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")

    static let environment = [
        "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME": "/tmp", "LC_ALL": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
    ]

    init(_ kind: Kind, _ options: [String] = []) throws {
        self.kind = kind
        let command = Command(
            "\(TestServer.package)/Tests/Servers/serve", [kind.rawValue] + options,
            environment: TestServer.environment, in: TestServer.package)
        process = try ServerProcess(command, within: .seconds(120))
        let greeting = try JSON.parse(process.greeting)
        func text(_ key: String) throws -> String {
            guard let value = greeting[key]?.stringValue else {
                throw ServerFailure(description: "no \(key)")
            }
            return value
        }
        endpoint = try text("endpoint")
        accessKey = try text("access_key")
        secretKey = try text("secret_key")
        region = try text("region")
        bucket = try text("bucket")
        control = greeting["control"]?.integerValue.map { ControlPort(port: $0) }
    }

    // MARK: The emulator

    private func emulator() throws -> ControlPort {
        guard let control else { throw ServerFailure(description: "\(kind) has no control port") }
        return control
    }

    /// Puts these vices of the emulator in the place of all others.
    func set(vices: JSON) throws {
        try emulator().send(.delete, "/vices")
        try emulator().send(.post, "/vices", vices)
    }

    /// Moves the emulator's clock, to so many seconds from the real time.
    func set(clockOffset: Int64) throws {
        try emulator().send(.post, "/clock", ["offset": .integer(clockOffset)])
    }

    /// Adds an account to the emulator, or changes it.
    func add(account: JSON) throws { try emulator().send(.post, "/accounts", account) }

    /// The requests that came to an end at the emulator.
    func history() throws -> [JSON] { try emulator().lines("/history") }

    /// The keys of the emulator's objects below a prefix, each with what is known of it.
    func objects(_ prefix: String) throws -> [JSON] {
        try emulator().lines(
            "/objects", ["do": "list", "bucket": .string(bucket), "prefix": .string(prefix)])
    }

    func bytes(of key: String) throws -> [UInt8] {
        try emulator().send(.post, "/objects", ["do": "get", "bucket": .string(bucket), "key": .string(key)])
    }

    /// Puts an object of one byte there.
    func put(_ key: String) throws {
        try emulator().send(
            .post, "/objects",
            ["do": "put", "bucket": .string(bucket), "key": .string(key), "data": "eA=="])
    }

    /// Uploads in parts that have not ended.
    func uploads() throws -> [JSON] {
        try emulator().lines("/objects", ["do": "uploads", "bucket": .string(bucket)])
    }

    /// A store below `prefix` of its bucket.
    ///
    /// `endpoint`: where it is spoken to, if not at its own.
    func store(
        _ prefix: String, at endpoint: String? = nil, spool: String,
        _ change: (inout S3Options) -> Void = { _ in }
    ) throws -> S3Store {
        guard let endpoint = Endpoint(endpoint ?? self.endpoint) else {
            throw ServerFailure(description: "no endpoint")
        }
        let bucket = Bucket(
            name: bucket, prefix: prefix, endpoint: endpoint, region: region, addressing: .path)
        var options = S3Options(spool: BytePath(spool))
        change(&options)
        return try S3Store(bucket, options, credentials: FixedCredentials(accessKey, secretKey))
    }
}

struct FixedCredentials: CredentialSource {
    let fixed: Credentials

    init(_ accessKey: String, _ secretKey: String) {
        fixed = Credentials(accessKey: accessKey, secretKey: secretKey)
    }

    func credentials(replacing rejected: Credentials?) throws(CredentialError) -> Credentials { fixed }
}
