// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegDiff
internal import RegGit
internal import RegJSON
internal import RegKit
internal import RegLock

/// A comparison as a comment on a pull request, at most 60 KiB: GitHub takes 65,536 characters.
struct DiffMarkdown {
    let report: DiffReport

    var lines: [String] {
        let title = "### \(name(report.old)) → \(name(report.new))"
        let notes = report.notes.prefix(3).map { "> \(name($0, to: 200))" }
        let head = [title, "", report.hasDifferences ? report.summary : "No differences.", ""]
        let parts = [artifacts, commits, metrics, tensors, annotations, datasets, configs, files]
        let all = head + (notes.isEmpty ? [] : notes + [""]) + parts.flatMap { $0 }
        return all.last?.isEmpty == true ? all.dropLast() : all
    }

    /// A text from elsewhere.
    private func name(_ text: String, to limit: Int = 120) -> String {
        Markdown.code(shortened(text, to: limit))
    }

    /// A table of as many rows as there is room for; folded away where it is long.
    private func table<Items: Collection>(
        _ columns: [Markdown.Column], of items: Items, summary: String, byteLimit: Int,
        _ row: (Items.Element) -> [String]
    ) -> [String] {
        var rows: [[String]] = []
        var byteCount = 0
        for item in items.prefix(200) {
            let cells = row(item)
            byteCount += cells.reduce(4) { $0 + $1.utf8.count + 3 }
            if byteCount > byteLimit { break }
            rows.append(cells)
        }
        let rest = items.count - rows.count
        let lines =
            (rows.isEmpty ? [] : Markdown.table(columns, rows) + [""])
            + (rest > 0 ? ["_\(rest) more are left out; `reg diff` tells of them._", ""] : [])
        if rows.count <= 10 { return lines }
        return ["<details><summary>\(summary)</summary>", ""] + lines + ["</details>", ""]
    }

    private var artifacts: [String] {
        guard report.isOfSets, !report.artifacts.isEmpty else { return [] }
        return table(
            ["Artifact", "Status", "Type", "Version", "Files", .right("To fetch"), "What changed most"],
            of: report.artifacts, summary: countText(report.artifacts.count, "artifact"), byteLimit: 6 << 10
        ) { artifact in
            let gist = artifact.gist
            return [
                name(artifact.name), artifact.status.rawValue, artifact.type?.rawValue ?? "",
                artifact.versions,
                artifact.fileCounts.isEmpty ? "" : name(artifact.fileCounts),
                sizeText(artifact.byteCountToFetch),
                gist.isEmpty ? "" : name(gist),
            ]
        }
    }

    private var commits: [String] {
        guard let commits = report.commits else { return [] }
        return table(of: commits.new, "more in \(Markdown.htmlCode(shortened(report.new)))")
            + table(of: commits.old, "in \(Markdown.htmlCode(shortened(report.old))) alone")
    }

    private func table(of range: CommitRange, _ title: String) -> [String] {
        if range.count == 0 { return [] }
        let summary = "\(countText(range.count, "commit")) \(title)"
        let lines = table(
            ["Commit", "Date", "Author", "Subject"], of: range.commits, summary: summary, byteLimit: 3 << 10
        ) { commit in
            [
                name(commit.id.short), name(commit.day), name(printable(commit.author), to: 40),
                name(printable(commit.subject), to: 80),
            ]
        }
        let rest = range.count - UInt64(range.commits.count)
        let more = rest > 0 ? ["_and \(rest) more_", ""] : []
        return range.commits.count > 10 ? lines + more : [summary + ":", ""] + lines + more
    }

    private var metrics: [String] {
        if report.metrics.isEmpty { return [] }
        let files = Set(report.metrics.map(\.file)).count
        return ["**Metrics**", ""]
            + table(
                [
                    files > 1 ? "File" : "", "Metric", .right("Before"), .right("After"), .right("Change"),
                    " ",
                ],
                of: report.metrics, summary: countText(report.metrics.count, "metric"), byteLimit: 6 << 10
            ) { metric in
                let difference = metric.difference
                return [
                    files > 1 ? name(printable(metric.file)) : "", name(printable(difference.name)),
                    difference.old.map(numberText) ?? "", difference.new.map(numberText) ?? "",
                    difference.changeText, difference.verdict,
                ]
            }
    }

    private var annotations: [String] {
        if report.annotations.isEmpty { return [] }
        let rows = report.annotations.flatMap { change in
            change.difference.totals.filter { $0.changeCount > 0 }.map { (change, $0) }
        }
        let totals = table(
            [
                "Annotations", "What", .right("Before"), .right("After"), .right("Added"), .right("Removed"),
                .right("Moved"), .right("Relabelled"), .right("Changed"),
            ], of: rows, summary: countText(rows.count, "kind"), byteLimit: 4 << 10
        ) { change, total in
            let path = printable(change.file)
            return [
                name(path.isEmpty ? change.artifact : path), total.subject.plural, "\(total.old)",
                "\(total.new)",
            ]
                + AnnotationChange.Status.counted.map { total[$0] == 0 ? "" : "\(total[$0])" }
        }
        let images = report.annotations.flatMap { change in change.sharedImages.map { (change.file, $0) } }
        let shared = table(
            ["Images of", "that are also in", .right("Before"), .right("After")], of: images,
            summary: countText(images.count, "file"), byteLimit: 1 << 10
        ) { [name(printable($0)), name(printable($1.file)), "\($1.old)", "\($1.new)"] }
        let classes = report.annotations.flatMap { $0.difference.classes.filter { $0.old != $0.new } }
        if classes.isEmpty { return totals + shared }
        return totals + shared
            + table(
                ["Class", .right("Before"), .right("After"), .right("Change")], of: classes,
                summary: "\(classes.count) classes", byteLimit: 4 << 10
            ) { [name(printable($0.name)), "\($0.old)", "\($0.new)", differenceText($0.old, $0.new)] }
    }

