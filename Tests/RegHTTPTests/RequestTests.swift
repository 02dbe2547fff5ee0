// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegFiles
import RegHTTP
import RegHash
import RegJSON
import RegTesting
import Testing

/// What is sent, and over which connection.
@Suite struct RequestTests {
    private let client = HTTPClient()

    private func file(_ content: [UInt8], _ body: (Descriptor) throws -> Void) throws {
        try withTemporaryDirectory { directory in
            let file = try Descriptor.open(directory.appending("file"), .create)
            try file.write(content)
            try body(file)
        }
    }

    @Test(arguments: [HTTPRequest.Method.get, .put, .post, .delete])
    func sendsTheMethodAndNothingOfItsOwn(method: HTTPRequest.Method) throws {
        let server = try Server()
        let headers = HTTPHeaders([("X-A", "1"), ("x-empty", ""), ("X-A", "é")])
        let echo = try Echo(
            try client.send(HTTPRequest(method, server.url + "/a/../b%2Fc?x=%20", headers: headers)))
        #expect(echo.method == method.rawValue)
        #expect(echo.json["path"]?.stringValue == "/a/../b%2Fc?x=%20")
        var expected = [
            "host: " + server.url.dropFirst(7), "user-agent: reg", "accept: */*", "x-a: 1", "x-empty: ",
        ]
        expected.append("x-a: Ã©")
        if method == .put || method == .post { expected.append("content-length: 0") }
        #expect(echo.headers.sorted() == expected.sorted())
    }

    @Test func headHasNoBody() throws {
        let server = try Server()
        let answer = try client.send(HTTPRequest(.head, server.url + "/bytes/100000"))
        #expect(answer.status == 200)
        #expect(answer.head.headers["CONTENT-LENGTH"] == "100000")
        #expect(answer.body.isEmpty)
        // The connection is good for the next one.
        #expect(try Echo(try client.send(HTTPRequest(.get, server.url + "/echo"))).connection == 1)
        let missing = try client.send(HTTPRequest(.head, server.url + "/status/404/10"))
        #expect(missing.status == 404)
        #expect(missing.body.isEmpty)
    }

    @Test(arguments: [HTTPRequest.Method.put, .post]) func sendsBodies(method: HTTPRequest.Method) throws {
        let server = try Server()
        let content = seededBytes(count: 3_000_001, seed: 1)
        for count in [0, 1, 65_536, 3_000_001] {
            let part = Array(content.prefix(count))
            let echo = try Echo(
                try client.send(HTTPRequest(method, server.url + "/echo", body: .bytes(part))))
            #expect(echo.hash == SHA256.digest(of: part).hex)
        }
        try file(content) { file in
            for (offset, count) in [(0, 3_000_001), (7, 2_000_000), (3_000_001, 0)] {
                let body = HTTPRequest.Body.file(file, offset: UInt64(offset), byteCount: UInt64(count))
                let echo = try Echo(try client.send(HTTPRequest(method, server.url + "/echo", body: body)))
                #expect(echo.hash == SHA256.digest(of: Array(content[offset..<offset + count])).hex)
            }
        }
    }

    @Test func aFileThatIsShorterIsAnError() throws {
        let server = try Server()
        try file([1, 2, 3]) { file in
            let request = HTTPRequest(
                .put, server.url + "/echo", body: .file(file, offset: 1, byteCount: 3))
            #expect(failure { () throws(HTTPError) in try client.send(request) }?.kind == "broken")
        }
    }

    /// A server that closes an idle connection meets the next request; that is sent again from its beginning, unless
    /// much of it has gone.
    @Test func sendsABodyAgainWhereAnOldConnectionIsGone() throws {
        let server = try Server()
        let content = seededBytes(count: 500_000, seed: 2)
        _ = try client.send(HTTPRequest(.get, server.url + "/echo"))
        let echo = try Echo(
            try client.send(HTTPRequest(.put, server.url + "/drop_once/bytes", body: .bytes(content))))
        #expect(echo.hash == SHA256.digest(of: content).hex)
        #expect(echo.json["count"]?.integerValue == 2)
        try file(content) { file in
            let body = HTTPRequest.Body.file(file, offset: 5, byteCount: 400_000)
            let echo = try Echo(
                try client.send(HTTPRequest(.put, server.url + "/drop_once/file", body: body)))
            #expect(echo.hash == SHA256.digest(of: Array(content[5..<400_005])).hex)
            #expect(echo.json["count"]?.integerValue == 2)
        }
    }

    @Test func keepsConnectionsOpen() throws {
        let server = try Server()
        for _ in 0..<5 {
            #expect(try Echo(try client.send(HTTPRequest(.get, server.url + "/echo"))).connection == 1)
        }
        var fresh = HTTPRequest(.get, server.url + "/echo")
        fresh.reusesConnection = false
        #expect(try Echo(try client.send(fresh)).connection == 2)
    }

    @Test func manyThreadsSendAtATime() throws {
        let server = try Server()
        let url = server.url
        let client = client
        let bodies = try onThreads(8) { number in
            try (0..<10).map { _ in
                let body = [UInt8](repeating: UInt8(number), count: 50_000)
                return try Echo(try client.send(HTTPRequest(.put, url + "/echo", body: .bytes(body)))).hash
            }
        }
        for (number, hashes) in bodies.enumerated() {
            let expected = SHA256.digest(of: [UInt8](repeating: UInt8(number), count: 50_000)).hex
            #expect(hashes == Array(repeating: expected, count: 10))
        }
        let last = try #require(try Echo(try client.send(HTTPRequest(.get, url + "/echo"))).connection)
        #expect(last <= 9)
    }

    @Test(arguments: ["a\r\nX-B: 1", "a\n", "\0", "a\u{7f}"]) func aHeaderCannotAddAnother(value: String)
        throws
    {
        let server = try Server()
        for headers in [HTTPHeaders([("X-A", value)]), HTTPHeaders([("X\(value)", "a")])] {
            let request = HTTPRequest(.get, server.url + "/echo", headers: headers)
            #expect(failure { () throws(HTTPError) in try client.send(request) }?.kind == "malformed")
        }
        // The client is good for the next request, and nothing of the bad one is left.
        let echo = try Echo(try client.send(HTTPRequest(.get, server.url + "/echo")))
        #expect(echo.headers.count == 3)
    }

    @Test(arguments: [
        "/a b", "/a\r\nX-B: 1", "/a HTTP/1.1\r\nX-B: 1\r\n\r\n", "/\0", "ftp", "file:///etc/passwd",
        "http://", "",
        "ftp://127.0.0.1/", "scp://127.0.0.1/",
    ]) func aBadURLIsNoRequest(url: String) throws {
        let server = try Server()
        let url = url.hasPrefix("/") ? server.url + url : url
        let found = failure { () throws(HTTPError) in try client.send(HTTPRequest(.get, url)) }
        #expect(found?.kind == "malformed" || url == "ftp" && found?.kind == "unreachable")
    }

    @Test func nothingListeningIsUnreachable() {
        let request = HTTPRequest(.put, "http://127.0.0.1:1/", body: .bytes([1]))
        let found = failure { () throws(HTTPError) in try client.send(request) }
        #expect(found?.kind == "unreachable")
        #expect(found?.mayHaveArrived == false)
    }
}
