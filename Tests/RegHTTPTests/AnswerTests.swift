// SPDX-License-Identifier: Apache-2.0
import RegHTTP
import RegTesting
import Testing

/// What servers answer, whole or not.
@Suite struct AnswerTests {
    private let client = HTTPClient()

    private func failure(at path: String, into sink: (any HTTPSink)? = nil, limit: Duration? = nil) throws
        -> HTTPError?
    {
        let server = try Server()
        let request = HTTPRequest(.get, server.url + path, limit: limit)
        return RegHTTPTests.failure { () throws(HTTPError) in try client.send(request, into: sink) }
    }

    @Test func aSinkTakesTheBody() throws {
        let server = try Server()
        let sink = Collector()
        let answer = try client.send(HTTPRequest(.get, server.url + "/bytes/3000000"), into: sink)
        #expect(sink.bytes == pattern(3_000_000))
        #expect(sink.head?.status == 200)
        #expect(answer.body.isEmpty)
    }

    @Test func headersAreReadByName() throws {
        let server = try Server()
        let headers = try client.send(HTTPRequest(.get, server.url + "/headers")).head.headers
        #expect(headers["x-blank"] == "a  b")
        #expect(headers["X-EMPTY"] == "")
        #expect(headers["x-colon"] == "a:b")
        #expect(headers["x-none"] == nil)
        #expect(headers.fields.count == 5)
    }

    @Test func answersBeforeTheLastDoNotCount() throws {
        let server = try Server()
        let answer = try client.send(HTTPRequest(.get, server.url + "/interim"))
        #expect(answer.status == 200)
        #expect(answer.head.headers["x-one"] == nil)
        #expect(answer.head.headers["x-two"] == nil)
        #expect(answer.head.headers["x-seen"] == "yes")
    }

    @Test func chunksAreTakenAndTrailersAreNot() throws {
        let server = try Server()
        for path in ["/chunked/whole", "/chunked/trailers"] {
            let answer = try client.send(HTTPRequest(.get, server.url + path))
            #expect(answer.body == bytes("hello"))
            #expect(answer.head.headers.fields.map(\.name) == ["Transfer-Encoding"])
        }
    }

    @Test(arguments: ["/short", "/chunked/cut", "/nothing", "/reset", "/noise"])
    func whatIsNotWholeIsBroken(path: String) throws {
        let found = try failure(at: path)
        #expect(found?.kind == "broken")
        #expect(found?.mayHaveArrived == true)
    }

    @Test(arguments: ["/long_head/lines", "/long_head/line", "/long_head/interim"])
    func aHeadThatIsTooLongIsRefused(path: String) throws {
        #expect(try failure(at: path) == .tooLong(limit: 65_536))
    }

    @Test func aBodyWithoutSinkIsBounded() throws {
        #expect(try failure(at: "/bytes/34000000") == .tooLong(limit: 33_554_432))
    }

    @Test(arguments: [301, 302, 307, 308]) func redirectsAreNotFollowed(status: Int) throws {
        let server = try Server()
        let sink = Collector()
        let answer = try client.send(HTTPRequest(.get, server.url + "/status/\(status)/5"), into: sink)
        #expect(answer.status == status)
        #expect(answer.head.headers["location"] == "/echo")
        #expect(answer.body == bytes("eeeee"))
        #expect(sink.head == nil)
    }

    @Test(arguments: [(403, 10), (404, 0), (500, 65_536), (503, 65_537), (500, 1_000_000)])
    func theBodyOfAnErrorIsKeptAndCut(status: Int, count: Int) throws {
        let server = try Server()
        let sink = Collector()
        let answer = try client.send(HTTPRequest(.get, server.url + "/status/\(status)/\(count)"), into: sink)
        #expect(answer.status == status)
        #expect(answer.body.count == min(count, HTTPAnswer.errorBodyLimit))
        #expect(sink.head == nil && sink.bytes.isEmpty)
    }

    @Test func anErrorWithoutEndHasAnEnd() throws {
        let server = try Server()
        let answer = try client.send(HTTPRequest(.get, server.url + "/endless_error"))
        #expect(answer.status == 500)
        #expect(answer.body.count == HTTPAnswer.errorBodyLimit)
        #expect(try client.send(HTTPRequest(.get, server.url + "/echo")).status == 200)
    }

    @Test func aRefusalThatComesEarlyIsHeard() throws {
        let server = try Server()
        let body = HTTPRequest.Body.bytes([UInt8](repeating: 1, count: 8 << 20))
        let answer = try client.send(HTTPRequest(.put, server.url + "/early", body: body))
        #expect(answer.status == 403)
        #expect(answer.body == bytes("no"))
    }

    @Test func aSinkCanEndATransfer() throws {
        let sink = Collector()
        sink.limit = 100_000
        #expect(try failure(at: "/bytes/3000000", into: sink) == .stopped)
        let refusing = Collector()
        refusing.refusal = .unexpected("another")
        #expect(try failure(at: "/bytes/10", into: refusing) == .unexpected("another"))
        #expect(refusing.bytes.isEmpty)
    }

    @Test func aServerThatSaysNothingStalls() throws {
        var options = HTTPClient.Options()
        options.stallLimit = .seconds(1)
        let patient = HTTPClient(options)
        let server = try Server()
        for path in ["/silent", "/stall/100000/10"] {
            let found = RegHTTPTests.failure { () throws(HTTPError) in
                try patient.send(HTTPRequest(.get, server.url + path))
            }
            #expect(found?.kind == "stalled")
            #expect(found?.mayHaveArrived == true)
        }
    }

    @Test func theWholeExchangeHasALimit() throws {
        #expect(try failure(at: "/drip", into: Collector(), limit: .milliseconds(500))?.kind == "stalled")
        // Less than what libcurl can count is not "no limit".
        #expect(try failure(at: "/silent", limit: .microseconds(10)) != nil)
    }

    /// The first connection stops after some bytes; the second brings the rest.
    @Test func asksBesideAStalledAnswer() throws {
        let server = try Server()
        let url = server.url + "/stall/1000000/300000"
        let sink = Collector()
        let hedge = HTTPHedge(after: .milliseconds(200)) {
            let range = HTTPHeaders([("Range", "bytes=\(sink.bytes.count)-")])
            return (HTTPRequest(.get, url, headers: range), sink)
        }
        let answer = try client.send(HTTPRequest(.get, url), into: sink, hedge: hedge)
        #expect(answer.status == 206)
        #expect(sink.bytes == pattern(1_000_000))
        // Both connections were given up or are good.
        #expect(try client.send(HTTPRequest(.get, server.url + "/echo")).status == 200)
    }

    @Test func theFirstOfTwoMayStillWin() throws {
        let server = try Server()
        let url = server.url + "/stall_then_break/500000/1000"
        let sink = Collector()
        let hedge = HTTPHedge(after: .milliseconds(200)) { (HTTPRequest(.get, url), Collector()) }
        let answer = try client.send(HTTPRequest(.get, url), into: sink, hedge: hedge)
        #expect(answer.status == 200)
        #expect(sink.bytes == pattern(500_000))
    }

    @Test func nobodyAsksTwiceForWhatComes() throws {
        let server = try Server()
        let hedge = HTTPHedge(after: .seconds(600)) {
            Issue.record("it was asked for")
            return nil
        }
        #expect(try client.send(HTTPRequest(.get, server.url + "/echo"), hedge: hedge).status == 200)
    }
}