    private var datasets: [String] {
        let folders = report.datasets.flatMap { dataset in dataset.folders.map { (dataset.artifact, $0) } }
        let overlaps = report.datasets.flatMap(\.overlaps)
        let counts = table(
            ["Folder", .right("Files before"), .right("After"), .right("Change")], of: folders,
            summary: countText(folders.count, "folder"), byteLimit: 4 << 10
        ) { artifact, folder in
            [
                name(folder.path.isEmpty ? artifact : printable(folder.path)), "\(folder.old)",
                "\(folder.new)",
                differenceText(folder.old, folder.new),
            ]
        }
        let same = table(
            ["The same bytes", .right("Before"), .right("After")], of: overlaps,
            summary: countText(overlaps.count, "overlap"), byteLimit: 2 << 10
        ) { [name($0.words), "\($0.old)", "\($0.new)"] }
        return counts + same
    }

    private var tensors: [String] {
        var lines: [String] = []
        var rest = report.tensors[...]
        var byteLimit = 8 << 10
        while let first = rest.first, byteLimit > 0 {
            let changes = rest.prefix { $0.artifact == first.artifact && $0.file == first.file }
            rest = rest.dropFirst(changes.count)
            let count = countText(changes.count, "tensor")
            let part =
                ["**\(name(printable(first.file)))**: \(count) differ\(changes.count == 1 ? "s" : "")", ""]
                + modules(TensorGroup.groups(of: Array(changes)), byteLimit: byteLimit)
            byteLimit -= part.reduce(0) { $0 + $1.utf8.count + 1 }
            lines += part
        }
        if !rest.isEmpty {
            lines += ["_\(countText(rest.count, "tensor")) of other files are left out._", ""]
        }
        return lines
    }

    private func modules(_ groups: [TensorGroup], byteLimit: Int) -> [String] {
        table(
            ["Tensors", "Status", "Type", "Shape", .right("Relative L2"), .right("Changed")], of: groups,
            summary: countText(groups.count, "module"), byteLimit: byteLimit
        ) { group in
            guard let only = group.tensors.first, group.tensors.count == 1 else {
                let l2 = group.relativeL2.map(numberText) ?? ""
                let statuses = Set(group.tensors.map(\.status.rawValue)).sorted().joined(separator: ", ")
                return [name(printable(group.name)), "\(group.tensors.count) \(statuses)", "", "", l2, ""]
            }
            return [
                name(printable(only.name)), only.status.rawValue, name(only.types, to: 40),
                name(only.shapes, to: 60), only.relativeL2Text,
                only.figures.map { percentText($0.changedShare) } ?? "",
            ]
        }
    }

    private var configs: [String] {
        if report.configs.isEmpty { return [] }
        let files = Set(report.configs.map(\.file)).count
        return [
            "**Configs**: \(countText(report.configs.count, "key")) differ\(report.configs.count == 1 ? "s" : "")",
            "",
        ]
            + table(
                [files > 1 ? "File" : "", "Key", "Before", "After"], of: report.configs,
                summary: countText(report.configs.count, "key"), byteLimit: 6 << 10
            ) { change in
                [
                    files > 1 ? name(printable(change.file)) : "", name(printable(change.difference.key)),
                    value(change.difference.old), value(change.difference.new),
                ]
            }
    }

    private func value(_ value: JSON?) -> String {
        value.map { name(printable($0.compact), to: 80) } ?? "not there"
    }

    private var files: [String] {
        if report.files.isEmpty { return [] }
        let isOne = Set(report.files.map(\.artifact)).count < 2
        return ["**Files**", ""]
            + table(
                ["File", isOne ? "" : "Artifact", "Status", .right("Before"), .right("After")],
                of: report.files, summary: countText(report.files.count, "file"), byteLimit: 6 << 10
            ) { file in
                let remarks = file.remarks.isEmpty ? "" : " (\(name(file.remarks)))"
                return [
                    name(printable(file.path)) + remarks, isOne ? "" : name(file.artifact),
                    file.status.rawValue,
                    file.old.map { sizeText($0.byteCount) } ?? "",
                    file.new.map { sizeText($0.byteCount) } ?? "",
                ]
            }
    }
}

extension AnnotationChange.Status {
    /// In the order of the columns.
    fileprivate static let counted: [AnnotationChange.Status] = [
        .added, .removed, .moved, .relabelled, .changed,
    ]
}
