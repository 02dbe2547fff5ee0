// SPDX-License-Identifier: Apache-2.0
import Glibc
import RegBytes
import RegHash
import RegJSON
import RegTesting
import Testing

/// A repository with an artifact `data`, whose registry is in a bucket, behind a proxy that makes faults.
final class BucketProject: Sendable {
    let server: TestServer
    let proxy: FaultProxy
    let sandbox: Sandbox
    /// Of the registry in the bucket.
    let prefix: String

    var location: String { "s3://\(server.bucket)/\(prefix)" }

    /// The keys of a registry's objects begin so.
    var objects: String { prefix + "/" }

    /// The user's settings for a server, by which reg waits little.
    static func variables(_ server: TestServer, endpoint: String) -> [String: String] {
        var variables = [
            "AWS_ENDPOINT_URL_S3": endpoint, "AWS_ACCESS_KEY_ID": server.accessKey,
            "AWS_SECRET_ACCESS_KEY": server.secretKey, "AWS_REGION": server.region,
            "AWS_EC2_METADATA_DISABLED": "true", "REG_S3_STALL_SECONDS": "1",
        ]
        if server.kind == .rclone { variables["REG_S3_SINGLE_WRITER"] = machineName() }
        return variables
    }

    /// `variables`: beside those that name server and credentials, or in their place.
    init(_ server: TestServer, prefix: String, _ variables: [String: String] = [:]) throws {
        self.server = server
        self.prefix = prefix
        proxy = try FaultProxy(before: server.endpoint)
        let all = BucketProject.variables(server, endpoint: proxy.endpoint).merging(variables) { $1 }
        sandbox = try Sandbox(all)
        try sandbox.makeDirectory("repository")
        try sandbox.git(["init", "--quiet"], in: "repository")
        try sandbox.succeed(["init", "--registry", location], in: "repository")
    }

    // MARK: Versions

    /// Changes one file of `data`, and adds and commits that.
    func change(_ seed: UInt64, byteCount: Int = 50_000, file: String = "changing") throws {
        try sandbox.write(
            "repository/data/\(file)", seededBytes(count: byteCount, seed: seed))
        try sandbox.succeed(["add", "data"], in: "repository")
        try commit()
    }

    func commit() throws {
        try sandbox.git(["add", "--all"], in: "repository")
        try sandbox.git(["commit", "--quiet", "--allow-empty", "--message=Change"], in: "repository")
    }

    /// A first version: ten small files and one of 300 kB.
    func pushFirst() throws {
        for number in 0..<10 {
            try sandbox.write(
                "repository/data/\(number)", seededBytes(count: 5_000, seed: UInt64(1_000 + number)))
        }
        try change(1, byteCount: 300_000)
        try sandbox.succeed(["push"], in: "repository")
        try proxy.forget()
    }

    /// The digest of what the repository holds.
    func digest() throws -> Digest { try sandbox.tree("repository/data").digest }

    /// A clone without anything of reg's; it replaces one of that name.
    @discardableResult func clone(_ name: String) throws -> String {
        try sandbox.remove(name)
        try sandbox.git(["clone", "--quiet", "repository", name], in: ".")
        return name
    }

    // MARK: Running

    /// Runs reg, whatever comes of it.
    func reg(
        _ arguments: [String], in directory: String = "repository", _ variables: [String: String] = [:]
    ) throws -> Command.Outcome {
        var command = sandbox.reg(arguments, in: directory)
        command.environment.merge(variables) { $1 }
        return try command.run(limit: .seconds(90))
    }

    /// Runs reg while the proxy does what `rules` say, and takes them back.
    ///
    /// - Returns: how it ended, and what the proxy saw.
    func reg(
        _ arguments: [String], in directory: String = "repository", under rules: [JSON],
        _ variables: [String: String] = [:]
    ) throws -> (Command.Outcome, [Passed]) {
        try proxy.set(rules)
        let outcome = try reg(arguments, in: directory, variables)
        let passed = try proxy.passed()
        try proxy.set([])
        return (outcome, passed)
    }

    // MARK: What must hold

    /// The records in the bucket, in order, once each of them follows the one before.
    func records() throws -> [JSON] {
        let keys = try server.objects(objects + "log/").compactMap { $0["key"]?.stringValue }
        var before = SHA256.digest(of: try server.bytes(of: objects + "registry.json"))
        return try keys.enumerated().map { index, key in
            let bytes = try server.bytes(of: key)
            let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            try #require(lines.count == 3 && lines[2].isEmpty, "\(key) is not two lines")
            #expect(lines[1].elementsEqual(SHA256.digest(of: Array(lines[0])).text.utf8), "\(key)")
            let record = try JSON.parse(Array(lines[0]))
            #expect(record["number"] == .integer(Int64(index + 1)), "\(key)")
            #expect(record["prev"]?.stringValue == before.text, "\(key)")
            before = SHA256.digest(of: bytes)
            return record
        }
    }

    /// Every byte of the registry is as it should be, and every version comes back as it was pushed.
    ///
    /// `versions`: the digests of `data`, from version 1 on.
    func expectSound(
        _ versions: [Digest], _ context: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let reader = try clone("reader")
        let verify = try reg(["verify", "--data", "--json"], in: reader)
        #expect(
            verify.code == 0, "\(context): verify: \(verify.ending) \(verify.text) \(verify.errorText)",
            sourceLocation: sourceLocation)
        for (index, digest) in versions.enumerated() {
            try sandbox.remove("out")
            try sandbox.succeed(["pull", "data@v\(index + 1)", "-o", "../out"], in: reader)
            #expect(
                try sandbox.tree("out").digest == digest, "\(context): version \(index + 1)",
                sourceLocation: sourceLocation)
        }
        try sandbox.remove("out")
    }
}

func machineName() -> String {
    var name = [CChar](repeating: 0, count: 256)
    gethostname(&name, name.count - 1)
    return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

/// Whether a failure ends in `code`, and says what was asked of which host and object.
func expectFailure(
    _ outcome: Command.Outcome, _ code: Int32, naming words: [String], _ context: String,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(
        outcome.code == code, "\(context): \(outcome.ending): \(outcome.errorText)",
        sourceLocation: sourceLocation)
    for word in words {
        #expect(
            outcome.errorText.contains(word), "\(context): no '\(word)' in: \(outcome.errorText)",
            sourceLocation: sourceLocation)
    }
}
