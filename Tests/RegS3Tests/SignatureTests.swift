// SPDX-License-Identifier: Apache-2.0
import RegHTTP
import RegJSON
import RegS3
import RegTesting
import Testing

/// Signatures are those that Amazon has published, and those of botocore.
struct SignatureTests {
    // MARK: Published

    /// "Signature Calculations for the Authorization Header", Amazon S3 API Reference, "Examples".
    struct Published: Sendable, CustomTestStringConvertible {
        let method: HTTPRequest.Method
        let path: String
        var query: [(String, String)] = []
        var headers: [(String, String)] = []
        var bodyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        let signedHeaders: String
        let signature: String

        var testDescription: String { "\(method.rawValue) \(path) \(query)" }

        static let all = [
            Published(
                method: .get, path: "/test.txt", headers: [("Range", "bytes=0-9")],
                signedHeaders: "host;range;x-amz-content-sha256;x-amz-date",
                signature: "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"),
            Published(
                method: .put, path: "/test$file.text",
                headers: [
                    ("Date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
                ],
                bodyHash: "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
                signedHeaders: "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
                signature: "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"),
            Published(
                method: .get, path: "/", query: [("lifecycle", "")],
                signedHeaders: "host;x-amz-content-sha256;x-amz-date",
                signature: "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
            Published(
                method: .get, path: "/", query: [("max-keys", "2"), ("prefix", "J")],
                signedHeaders: "host;x-amz-content-sha256;x-amz-date",
                signature: "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
        ]
    }

    @Test(arguments: Published.all) func areThoseThatAmazonHasPublished(_ published: Published) {
        let credentials = Credentials(
            accessKey: "AKIAIOSFODNN7EXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
        let target = Signature.Target(
            host: "examplebucket.s3.amazonaws.com", path: Array(published.path.utf8),
            query: published.query.map { (name: $0.0, value: $0.1) })
        let signed = Signature(credentials, region: "us-east-1").sign(
            published.method, target, headers: HTTPHeaders(published.headers), bodyHash: published.bodyHash,
            time: 1_369_353_600)
        #expect(
            signed["authorization"]
                == "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
                + "SignedHeaders=\(published.signedHeaders), Signature=\(published.signature)")
    }

    // MARK: Those of botocore

    @Test func areThoseOfBotocore() throws {
        let seed = printedSeed("signatures")
        let cases = try SignatureTests.cases(seed: seed, count: 3_000)
        #expect(cases.count == 3_000)
        for wish in cases {
            let service = try wish.text("service")
            let target = Signature.Target(
                host: try wish.text("host"), path: Array(try wish.text("path").utf8),
                query: try wish.pairs("query").map { (name: $0, value: $1) })
            let signature = Signature(
                Credentials(
                    accessKey: try wish.text("access_key"), secretKey: try wish.text("secret_key"),
                    sessionToken: wish["session_token"]?.stringValue),
                region: try wish.text("region"), service: service)
            let signed = signature.sign(
                try #require(HTTPRequest.Method(rawValue: try wish.text("method"))), target,
                headers: HTTPHeaders(try wish.pairs("headers")), bodyHash: try wish.text("body_hash"),
                time: try #require(wish["time"]?.integerValue))
            #expect(target.encodedPath == (try wish.text("encoded_path")))
            #expect(target.encodedQuery == (try wish.text("encoded_query")))
            #expect(signed["authorization"] == (try wish.text("authorization")), "\(wish.compact)")
        }
    }

    /// What Tests/Servers/signatures.py makes.
    private static func cases(seed: UInt64, count: Int) throws -> [JSON] {
        let package = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let outcome = try Command(
            "\(package)/.venv/bin/python", ["Tests/Servers/signatures.py", String(seed), String(count)],
            environment: ["PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"],
            in: package
        ).run()
        try #require(outcome.code == 0, "\(outcome.ending): \(outcome.errorText)")
        return try JSON.parse(outcome.output).arrayValue ?? []
    }
}

extension JSON {
    fileprivate func text(_ key: String) throws -> String { try #require(self[key]?.stringValue) }

    /// An array of arrays of two texts.
    fileprivate func pairs(_ key: String) throws -> [(String, String)] {
        try #require(self[key]?.arrayValue).map { pair in
            let texts = pair.arrayValue?.compactMap(\.stringValue) ?? []
            try #require(texts.count == 2)
            return (texts[0], texts[1])
        }
    }
}
