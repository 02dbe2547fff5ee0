// SPDX-License-Identifier: Apache-2.0
internal import RegHTTP

/// One request to a bucket, before it is signed; it may be sent several times.
struct S3Request {
    var method: HTTPRequest.Method
    /// The whole key; nil for the bucket itself.
    var key: String?
    var query: [(name: String, value: String)] = []
    var headers = HTTPHeaders()
    var body = HTTPRequest.Body.none
    /// What of the object is wanted, for each attempt anew: from the first byte that is missing to the last.
    var range: (() -> ClosedRange<UInt64>)?
    /// The SHA-256 of the body, in hex.
    var bodyHash = S3Request.emptyHash
    /// What it does, as it reads after "cannot": `read packs/…`.
    var purpose: String
    /// The longest that one attempt may take; nil for as long as bytes flow.
    var limit: Duration?
    var reusesConnection = true
    /// Whether the caller goes on in another way when the connection breaks.
    var givesUpWhenCut = false
    /// Statuses beside those of success that are an answer to the caller.
    var answers: Set<Int> = []
    /// Takes the body of a success, for each attempt anew.
    var sink: (() -> any HTTPSink)?
    var hedge: ((_ attempt: S3Attempt) -> HTTPHedge)?
    /// Whether a success has brought all that it was to bring; without a length a cut answer looks like a whole one.
    var isWhole: (HTTPHead) -> Bool
    /// Whether all that was asked for has come, also where the connection broke after it.
    var isDone: () -> Bool = { false }
    /// Whether something of what was asked for has come since the last attempt.
    var hasAdvanced: () -> Bool = { false }

    /// For small objects and questions.
    static let shortLimit: Duration = .seconds(60)

    /// The SHA-256 of nothing.
    static let emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    init(_ method: HTTPRequest.Method, _ key: String?, purpose: String) {
        self.method = method
        self.key = key
        self.purpose = purpose
        isWhole = { head in
            method != .get || head.headers["content-length"] != nil
                || head.headers["transfer-encoding"] != nil
        }
    }
}

/// Signs the requests of one attempt.
struct S3Attempt {
    let sign: (S3Request) -> HTTPRequest
}

/// An answer that the caller asked for.
struct S3Answer {
    let http: HTTPAnswer
    /// Whether an earlier attempt ended without an answer, so that the server may have carried it out.
    let mayBeRepeated: Bool

    var status: Int { http.status }
}
