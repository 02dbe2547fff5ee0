// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegJSON
internal import RegKit

extension DiffReport.Dataset {
    var json: JSON {
        [
            "artifact": .string(artifact),
            "folders": .array(
                folders.map { folder in
                    var members = JSONObject()
                    members.setPath("path", folder.path)
                    members["old"] = .count(folder.old)
                    members["new"] = .count(folder.new)
                    return .object(members)
                }), "unchanged_folders": .count(unchangedFolderCount),
            "overlaps": .array(
                overlaps.map { overlap in
                    [
                        "first": .string(overlap.first), "second": .string(overlap.second),
                        "old": .count(overlap.old), "new": .count(overlap.new),
                        "examples": .array(
                            overlap.examples.map { pair in
                                var members = JSONObject()
                                members.setPath("first", pair.first)
                                members.setPath("second", pair.second)
                                return .object(members)
                            }),
                    ]
                }),
        ]
    }

    fileprivate func lines(_ style: TextStyle) -> [String] {
        folderLines(style) + overlapLines(style)
    }

    private func folderLines(_ style: TextStyle) -> [String] {
        // One folder is told by the files.
        if folders.isEmpty || folders.count + Int(clamping: unchangedFolderCount) < 2 { return [] }
        let limit = style.isVerbose ? folders.count : 20
        let most = Double(folders.map { max($0.old, $0.new) }.max() ?? 0)
        let rows = folders.prefix(limit).map { folder -> [Table.Cell] in
            let (old, new) = (folder.old, folder.new)
            return [
                .init("  " + (folder.path.isEmpty ? "." : printable(folder.path))), .init("\(old)"),
                .init("to", .dim),
                .init("\(new)"),
                .init((new < old ? "-" : "+") + "\(max(old, new) - min(old, new))", new < old ? .bad : .good),
                .init(barText(Double(new), of: most), .dim),
            ]
        }
        let count = folders.count
        return [
            "",
            "\(style.paint(printable(artifact), .bold)): \(countText(count, "folder")) with another number of files",
            "",
        ] + Table("FOLDER", .right("OLD"), "", .right("NEW"), .right("BY"), "", rows: rows).lines(style)
            + (count > limit ? ["and \(count - limit) more; -v lists all"] : [])
    }

    private func overlapLines(_ style: TextStyle) -> [String] {
        if overlaps.isEmpty { return [] }
        var lines = ["", "\(style.paint(printable(artifact), .bold)): files with the same bytes", ""]
        let limit = style.isVerbose ? overlaps.count : 10
        for overlap in overlaps.prefix(limit) {
            let isLeak = overlap.first != overlap.second
            let place =
                isLeak
                ? "in \(printable(overlap.first)) and \(printable(overlap.second))"
                : overlap.first.isEmpty ? "twice" : "twice in \(printable(overlap.first))"
            lines.append(
                "  "
                    + style.paint(
                        "\(overlap.old) to \(overlap.new)", isLeak && overlap.new > 0 ? .bad : .plain)
                    + " \(place)")
            for pair in overlap.examples.prefix(style.isVerbose ? overlap.examples.count : 1) {
                lines.append("    \(printable(pair.first)) and \(printable(pair.second))")
            }
        }
        return lines + (overlaps.count > limit ? ["and \(overlaps.count - limit) more; -v lists all"] : [])
    }
}

extension DiffReport {
    /// How samples are spread over folders and splits.
    func datasetLines(_ style: TextStyle) -> [String] { datasets.flatMap { $0.lines(style) } }
}
