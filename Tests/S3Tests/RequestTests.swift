// SPDX-License-Identifier: Apache-2.0
import Glibc
import RegBytes
import RegJSON
import RegTesting
import Testing

/// How many requests a whole command takes.
struct RequestTests {
    /// Each pack is one; a new registry, its log and the manifest are the other 13, where nobody else writes.
    @Test func aFirstPushOfOnePackTakesThirteen() throws {
        let server = try TestServer(.rclone)
        try withTemporaryDirectory { directory in
            let home = printable(directory)
            let reg = getenv("REG_BINARY").map { String(cString: $0) }
            let package = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
            var name = utsname()
            try #require(uname(&name) == 0)
            let host = withUnsafeBytes(of: name.nodename) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            let push = Command(
                reg ?? "\(package)/.build/release/reg",
                [
                    "push", "/etc/hostname", "--as", "host", "--json", "--registry",
                    "s3://\(server.bucket)/requests",
                ],
                environment: [
                    "PATH": "/usr/bin:/bin", "HOME": home, "TMPDIR": home,
                    "AWS_ENDPOINT_URL": server.endpoint, "AWS_ACCESS_KEY_ID": server.accessKey,
                    "AWS_SECRET_ACCESS_KEY": server.secretKey, "AWS_REGION": server.region,
                    "REG_S3_SINGLE_WRITER": host,
                ], in: home)
            let outcome = try push.run(limit: .seconds(60))
            try #require(outcome.code == 0, "\(outcome.errorText)")
            let requests = try JSON.parse(outcome.output)["requests"]?.integerValue
            #expect(requests == 13)
        }
    }
}
