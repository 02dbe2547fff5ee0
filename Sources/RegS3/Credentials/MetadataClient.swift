// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import RegBytes
internal import RegFiles
internal import RegHTTP

/// Requests to the services of the machine that reg runs on: they answer soon or not at all, and without a proxy.
struct MetadataClient: Sendable {
    /// How long all requests of a search may take together; it ends within 3 seconds.
    static let budget = Duration.milliseconds(2700)
    private static let bodyLimit = 64 << 10

    private let client: HTTPClient

    init() {
        var options = HTTPClient.Options()
        options.connectLimit = .seconds(1)
        client = HTTPClient(options)
    }

    struct Answer {
        let status: Int
        let body: [UInt8]
    }

    /// Sends a request, at most `tries` times as long as there is no answer, or none but "come back later".
    ///
    /// - Throws: one line that says what happened, as it reads after a colon.
    func send(
        _ method: HTTPRequest.Method, _ url: String, headers: [(String, String)] = [], tries: Int,
        limit: Duration, until deadline: ContinuousClock.Instant
    ) throws(CredentialError) -> Answer {
        var last = CredentialError("it did not answer in time")
        for number in 1...tries {
            let rest = min(limit, deadline - .now)
            guard rest > .zero else { break }
            var request = HTTPRequest(method, url, headers: HTTPHeaders(headers), limit: rest)
            request.usesProxy = false
            request.reusesConnection = number == 1
            do throws(HTTPError) {
                let answer = try send(request)
                if answer.status < 500, answer.status != 429 { return answer }
                last = CredentialError("it answers with status \(answer.status)")
            } catch {
                last = CredentialError(error.reason)
                if error.isFinal { break }
            }
            // What refuses at once may still be starting.
            if number < tries { usleep(100_000) }
        }
        throw last
    }

    private func send(_ request: HTTPRequest) throws(HTTPError) -> Answer {
        let body = WholeObject(limit: MetadataClient.bodyLimit)
        let answer = try client.send(request, into: body)
        return Answer(status: answer.status, body: answer.head.isSuccess ? body.bytes : answer.body)
    }
}

extension HTTPError {
    /// One printable line, as it reads after a colon.
    var reason: String {
        switch self {
        case .unusable(let reason), .malformed(let reason), .unreachable(let reason), .untrusted(let reason),
            .broken(let reason), .unexpected(let reason):
            printable(reason)
        case .stalled: "it did not answer in time"
        case .tooLong(let limit): "the answer is longer than \(limit) bytes"
        case .file(let error): error.message
        case .stopped: "it was stopped"
        }
    }

    /// Whether the same request would end so again.
    var isFinal: Bool {
        switch self {
        case .unusable, .malformed, .untrusted, .tooLong, .file, .stopped: true
        case .unreachable, .broken, .stalled, .unexpected: false
        }
    }
}
