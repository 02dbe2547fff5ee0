// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegDiff
internal import RegManifest

/// Compares files of metrics that differ, by names.
struct MetricComparison {
    private let fetcher: ChunkFetcher
    private(set) var metrics: [DiffReport.Metric] = []
    private(set) var unchangedCount: UInt64 = 0
    private var failures = ContentFailures()

    init(library: ManifestLibrary, session: Session) {
        fetcher = ChunkFetcher(library.copies, session: session)
    }

    var notes: [String] { failures.notes }

    /// Compares what both sides have in a file; a side may lack it.
    mutating func compare(_ change: DiffFileChange) throws {
        let (old, new): (MetricFile?, MetricFile?)
        do {
            old = try change.old.flatMap(read)
            new = try change.new.flatMap(read)
        } catch let error as ContentError {
            failures.add(change.subject, "metrics", error.reason)
            return
        }
        let found = MetricFile.differences(from: old, to: new)
        metrics += found.differences.map {
            DiffReport.Metric(artifact: change.artifact, file: change.path, difference: $0)
        }
        unchangedCount += found.unchangedCount
    }

    private func read(_ file: DiffFile) throws -> MetricFile? {
        try file.stream(fetcher).map { try MetricFile.read($0) }
    }
}
