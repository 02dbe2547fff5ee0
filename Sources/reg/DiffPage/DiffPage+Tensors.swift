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
            let former = change.formerName.map { " (from \(shortened(printable($0))))" } ?? ""
            let figures = change.figures
            return table.row([
                .text(shortened(printable(change.name)) + former), statusMarkup(change.status.rawValue),
                .text(change.types), .text(shortened(change.shapes, to: 80)),
                number(figures?.relativeL2), number(figures?.largestChange),
                .text(figures.map { percentText($0.changedShare) } ?? ""), number(figures?.cosine),
                pair(figures.map { ($0.old.mean, $0.new.mean) }),
                pair(figures.map { ($0.old.deviation, $0.new.deviation) }), .text(odd(figures)),
            ])
        }
    }

    private func number(_ value: Double?) -> Markup { .text(value.map(numberText) ?? "") }

    /// Before and after.
    private func pair(_ values: (old: Double, new: Double)?) -> Markup {
        guard let values else { return Markup() }
        let (old, new) = (numberText(values.old), numberText(values.new))
        return old == new
            ? .text(old) : .element("span", ["class": "dim"], old + " → ") + .text(new)
    }

    private func odd(_ figures: Figures?) -> String {
        guard let figures else { return "" }
        let (old, new) = (figures.old, figures.new)
        let nan = old.nanCount + new.nanCount > 0 ? ["\(old.nanCount) → \(new.nanCount) NaN"] : []
        let infinite =
            old.infiniteCount + new.infiniteCount > 0
            ? ["\(old.infiniteCount) → \(new.infiniteCount) Inf"] : []
        return (nan + infinite).joined(separator: ", ")
    }
}
