// SPDX-License-Identifier: Apache-2.0
import RegHTTP
import RegJSON
import RegTesting

/// A proxy in front of a server, which makes faults (Tests/Servers/faultproxy.py).
final class FaultProxy: Sendable {
    private let process: ServerProcess
    let endpoint: String
    let control: ControlPort

    init(before server: String) throws {
        process = try ServerProcess(
            Command(
                "\(TestServer.package)/Tests/Servers/faultproxy.py", [server],
                environment: TestServer.environment, in: TestServer.package))
        let greeting = try JSON.parse(process.greeting)
        guard let endpoint = greeting["endpoint"]?.stringValue, let port = greeting["control"]?.integerValue
        else { throw ServerFailure(description: "the proxy does not say where it is") }
        self.endpoint = endpoint
        control = ControlPort(port: port)
        print("proxy: seed \(greeting["seed"]?.compact ?? "")")
    }

    /// Puts these rules in the place of all others, and forgets what has passed.
    func set(_ rules: [JSON]) throws {
        try control.send(.delete, "/rules")
        if !rules.isEmpty { try control.send(.post, "/rules", .array(rules)) }
        try forget()
    }

    /// Once nothing is on its way any more.
    func forget() throws {
        _ = try control.document("/idle?seconds=10")
        try control.send(.delete, "/log")
    }

    /// What has passed since ``set(_:)``, in the order of its beginnings.
    ///
    /// A client has its answer before the proxy notes that it has; what hangs is not waited for.
    func passed() throws -> [Passed] {
        _ = try control.document("/idle?seconds=2")
        return try control.lines("/log").map(Passed.init).sorted { $0.id < $1.id }
    }
}

/// A request that the proxy has seen.
struct Passed {
    let id: Int64
    let connection: Int64
    let method: String
    /// Path and query, as they were sent.
    let target: String
    /// The part that was asked for; nil for all.
    let range: String?
    /// Sent to the client; nil for none.
    let status: Int64?
    /// What was done to it; nil for nothing.
    let fault: String?
    /// Bytes of bodies.
    let sentByteCount: Int64
    let receivedByteCount: Int64
    /// Seconds of a clock that only runs on.
    let start: Double
    let end: Double
    let isDuplicate: Bool

    init(_ line: JSON) {
        func count(_ key: String) -> Int64 { line[key]?.integerValue ?? 0 }
        func seconds(_ key: String) -> Double { if case .number(let value)? = line[key] { value } else { 0 } }
        id = count("id")
        connection = count("connection")
        method = line["method"]?.stringValue ?? ""
        target = line["target"]?.stringValue ?? ""
        range = line["range"]?.stringValue
        status = line["status"]?.integerValue
        fault = line["do"]?.stringValue
        sentByteCount = count("request_bytes")
        receivedByteCount = count("response_bytes")
        start = seconds("start")
        end = seconds("end")
        isDuplicate = line["duplicate_of"]?.integerValue != nil
    }

    /// What one retries together.
    var operation: String { "\(method) \(target)" }
}
