// SPDX-License-Identifier: Apache-2.0
import RegJSON
import RegTesting
import Testing

/// What a person does with a registry in a bucket, in ways that need all kinds of requests.
enum Operation: String, CaseIterable, Sendable {
    case push, pull, log, verify

    /// Readies `project` for it.
    func prepare(_ project: BucketProject, seed: UInt64) throws {
        if self == .push { return try project.change(seed) }
        try project.clone("reader")
        try project.sandbox.remove("out")
    }

    var arguments: [String] {
        switch self {
        case .push: ["push"]
        case .pull: ["pull", "data@v1", "-o", "../out"]
        case .log: ["log"]
        case .verify: ["verify", "--data"]
        }
    }

    var directory: String { self == .push ? "repository" : "reader" }

    /// Does it while the proxy follows `rules`.
    func run(
        _ project: BucketProject, under rules: [JSON], _ variables: [String: String] = [:]
    ) throws -> (Command.Outcome, [Passed]) {
        try project.reg(arguments, in: directory, under: rules, variables)
    }
}

/// A server for all tests of a suite; it ends with the process.
struct SharedServer: Sendable {
    private let result: Result<TestServer, any Error>

    init(_ kind: TestServer.Kind = .emulator) { result = Result { try TestServer(kind) } }

    func get() throws -> TestServer { try result.get() }
}

/// The most requests for one thing.
func mostAttempts(_ passed: [Passed]) -> Int {
    Dictionary(grouping: passed.filter { !$0.isDuplicate }, by: \.operation).values.map(\.count).max() ?? 0
}
