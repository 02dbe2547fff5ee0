// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegDiff
internal import RegJSON
internal import RegManifest
internal import RegTensor

/// Compares configs that differ, key by key.
struct ConfigComparison {
    /// More configs are data, not settings: the others are compared as files.
    private static let fileLimit = 1_000

    private let fetcher: ChunkFetcher
    private var fileCount = 0
    private(set) var changes: [DiffReport.ConfigChange] = []
    private var failures = ContentFailures()

    init(library: ManifestLibrary, session: Session) {
        fetcher = ChunkFetcher(library.copies, session: session)
    }

    var notes: [String] {
        let limit = ConfigComparison.fileLimit
        return failures.notes
            + (fileCount > limit ? ["only the first \(limit) configs were compared key by key"] : [])
    }

    /// Whether a file is a config, by its name and its size.
    static func isConfig(_ row: TreeRow) -> Bool {
        ConfigFormat(row.path) != nil && row.byteCount <= UInt64(ConfigFormat.byteLimit)
    }

    /// Compares two files where both are configs.
    mutating func compare(_ pair: DiffFilePair) throws {
        guard ConfigComparison.isConfig(pair.old.row.row), ConfigComparison.isConfig(pair.new.row.row) else {
            return
        }
        fileCount += 1
        guard fileCount <= ConfigComparison.fileLimit else { return }
        guard let old = try read(pair.old), let new = try read(pair.new) else { return }
        changes += ConfigDifference.between(old, new).map {
            DiffReport.ConfigChange(artifact: pair.artifact, file: pair.path, difference: $0)
        }
    }

    /// What a config says; nil, and a note, where it is not sound.
    private mutating func read(_ file: DiffFile) throws -> JSON? {
        guard let format = ConfigFormat(file.row.row.path), let bytes = try file.open() else { return nil }
        let content = try bytes.file(fetcher, subject: file.subject).read([0..<file.row.row.byteCount])
        do { return try format.read(content.first ?? []) } catch {
            failures.add(file.subject, format.rawValue, error.reason)
            return nil
        }
    }
}
