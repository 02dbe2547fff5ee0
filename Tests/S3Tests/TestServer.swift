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
    let control: Int?

    init(_ kind: Kind, _ options: [String] = []) throws {
        self.kind = kind
        let package = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let command = Command(
            "\(package)/Tests/Servers/serve", [kind.rawValue] + options,
            environment: [
                "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME": "/tmp", "LC_ALL": "C.UTF-8",
            ], in: package)
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
        control = greeting["control"]?.integerValue.map { Int($0) }
    }

    /// A store below `prefix` of its bucket.
    func store(_ prefix: String, spool: String, _ change: (inout S3Options) -> Void = { _ in }) throws
        -> S3Store
    {
        guard let endpoint = Endpoint(endpoint) else { throw ServerFailure(description: "no endpoint") }
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
