// SPDX-License-Identifier: Apache-2.0
import RegHTTP
import RegJSON
import RegTesting

/// The port by which the emulator and the proxy are told what to do: JSON over HTTP.
struct ControlPort: Sendable {
    let port: Int64
    private let http = HTTPClient()

    init(port: Int64) { self.port = port }

    @discardableResult
    func send(_ method: HTTPRequest.Method, _ path: String, _ body: JSON? = nil) throws -> [UInt8] {
        let bytes = body.map { HTTPRequest.Body.bytes(Array($0.compact.utf8)) } ?? .none
        let answer = try http.send(HTTPRequest(method, "http://127.0.0.1:\(port)\(path)", body: bytes))
        guard answer.status == 200 else {
            throw ServerFailure(description: "\(path): \(String(decoding: answer.body, as: UTF8.self))")
        }
        return answer.body
    }

    func document(_ path: String) throws -> JSON { try JSON.parse(try send(.get, path)) }

    /// Of an answer in lines, one document each.
    func lines(_ path: String, _ body: JSON? = nil) throws -> [JSON] {
        try send(body == nil ? .get : .post, path, body).split(separator: UInt8(ascii: "\n")).map {
            try JSON.parse(Array($0))
        }
    }
}
