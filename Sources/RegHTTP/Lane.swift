// SPDX-License-Identifier: Apache-2.0
internal import CCurl

/// A libcurl multi handle with the connections it keeps; used by one thread at a time.
final class Lane: @unchecked Sendable {  // handed from thread to thread by the client's monitor
    private let multi: UnsafeMutableRawPointer
    private var idle: [Exchange] = []

    init() throws(HTTPError) {
        if let problem = reg_curl_load() {
            throw .unusable("libcurl cannot be loaded: \(String(cString: problem))")
        }
        guard let multi = reg_multi_init() else { throw .unusable("libcurl has no memory") }
        self.multi = multi
    }

    deinit {
        idle = []
        reg_multi_cleanup(multi)
    }

    func send(
        _ request: HTTPRequest, into sink: (any HTTPSink)?, hedge: HTTPHedge?, _ options: HTTPClient.Options
    ) throws(HTTPError) -> HTTPAnswer {
        var running = [try start(request, into: sink, options)]
        defer { for exchange in running { stop(exchange) } }
        var hedge = hedge
        while true {
            try perform(until: hedge.map { deadline(of: running, $0) })
            while let (ended, code) = nextEnded(of: running) {
                let result = ended.result(code)
                stop(ended)
                running.removeAll { $0 === ended }
                switch result {
                case .success(let answer): return answer
                case .failure(let error):
                    // One of two that breaks leaves the other.
                    guard error.isOfTheConnection, !running.isEmpty else { throw error }
                }
            }
            guard let plan = hedge, deadline(of: running, plan) <= .now else { continue }
            hedge = nil
            if let (request, sink) = plan.request() {
                running.append(try start(request, into: sink, options))
            }
        }
    }

    private func deadline(of running: [Exchange], _ hedge: HTTPHedge) -> ContinuousClock.Instant {
        (running.first?.lastArrival ?? .now) + hedge.delay
    }

    private func start(
        _ request: HTTPRequest, into sink: (any HTTPSink)?, _ options: HTTPClient.Options
    ) throws(HTTPError) -> Exchange {
        let exchange: Exchange
        if let known = idle.popLast() { exchange = known } else { exchange = try Exchange() }
        do throws(HTTPError) { try exchange.prepare(request, into: sink, options) } catch {
            exchange.clear()
            idle.append(exchange)
            throw error
        }
        guard reg_multi_add(multi, exchange.easy) == CURLM_OK else {
            throw .unusable("libcurl takes no transfer")
        }
        return exchange
    }

    private func stop(_ exchange: Exchange) {
        reg_multi_remove(multi, exchange.easy)
        exchange.clear()
        idle.append(exchange)
    }

    /// Lets transfers go on until one has ended, something has moved, or `deadline`.
    private func perform(until deadline: ContinuousClock.Instant?) throws(HTTPError) {
        var count: Int32 = 0
        let code = reg_multi_perform(multi, &count)
        guard code == CURLM_OK else {
            throw .unusable("libcurl: error \(code.rawValue) of the multi interface")
        }
        if count == 0 { return }
        let wait = deadline.map { max(.zero, min($0 - .now, .seconds(1))) } ?? .seconds(1)
        _ = reg_multi_poll(multi, Int32(wait / .milliseconds(1)) + 1)
    }

    private func nextEnded(of running: [Exchange]) -> (Exchange, CURLcode)? {
        var code = CURLE_OK
        guard let easy = reg_multi_next_ended(multi, &code) else { return nil }
        return running.first { $0.easy == easy }.map { ($0, code) }
    }
}

extension HTTPError {
    /// Whether another connection may do better.
    fileprivate var isOfTheConnection: Bool {
        switch self {
        case .broken, .stalled, .unreachable, .unexpected: true
        case .unusable, .malformed, .untrusted, .tooLong, .file, .stopped: false
        }
    }
}
