// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegHTTP
import RegTesting
import Testing

/// Whom the client believes, and that others do not load what it needs.
@Suite struct TrustTests {
    /// Makes a certificate for `address`, and calls `body` with a server that shows it.
    private func withServer(
        address: String = "IP:127.0.0.1", _ body: (Server, _ certificate: String) throws -> Void
    ) throws {
        try withTemporaryDirectory { directory in
            let (certificate, key) = ("\(directory.lossy)/certificate", "\(directory.lossy)/key")
            let made = try Command(
                "/usr/bin/openssl",
                [
                    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "1",
                    "-subj", "/CN=reg test", "-addext", "subjectAltName=\(address)", "-keyout", key, "-out",
                    certificate,
                ], environment: [:], in: directory.lossy
            ).run()
            try #require(made.code == 0, "\(made.errorText)")
            try body(try Server(certificate: (certificate, key)), certificate)
        }
    }

    private func send(to server: Server, trusting file: String?) throws(HTTPError) -> HTTPAnswer {
        var options = HTTPClient.Options()
        options.certificateFile = file
        return try HTTPClient(options).send(HTTPRequest(.put, server.url + "/echo", body: .bytes([1])))
    }

    @Test func aServerThatNobodyVouchesForIsNotTrusted() throws {
        try withServer { server, certificate in
            let found = failure { () throws(HTTPError) in try send(to: server, trusting: nil) }
            #expect(found?.kind == "untrusted")
            #expect(found?.mayHaveArrived == false)
            let answer = try send(to: server, trusting: certificate)
            #expect(answer.status == 200)
        }
    }

    @Test func aCertificateIsForOneName() throws {
        try withServer(address: "DNS:example.com") { server, certificate in
            let found = failure { () throws(HTTPError) in try send(to: server, trusting: certificate) }
            #expect(found?.kind == "untrusted")
        }
    }

    @Test(arguments: ["/nonexistent", "/dev/null"]) func aFileWithoutCertificatesTrustsNobody(file: String)
        throws
    {
        try withServer { server, _ in
            let found = failure { () throws(HTTPError) in try send(to: server, trusting: file) }
            #expect(found?.kind == "untrusted")
        }
    }
}
