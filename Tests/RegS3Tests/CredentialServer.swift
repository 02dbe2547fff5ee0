// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegHTTP
import RegJSON
import RegProcess
import RegTesting

/// The services that hand out credentials, played by `credential_server.py`.
struct CredentialServer {
    private let process: ServerProcess
    let url: String

    /// `mode` is how the metadata service for instances behaves.
    init(_ mode: String = "good") throws {
        let script = BytePath(#filePath).parent.appending("credential_server.py").lossy
        process = try ServerProcess(
            Command(
                "/usr/bin/env", ["python3", "-B", script, mode],
                environment: [
                    "PATH": ProcessEnvironment.inherited["PATH"].map { String(decoding: $0, as: UTF8.self) }
                        ?? ""
                ],
                in: "/"))
        url = "http://127.0.0.1:\(String(decoding: process.greeting, as: UTF8.self))"
    }

    /// What it was asked: `METHOD path` each.
    func requests() throws -> [String] {
        try log().map { "\($0["method"]?.stringValue ?? "") \($0["path"]?.stringValue ?? "")" }
    }

    /// Everything that it was asked.
    func log() throws -> [JSON] {
        let answer = try HTTPClient().send(HTTPRequest(.get, url + "/requests"))
        return try JSON.parse(answer.body).arrayValue ?? []
    }
}
