// SPDX-License-Identifier: Apache-2.0
package import RegFiles

/// One request, to be sent as it is: the URL is encoded, the headers are signed.
package struct HTTPRequest: Sendable {
    package enum Method: String, Sendable {
        case get = "GET"
        case head = "HEAD"
        case put = "PUT"
        case post = "POST"
        case delete = "DELETE"
    }

    package enum Body: Sendable {
        case none
        case bytes([UInt8])
        /// `byteCount` bytes of a file, from `offset` on.
        case file(Descriptor, offset: UInt64, byteCount: UInt64)

        package var byteCount: UInt64 {
            switch self {
            case .none: 0
            case .bytes(let bytes): UInt64(bytes.count)
            case .file(_, _, let byteCount): byteCount
            }
        }
    }

    package var method: Method
    package var url: String
    package var headers: HTTPHeaders
    package var body: Body
    /// The longest that the whole exchange may take; nil for as long as bytes flow.
    package var limit: Duration?
    /// Whether an open connection may be used; false after an answer that was damaged on its way.
    package var reusesConnection = true
    /// Told of bytes of the body that went.
    package var onSent: (@Sendable (UInt64) -> Void)?
    /// Whether a proxy of the environment (`HTTPS_PROXY`) is used.
    package var usesProxy = true

    package init(
        _ method: Method, _ url: String, headers: HTTPHeaders = HTTPHeaders(), body: Body = .none,
        limit: Duration? = nil
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.limit = limit
    }
}

/// The headers of a request or an answer, in order; names are compared without case.
package struct HTTPHeaders: Equatable, Sendable {
    package private(set) var fields: [(name: String, value: String)] = []

    package init() {}

    package init(_ fields: [(String, String)]) { self.fields = fields.map { ($0.0, $0.1) } }

    package mutating func add(_ name: String, _ value: String) { fields.append((name, value)) }

    package subscript(_ name: String) -> String? {
        let wanted = name.lowercased()
        return fields.first { $0.name.lowercased() == wanted }?.value
    }

    package static func == (one: HTTPHeaders, other: HTTPHeaders) -> Bool {
        one.fields.elementsEqual(other.fields) { $0 == $1 }
    }
}

/// How a server answered, before the body.
package struct HTTPHead: Equatable, Sendable {
    package var status: Int
    package var headers: HTTPHeaders

    package init(status: Int, headers: HTTPHeaders) {
        self.status = status
        self.headers = headers
    }

    package var isSuccess: Bool { (200..<300).contains(status) }
}

/// An answer; the body of a success is here only where no sink took it, that of an error is cut at 64 KiB.
package struct HTTPAnswer: Sendable {
    package var head: HTTPHead
    package var body: [UInt8]

    package var status: Int { head.status }

    package init(head: HTTPHead, body: [UInt8]) {
        self.head = head
        self.body = body
    }

    /// The most of an error's body that is kept, in bytes.
    package static let errorBodyLimit = 64 << 10
}

/// Takes the body of a success, as it comes.
package protocol HTTPSink: AnyObject {
    /// Called before the first byte; throws where such an answer is not wanted.
    func begin(_ head: HTTPHead) throws(HTTPError)
    func take(_ bytes: UnsafeRawBufferPointer) throws(HTTPError)
}

/// Why there is no answer, or no whole one.
package enum HTTPError: Error, Equatable {
    /// libcurl cannot be loaded, or refuses to work.
    case unusable(String)
    /// The URL or a header is none.
    case malformed(String)
    /// No connection: nothing was sent.
    case unreachable(String)
    /// The server is not who it should be.
    case untrusted(String)
    /// The connection broke, or the answer is not whole or no HTTP; the request may have been carried out.
    case broken(String)
    /// For too long nothing came or went; the request may have been carried out.
    case stalled(String)
    /// The answer is longer than was asked for or allowed.
    case tooLong(limit: UInt64)
    /// The answer is not the one that was asked for.
    case unexpected(String)
    /// The file that was to be sent, or to take the answer.
    case file(FileError)
    /// Whoever takes the bytes wants no more.
    case stopped

    /// Whether the server may have done what it was asked.
    package var mayHaveArrived: Bool {
        switch self {
        case .broken, .stalled, .tooLong, .unexpected: true
        case .unusable, .malformed, .unreachable, .untrusted, .file, .stopped: false
        }
    }
}

/// A second request for the rest of an answer that does not come.
package struct HTTPHedge {
    /// How long nothing has come.
    package let delay: Duration
    /// The request to send beside the first, and who takes its answer; nil for none.
    ///
    /// Called once.
    package let request: () -> (HTTPRequest, any HTTPSink)?

    package init(after delay: Duration, _ request: @escaping () -> (HTTPRequest, any HTTPSink)?) {
        self.delay = delay
        self.request = request
    }
}
