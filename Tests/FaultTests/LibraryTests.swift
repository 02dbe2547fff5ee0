// SPDX-License-Identifier: Apache-2.0
import RegTesting
import Testing

/// libcurl brings some forty libraries, which take milliseconds to load: only what speaks to a bucket does.
struct LibraryTests {
    private let sandbox: Sandbox

    init() throws { sandbox = try Sandbox() }

    /// The files that a run of reg opened.
    private func opened(_ arguments: [String], in directory: String, _ variables: [String: String] = [:])
        throws -> String
    {
        var command = sandbox.traced(arguments, in: directory, calls: ["openat"])
        command.environment.merge(variables) { $1 }
        _ = try command.run()
        return String(decoding: try sandbox.read("trace"), as: UTF8.self)
    }

    @Test(.needsTracing) func onlyBucketsNeedLibcurl() throws {
        let project = try Project.make("project", in: sandbox)
        try sandbox.write("\(project.repository)/data/1", seededBytes(count: 1000, seed: 1))
        for command in ["add data", "status", "push", "log", "verify", "pull", "list"] {
            let files = try opened(command.split(separator: " ").map(String.init), in: project.repository)
            #expect(files.contains("libcrypto"), "\(command)")
            #expect(!files.contains("libcurl"), "\(command)")
        }
        // It is seen where it is loaded: nothing listens there.
        try sandbox.git(["init", "--quiet", "other"], in: ".")
        try sandbox.write("other/reg.toml", Array("registry = \"s3://bucket/prefix\"\n".utf8))
        let files = try opened(
            ["log"], in: "other",
            [
                "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1", "AWS_ACCESS_KEY_ID": "a",
                "AWS_SECRET_ACCESS_KEY": "b", "AWS_MAX_ATTEMPTS": "1",
            ])
        #expect(files.contains("libcurl"))
    }
}
