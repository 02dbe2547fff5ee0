// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegHash
internal import RegJSON
internal import RegKit
internal import RegLock

/// What was pulled, or would be.
struct PullAnswer: Answer {
    let report: PullReport
    let isDryRun: Bool

    var json: JSON {
        [
            "artifacts": .array(report.artifacts.map { .object(members($0)) }),
            "requests": .count(report.requestCount), "retries": .count(report.retryCount),
            "dry_run": .bool(isDryRun), "kept": .bool(report.isKept), "notes": .texts(notes),
        ]
    }

    private func members(_ artifact: PullReport.Artifact) -> JSONObject {
        var members: JSONObject = [
            "name": .string(artifact.name.text), "version": .count(artifact.version),
            "digest": .digest(artifact.digest),
        ]
        members.setPath("path", artifact.path)
        members["bytes"] = .count(artifact.byteCount)
        members["files"] = .count(artifact.fileCount)
        members["fetched_bytes"] = .count(artifact.fetchedByteCount)
        members["kept_bytes"] = .count(artifact.keptByteCount)
        members["written_files"] = .count(artifact.writtenFileCount)
        members["removed_files"] = .count(artifact.removedFileCount)
        members["absent_files"] = .count(artifact.absentFileCount)
        members["tensors"] = .count(artifact.tensorCount)
        // Whole files are checked before they get their names, tensors chunk by chunk; a dry run checks nothing.
        members["verified"] = isDryRun ? .null : artifact.tensorCount == nil ? "file" : "chunks"
        return members
    }

    func lines(_ style: TextStyle) -> [String] {
        if report.isKept { return [style.paint("kept", .warning) + ": nothing was pulled"] }
        guard !report.artifacts.isEmpty else { return ["nothing to pull"] }
        let rows = Table(
            "NAME", "VERSION", .right("SIZE"), .right("FILES"), .right("WRITTEN"), .right("REMOVED"),
            .right("ABSENT"), .right("FETCHED"), "DIGEST", "PATH",
            rows: report.artifacts.map { row($0, style) })
        return rows.lines(style) + [total(style)]
    }

    private func row(_ artifact: PullReport.Artifact, _ style: TextStyle) -> [Table.Cell] {
        func unlessNone(_ count: UInt64) -> Table.Cell { .init(count == 0 ? "" : "\(count)") }
        return [
            .init(artifact.name.text, .bold), .init(artifact.version.map { "v\($0)" } ?? ""),
            .init(sizeText(artifact.byteCount)), .init("\(artifact.fileCount)"),
            .init("\(artifact.writtenFileCount)"), unlessNone(artifact.removedFileCount),
            unlessNone(artifact.absentFileCount),
            .init(sizeText(artifact.fetchedByteCount)), .init(style.digest(artifact.digest), .dim),
            .init(printable(artifact.path)),
        ]
    }

    private func total(_ style: TextStyle) -> String {
        let files = report.artifacts.map(\.writtenFileCount).reduce(0, +)
        let bytes = report.artifacts.map(\.fetchedByteCount).reduce(0, +)
        let tensors = report.artifacts.compactMap(\.tensorCount).reduce(0, +)
        let content = tensors > 0 ? "\(countText(tensors, "tensor")) in " : ""
        let amount = "\(content)\(countText(files, "file")), \(sizeText(bytes)) fetched"
        let requests =
            style.isVerbose || report.retryCount > 0
            ? " in \(trafficText(requests: report.requestCount, retries: report.retryCount))" : ""
        if isDryRun { return "dry run: would write \(countText(files, "file")), fetching \(sizeText(bytes))" }
        return style.paint("pulled and verified", .good) + ": \(amount)\(requests)"
    }

    var notes: [String] { report.notes }

    var isConfirmation: Bool { !isDryRun }
}
