// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegCatalog
internal import RegFiles
internal import RegLock
internal import RegLog
internal import RegMetrics

extension Session {
    /// What `--metrics` says of the one artifact that is pushed.
    func metrics(of request: PushRequest, lock: Lock) throws -> Metrics? {
        guard let path = request.metrics else { return nil }
        let count = request.arguments.isEmpty ? lock.entries.count : request.arguments.count
        guard count == 1 else {
            throw RegError(
                .usage, "--metrics says what one artifact measures, and \(count) would be pushed",
                hint: "name one: reg push NAME --metrics FILE")
        }
        return try readMetrics(absolute(path, from: options.directory))
    }

    /// The statement on a candidate, by what the log says now; nil where it says the same already.
    func measure(
        of candidate: PushCandidate, _ push: Operation.Push?, _ metrics: Metrics
    ) throws -> Operation.Measure? {
        if let push { return Operation.Measure(name: push.name, version: push.version, metrics: metrics) }
        guard let version = try catalog.version(of: candidate.name, digest: candidate.digest),
            try catalog.measure(of: version.name, version: version.number)?.metrics != metrics
        else { return nil }
        return Operation.Measure(name: version.name, version: version.number, metrics: metrics)
    }

    func notes(_ metrics: Metrics) -> [String] {
        let names = metrics.names.filter { metrics[$0]?.last.isNaN ?? false }
        if names.isEmpty { return [] }
        let shown = names.prefix(5).map { printable($0) }.joined(separator: ", ")
        return ["NaN, which meets no condition of a gate: \(shown)\(names.count > 5 ? ", …" : "")"]
    }
}
