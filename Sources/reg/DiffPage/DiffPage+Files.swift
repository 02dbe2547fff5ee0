// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegDiff
internal import RegJSON
internal import RegKit
internal import RegPage

extension DiffPage {
    var files: Page.Section? {
        guard !report.files.isEmpty else { return nil }
        let isOne = Set(report.files.map(\.artifact)).count < 2
        let table = PageTable(
            caption: "Files that differ",
            columns: [("Path", "name"), ("Status", "nowrap"), ("Before", "n"), ("After", "n")])
        let rows = table.markup(of: report.files, limit: 5_000, byteLimit: 768 << 10) { file in
            let artifact = isOne ? "" : file.artifact + ": "
            return table.row([
                .text(artifact + shortened(printable(file.path)))
                    + (file.remarks.isEmpty
                        ? Markup() : .element("span", ["class": "dim"], " (\(shortened(file.remarks)))")),
                statusMarkup(file.status.rawValue), .text(file.old.map(size) ?? ""),
                .text(file.new.map(size) ?? ""),
            ])
        }
        let unchanged =
            report.unchangedFileCount > 0
            ? Markup.element(
                "p", ["class": "dim small"], countText(report.unchangedFileCount, "file") + " unchanged")
            : Markup()
        let content = report.files.count > 25 ? folded("All \(report.files.count) files", rows) : rows
        return Page.Section(id: "files", title: "Files", content: content + unchanged)
    }

    private func size(_ file: ShowReport.File) -> String {
        if case .file = file.kind { sizeText(file.byteCount) } else { "" }
    }

    /// Configs, key by key.
    var configs: Page.Section? {
        guard !report.configs.isEmpty else { return nil }
        var content = Markup()
        var rest = report.configs[...]
        let byteLimit = 640 << 10
        while let first = rest.first, content.byteCount < byteLimit {
            let changes = rest.prefix { $0.artifact == first.artifact && $0.file == first.file }
            rest = rest.dropFirst(changes.count)
            content.append(.element("h3", ["class": "code"], shortened(printable(first.file))))
            let table = PageTable(
                caption: "Keys that differ in \(shortened(printable(first.file)))",
                columns: [("Key", "name"), ("Before", "value code"), ("After", "value code")])
            let rows = table.markup(
                of: changes, limit: 2_000, byteLimit: byteLimit - content.byteCount
            ) { change in
                table.row([
                    .text(shortened(printable(change.difference.key))), value(change.difference.old),
                    value(change.difference.new),
                ])
            }
            content.append(rows)
        }
        return Page.Section(id: "configs", title: "Configs", content: content + leftOut(rest.count))
    }

    private func value(_ value: JSON?) -> Markup {
        value.map { .text(shortened(printable($0.compact))) }
            ?? .element("span", ["class": "dim"], "not there")
    }
}
