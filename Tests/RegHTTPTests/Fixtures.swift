// SPDX-License-Identifier: Apache-2.0
import Glibc
import RegBytes
import RegHTTP
import RegJSON
import RegTesting

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

/// `server.py`, started.
struct Server {
    private let process: ServerProcess
    let url: String

    /// Speaks TLS where it is given a certificate and its key.
    init(certificate: (file: String, key: String)? = nil) throws {
        let script = BytePath(#filePath).parent.appending("server.py").lossy
        let arguments = certificate.map { [$0.file, $0.key] } ?? []
        process = try ServerProcess(
            Command(
                "/usr/bin/env", ["python3", "-B", script] + arguments,
                environment: ["PATH": getenv("PATH").map { String(cString: $0) } ?? "/usr/bin"], in: "/"))
        let scheme = certificate == nil ? "http" : "https"
        url = "\(scheme)://127.0.0.1:\(String(decoding: process.greeting, as: UTF8.self))"
    }
}

/// What the server tells of the request that it got.
struct Echo {
    let json: JSON

    init(_ answer: HTTPAnswer) throws { json = try JSON.parse(answer.body) }

    var method: String? { json["method"]?.stringValue }
    var connection: Int64? { json["connection"]?.integerValue }
    var length: Int64? { json["length"]?.integerValue }
    var hash: String? { json["hash"]?.stringValue }
    var headers: [String] { json["headers"]?.arrayValue?.compactMap(\.stringValue) ?? [] }
}

/// The resource /bytes of the server.
func pattern(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 * 7 + ($0 >> 8)) } }

/// Keeps what comes, behind what came before.
final class Collector: HTTPSink {
    private(set) var head: HTTPHead?
    private(set) var bytes: [UInt8] = []
    /// Throws after that many bytes.
    var limit = Int.max
    var refusal: HTTPError?

    func begin(_ head: HTTPHead) throws(HTTPError) {
        self.head = head
        if let refusal { throw refusal }
    }

    func take(_ bytes: UnsafeRawBufferPointer) throws(HTTPError) {
        self.bytes += bytes
        if self.bytes.count > limit { throw .stopped }
    }
}

/// What a request fails with; nil where it does not.
func failure(_ send: () throws(HTTPError) -> HTTPAnswer) -> HTTPError? {
    do throws(HTTPError) { _ = try send() } catch { return error }
    return nil
}

extension HTTPError {
    /// The case without what it carries.
    var kind: String { String("\(self)".prefix { $0 != "(" }) }
}
