// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegDiff
internal import RegKit
internal import RegPage
internal import RegTensor

extension DiffPage {
    var tensors: Page.Section? {
        guard !report.tensors.isEmpty else { return nil }
        var content = Markup()
        var rest = report.tensors[...]
        let byteLimit = 1 << 20
        while let first = rest.first, content.byteCount < byteLimit {
            let changes = rest.prefix { $0.artifact == first.artifact && $0.file == first.file }
            rest = rest.dropFirst(changes.count)
            content.append(file(changes, byteLimit: byteLimit - content.byteCount))
        }
        if report.unchangedTensorCount > 0 {
            content.append(
                .element(
                    "p", ["class": "dim small"],
                    "\(countText(report.unchangedTensorCount, "tensor")) unchanged"))
        }
        return Page.Section(id: "tensors", title: "Tensors", content: content + leftOut(rest.count))
    }

    /// What became of the tensors of one file.
    private func file(_ changes: ArraySlice<DiffReport.TensorChange>, byteLimit: Int) -> Markup {
        guard let first = changes.first else { return Markup() }
        let name = shortened(printable(first.file))
        let count = countText(changes.count, "tensor")
        var content = Markup.element(
            "h3", [:], .element("span", ["class": "code"], name),
            .element("span", ["class": "dim"], " \(count) differ\(changes.count == 1 ? "s" : "")"))
        let groups = TensorGroup.groups(of: Array(changes))
        content.append(layers(groups))
        content.append(histograms(Array(changes), byteLimit: (byteLimit - content.byteCount) / 2))
        let table = table(changes, "Tensors that differ in \(name)", byteLimit: byteLimit - content.byteCount)
        content.append(changes.count > 12 ? folded("All \(count)", table) : table)
        return content
    }

    /// How much each module changed, in the order of their names.
    private func layers(_ groups: [TensorGroup]) -> Markup {
        let compared = groups.filter { $0.relativeL2 != nil }
        guard compared.count > 1 else { return Markup() }
        let limit = 150
        let shown = compared.prefix(limit).sorted { isNaturallyBefore($0.name, $1.name) }
        let rows = shown.map { group in
            BarTable.Row(
                shortened(printable(group.name), to: 80),
                [(group.relativeL2, group.relativeL2.map(numberText) ?? "")],
                remark: group.tensors.count > 1 ? countText(group.tensors.count, "tensor") : "")
        }
        let chart = BarTable(
            caption: "Relative change by module", titles: ("Module", ["Relative L2"], ""), rows: rows)
        return .element(
            "p", ["class": "dim small"],
            "Relative change by module: the norm of the difference, divided by the norm of the older weights."
        )
            + chart.markup + leftOut(compared.count - shown.count)
    }

    private func table(
        _ changes: ArraySlice<DiffReport.TensorChange>, _ caption: String, byteLimit: Int
    ) -> Markup {
        let table = PageTable(
            caption: caption,
            columns: [
                ("Tensor", "name"), ("Status", "nowrap"), ("Type", "nowrap"), ("Shape", "nowrap"),
                ("Relative L2", "n"), ("Largest change", "n"), ("Changed", "n"), ("Cosine", "n"),
                ("Mean", "n"),
                ("Deviation", "n"), ("NaN, Inf", "n"),
            ])
        return table.markup(
            of: changes.sorted { ($0.weight, $1.name) > ($1.weight, $0.name) }, limit: 4_000,
            byteLimit: byteLimit
        ) { change in
            let figures = change.figures
            return table.row([
                .text(shortened(printable(change.name)) + shortened(change.former, to: 240)),
                statusMarkup(change.status.rawValue),
                .text(change.types), .text(shortened(change.shapes, to: 80)),
                .text(change.relativeL2Text), .text(figures.map { numberText($0.largestChange) } ?? ""),
                .text(figures.map { percentText($0.changedShare) } ?? ""),
                .text(figures.map { numberText($0.cosine) } ?? ""),
                pair(change, \.mean), pair(change, \.deviation), .text(odd(change)),
            ])
        }
    }

    /// Before and after.
    private func pair(
        _ change: DiffReport.TensorChange, _ value: (TensorStatistics) -> Double
    ) -> Markup {
        let (old, new) = (
            change.oldStatistics.map { numberText(value($0)) },
            change.newStatistics.map { numberText(value($0)) }
        )
        guard let old, let new, old != new else { return .text(new ?? old ?? "") }
        return .element("span", ["class": "dim"], old + " → ") + .text(new)
    }

    private func odd(_ change: DiffReport.TensorChange) -> String {
        func counts(_ count: (TensorStatistics) -> UInt64, _ word: String) -> String? {
            let counts = [change.oldStatistics, change.newStatistics].compactMap { $0.map(count) }
            guard counts.contains(where: { $0 > 0 }) else { return nil }
            return counts.map { "\($0)" }.joined(separator: " → ") + " " + word
        }
        return [counts(\.nanCount, "NaN"), counts(\.infiniteCount, "Inf")].compactMap(\.self)
            .joined(separator: ", ")
    }
}
