// SPDX-License-Identifier: Apache-2.0
internal import RegCatalog
package import RegHash
internal import RegLock
package import RegMetrics

/// What was measured of a version, and where that is from.
package struct Measured: Sendable {
    package enum Source: Equatable, Sendable {
        case run(RandomName)
        /// Somebody stated it.
        case statement
    }

    package let metrics: Metrics
    package let source: Source
    package let record: UInt64
}

extension Session {
    /// What counts of a version: the newest of what successful runs measured that wrote it or had it as input, and of what was
    /// stated.
    ///
    /// `datasets`: what a run must have had as input besides; a statement then counts for nothing.
    func measured(
        _ version: Version, on datasets: [(name: ArtifactName, digest: Digest)]
    ) throws -> Measured? {
        let run = try catalog.newestRun(measuring: version, on: datasets).map {
            Measured(metrics: $0.metrics, source: .run($0.id), record: $0.record)
        }
        if !datasets.isEmpty { return run }
        let statement = try catalog.measure(of: version.name, version: version.number).map {
            Measured(metrics: $0.metrics, source: .statement, record: $0.record)
        }
        // Both from one record: what the run measured itself.
        guard let run, let statement else { return run ?? statement }
        return statement.record > run.record ? statement : run
    }
}
