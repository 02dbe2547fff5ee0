// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegHash
internal import RegJSON
internal import RegKit

extension DiffReport: Answer {
    var json: JSON {
        [
            "old": .string(old), "new": .string(new), "differs": .bool(hasDifferences),
            "artifacts": .array(artifacts.map { .object($0.members) }),
            "commits": commits.map(\.json) ?? .null, "files": .array(files.map { .object($0.members) }),
            "bytes": ["shared": .count(sharedByteCount), "to_fetch": .count(byteCountToFetch)],
            "tensors": .array(tensors.map { .object($0.members) }),
            "config": .array(configs.map { .object($0.members) }),
            "annotations": .array(annotations.map { .object($0.members) }),
            "datasets": .array(datasets.map(\.json)),
            "metrics": .array(metrics.map { .object($0.members) }),
            "unchanged": [
                "artifacts": .count(UInt64(unchangedArtifactCount)), "files": .count(unchangedFileCount),
                "tensors": .count(unchangedTensorCount),
                "metrics": .count(unchangedMetricCount),
            ],
            "notes": .texts(notes),
        ]
    }

    func lines(_ style: TextStyle) -> [String] {
        let title = "\(style.paint(printable(old), .bold)) to \(style.paint(printable(new), .bold))"
        guard hasDifferences else {
            return [
                title + ": " + style.paint("no differences", .good)
                    + " in \(countText(unchangedFileCount, "file"))"
            ] + withoutLastEmpty([""] + commitLines(style))
        }
        return [title + ": " + summary, ""] + artifactLines(style) + commitLines(style) + fileLines(style)
            + datasetLines(style) + tensorLines(style) + configLines(style) + annotationLines(style)
            + metricLines(style)
    }

    var summary: String {
        let counts = File.Status.all.compactMap { status -> String? in
            let count = files.count { $0.status == status }
            return count == 0 ? nil : "\(count) \(status.rawValue)"
        }
        let unchanged = unchangedFileCount == 0 ? [] : ["\(unchangedFileCount) unchanged"]
        let bytes = "\(sizeText(sharedByteCount)) shared, \(sizeText(byteCountToFetch)) to fetch"
        let isOne = artifacts.count == 1
        let sets = isOfSets ? ["\(artifacts.count) of \(artifactCount) differ\(isOne ? "s" : "")"] : []
        return (sets + counts + unchanged).joined(separator: ", ") + "; " + bytes
    }

    private var artifactCount: String { countText(artifacts.count + unchangedArtifactCount, "artifact") }

    private func withoutLastEmpty(_ lines: [String]) -> [String] {
        lines.last?.isEmpty == true ? lines.dropLast() : lines
    }

    /// The files of each artifact; of many, the first few, unless more is asked for.
    private func fileLines(_ style: TextStyle) -> [String] {
        let limit = style.isVerbose ? files.count : 40
        let shown = files.prefix(limit)
        let isOne = Set(files.map(\.artifact)).count < 2
        let rows = shown.map { $0.row(style, withArtifact: !isOne) }
        let rest = files.count - shown.count
        return Table("", "", .right(""), "", .right(""), "", rows: rows).lines(style)
            + (rest > 0 ? ["and \(rest) more; -v lists all"] : [])
    }
}

extension DiffReport.File {
    fileprivate var members: JSONObject {
        var members: JSONObject = ["artifact": .string(artifact)]
        members.setPath("path", path)
        members["status"] = .string(status.rawValue)
        if let formerPath { members.setPath("from", formerPath) } else { members["from"] = .null }
        members["old"] = old.map { .object($0.content) } ?? .null
        members["new"] = new.map { .object($0.content) } ?? .null
        return members
    }

    fileprivate func row(_ style: TextStyle, withArtifact: Bool) -> [Table.Cell] {
        let paint: TextStyle.Paint =
            switch status {
            case .added: .good
            case .removed: .bad
            case .changed: .warning
            case .renamed: .plain
            }
        let isResized = old?.byteCount != new?.byteCount && old != nil && new != nil
        return [
            .init("  " + status.rawValue, paint), .init(withArtifact ? artifact : "", .bold),
            .init(size(isResized ? old : nil)), .init(isResized ? "to" : "", .dim), .init(size(new ?? old)),
            .init(printable(path) + (remarks.isEmpty ? "" : " (\(remarks))")),
        ]
    }

    private func size(_ file: ShowReport.File?) -> String {
        guard let file, case .file = file.kind else { return "" }
        return sizeText(file.byteCount)
    }

    /// What the columns do not say.
    var remarks: String {
        var remarks = formerPath.map { ["from \(printable($0))"] } ?? []
        switch (old?.kind, new?.kind) {
        case (.file(let before, let wasExecutable)?, .file(let after, let isExecutable)?):
            if wasExecutable != isExecutable {
                let change = isExecutable ? "now executable" : "no longer executable"
                remarks.append(before == after ? change + ", same bytes" : change)
            }
        case (_, .symlink(let target)?): remarks.append("-> \(printable(target))")
        case (nil, .emptyDirectory?), (.emptyDirectory?, nil): remarks.append("an empty directory")
        case (let before?, let after?): remarks.append("\(before.word), now \(after.word)")
        default: break
        }
        return remarks.joined(separator: "; ")
    }
}

extension ShowReport.Kind {
    fileprivate var word: String {
        switch self {
        case .file: "a file"
        case .emptyDirectory: "an empty directory"
        case .symlink: "a symlink"
        }
    }
}
