// SPDX-License-Identifier: Apache-2.0
internal import CCurl
internal import RegJobs

/// Sends requests over libcurl and blocks until they are answered; any number of threads at a time.
///
/// Connections stay open for later requests. Redirects are never followed, certificates always checked, nothing is
/// decoded, no credentials come from anywhere else.
package final class HTTPClient: Sendable {
    package struct Options: Sendable {
        package var userAgent = "reg"
        /// A file of certificates to trust, instead of the system's.
        package var certificateFile: String?
        package var connectLimit: Duration = .seconds(10)
        /// How long less than 1 KiB a second may flow.
        package var stallLimit: Duration = .seconds(60)

        package init() {}
    }

    let options: Options
    /// Those that nobody uses; the one used last is taken first, since its connection is most likely open.
    private let idle = Monitor<[Lane]>([])

    package init(_ options: Options = Options()) { self.options = options }

    /// Sends `request`; the body of a success goes to `sink`, where there is one.
    package func send(
        _ request: HTTPRequest, into sink: (any HTTPSink)? = nil, hedge: HTTPHedge? = nil
    ) throws(HTTPError) -> HTTPAnswer {
        let lane: Lane
        if let known = idle.with({ $0.popLast() }) { lane = known } else { lane = try Lane() }
        defer { idle.with { $0.append(lane) } }
        return try lane.send(request, into: sink, hedge: hedge, options)
    }
}
