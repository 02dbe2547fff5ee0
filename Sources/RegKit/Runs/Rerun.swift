// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegCatalog
package import RegHash
package import RegLock
package import RegLog
internal import RegMetrics

/// How a run that repeats another compares with it.
package struct RerunReport: Sendable {
    package struct Output: Sendable {
        package let name: ArtifactName
        /// Nil where one of the two has no such output.
        package let old: Operation.Run.Output?
        package let new: Operation.Run.Output?

        package var isSame: Bool { old?.digest == new?.digest }
    }

    package struct Metric: Sendable {
        package let name: String
        package let old: Double?
        package let new: Double?

        package var isSame: Bool { old == new || old?.isNaN == true && new?.isNaN == true }
    }

    package let run: RunReport
    /// The run that was repeated.
    package let original: RandomName
    package let outputs: [Output]
    package let metrics: [Metric]
}

extension Session {
    /// Runs the pin and the command of a run once more and compares what comes out.
    package func rerun(_ text: String, sparesOutput: Bool) throws -> RerunReport {
        let (entry, request) = try verb {
            let entry = try runEntry(text)
            var request = RunRequest()
            let recorded = RecordedCommand(try description(of: entry))
            request.pin = entry.pin.text
            request.command = recorded.command
            request.outputs = recorded.outputs
            request.original = entry.id
            request.sparesOutput = sparesOutput
            return (entry, request)
        }
        let report = try run(request)
        return try verb {
            let before = try catalog.outputs(of: entry.id).map {
                Operation.Run.Output(name: $0.name, version: $0.number, digest: $0.digest)
            }
            let names = Set(before.map(\.name)).union(report.outputs.map(\.name)).sorted()
            let metrics = Set(entry.metrics.names).union(report.metrics.names).sorted()
            return RerunReport(
                run: report, original: entry.id,
                outputs: names.map { name in
                    RerunReport.Output(
                        name: name, old: before.first { $0.name == name },
                        new: report.outputs.first { $0.name == name })
                },
                metrics: metrics.map { name in
                    RerunReport.Metric(
                        name: name, old: entry.metrics[name]?.last, new: report.metrics[name]?.last)
                })
        }
    }
}
