// SPDX-License-Identifier: Apache-2.0
package import RegCatalog
package import RegHash
package import RegLock
package import RegLog
package import RegMetrics
package import RegPin

/// Where a version comes from, and what became of it.
package struct WhyReport: Sendable {
    /// Who made a record, and when.
    package struct Maker: Equatable, Sendable {
        package let record: UInt64
        package let author: String
        package let time: String
    }

    /// What a run had as input.
    package struct Input: Sendable {
        package let name: ArtifactName
        package let digest: Digest
        /// Nil where the log has none, which no pin can say.
        package let version: Version?
        package let maker: Maker?
        /// The run that wrote it; nil where it was pushed.
        package let run: RandomName?
    }

    /// The run that wrote the version.
    package struct Origin: Sendable {
        package let run: RunEntry
        package let maker: Maker
        package let pin: Pin
        package let inputs: [Input]
    }

    package let version: Version
    package let maker: Maker
    /// The aliases that hold it now.
    package let aliases: [Alias]
    /// Commits whose set holds it, newest record first.
    package let commits: [String]
    package let origin: Origin?
    /// What counts of what was measured.
    package let measured: Measured?
    /// What was stated last, and by whom.
    package let statement: (metrics: Metrics, maker: Maker)?
    /// Moves of aliases to it, newest first.
    package let promotions: [Promotion]
}

extension Session {
    /// Which run, commit and data made a version, what was measured of it, and which aliases moved to it.
    package func why(_ reference: String) throws -> WhyReport {
        try verb {
            let version = try pushedVersion(reference)
            let aliases = try catalog.aliases(of: version.name)
            let moves = try aliases.flatMap { try catalog.promotions(of: $0.alias, name: version.name) }
            let statement = try catalog.measure(of: version.name, version: version.number)
            return WhyReport(
                version: version, maker: try maker(of: version.record),
                aliases: aliases.filter { $0.version == version.number }.map(\.alias),
                commits: try catalog.commits(with: version.name, digest: version.digest),
                origin: try runThatWrote(version).map { try origin($0) },
                measured: try measured(version, on: []),
                statement: try statement.map { ($0.metrics, try maker(of: $0.record)) },
                promotions: moves.filter { $0.to == version.number }.sorted { $0.record > $1.record })
        }
    }

    private func maker(of record: UInt64) throws -> WhyReport.Maker {
        let made = try catalog.record(record)
        return WhyReport.Maker(record: record, author: made?.author ?? "", time: made?.time ?? "")
    }

    /// The run whose record made a version, else the first one that came to the same.
    private func runThatWrote(_ version: Version) throws -> RunEntry? {
        let runs = try catalog.runs(writing: version)
        return runs.first { $0.record == version.record } ?? runs.last
    }

    private func origin(_ run: RunEntry) throws -> WhyReport.Origin {
        guard let pin = try catalog.pin(run.pin) else {
            throw RegError(.internalError, "the pin of run-\(run.id.hex) is not in the catalog")
        }
        let inputs = try pin.lock.entries.compactMap { entry -> WhyReport.Input? in
            guard case .stored(let digest, _, _) = entry.content else { return nil }
            let version = try catalog.version(of: entry.name, digest: digest)
            return WhyReport.Input(
                name: entry.name, digest: digest, version: version,
                maker: try version.map { try maker(of: $0.record) },
                run: try version.flatMap { try runThatWrote($0)?.id })
        }
        return WhyReport.Origin(run: run, maker: try maker(of: run.record), pin: pin, inputs: inputs)
    }
}
