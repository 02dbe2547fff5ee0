// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegDiff
internal import RegKit
internal import RegPage

/// The page that `reg diff --html` writes: what matters first, then all of it, as far as it fits into 5 MiB.
struct DiffPage {
    let report: DiffReport

    var source: String {
        Page(
            title: "\(report.old) to \(report.new)", header: header,
            sections: [
                artifacts, commits, metrics, tensors, annotations, datasets, configs, files,
            ].compactMap { $0 },
            footer: .text("Made by reg diff. This page loads nothing and runs nothing.")
        ).source
    }

    private var header: Markup {
        let title = Markup.element(
            "h1", [:], .text(shortened(report.old)),
            .element("span", ["class": "to"], .element("span", ["class": "hidden"], " to "), .text("→")),
            .text(shortened(report.new)))
        let notes = report.notes.prefix(20).map { Markup.element("li", [:], shortened($0, to: 400)) }
        return .joined([
            .element("p", ["class": "kicker"], "What changed"), title,
            report.hasDifferences
                ? .element("dl", ["class": "tiles"], tiles)
                : .element("p", ["class": "lead good"], "No differences."),
            notes.isEmpty ? Markup() : .element("ul", ["class": "notes"], notes),
        ])
    }

    private func tile(_ title: String, _ value: String, _ remark: String) -> Markup {
        .element(
            "div", [:], .element("dt", [:], title), .element("dd", [:], value),
            remark.isEmpty ? Markup() : .element("dd", ["class": "more"], remark))
    }

    private var tiles: [Markup] {
        var tiles: [Markup] = []
        if report.isOfSets {
            let count = report.artifacts.count
            tiles.append(
                tile(
                    "artifacts differ", "\(count)", "of \(count + report.unchangedArtifactCount)"))
        }
        let counts = DiffReport.File.Status.all.compactMap { status -> String? in
            let count = report.files.count { $0.status == status }
            return count == 0 ? nil : "\(count) \(status.rawValue)"
        }
        tiles.append(tile("files differ", "\(report.files.count)", counts.joined(separator: ", ")))
        tiles.append(
            tile("to fetch", sizeText(report.byteCountToFetch), "\(sizeText(report.sharedByteCount)) shared"))
        if !report.metrics.isEmpty {
            let verdicts = report.metrics.compactMap(\.difference.isBetter)
            let counts = [(verdicts.count { $0 }, "better"), (verdicts.count { !$0 }, "worse")]
            tiles.append(
                tile(
                    "metrics differ", "\(report.metrics.count)",
                    counts.filter { $0.0 > 0 }.map { "\($0) \($1)" }.joined(separator: ", ")))
        }
        if !report.annotations.isEmpty {
            let count = report.annotations.reduce(0) { $0 + $1.difference.changeCount }
            tiles.append(tile("annotations differ", "\(count)", ""))
        }
        if !report.tensors.isEmpty {
            let unchanged = report.unchangedTensorCount
            tiles.append(
                tile(
                    "tensors differ", "\(report.tensors.count)", unchanged > 0 ? "\(unchanged) unchanged" : ""
                ))
        }
        if !report.configs.isEmpty {
            tiles.append(tile("config keys differ", "\(report.configs.count)", ""))
        }
        return tiles
    }
}

/// A table that scrolls by itself where the screen is narrow.
struct PageTable {
    /// For those who cannot see it.
    let caption: String
    let columns: [(title: String, style: String)]

    /// One row; the first cell is its heading.
    func row(_ cells: [Markup], style: String = "") -> Markup {
        var parts: [Markup] = []
        for (number, cell) in cells.enumerated() where number < columns.count {
            parts.append(
                number == 0
                    ? .element("th", ["scope": "row", "class": columns[0].style], cell)
                    : .element("td", ["class": columns[number].style], cell))
        }
        return .element("tr", style.isEmpty ? [:] : ["class": style], parts)
    }

    /// `limit` and `byteLimit`: how much of the items there is room for; what is left out is said.
    func markup<Items: Collection>(
        of items: Items, limit: Int, byteLimit: Int, _ row: (Items.Element) -> Markup
    ) -> Markup {
        let rows = Markup.list(of: items, limit: limit, byteLimit: byteLimit, row)
        let head = columns.map { column -> Markup in
            .element("th", ["scope": "col", "class": column.style == "n" ? "n" : ""], column.title)
        }
        let table = Markup.element(
            "div", ["class": "scroll", "tabindex": "0", "role": "region", "aria-label": caption],
            .element(
                "table", [:], .element("caption", ["class": "hidden"], caption),
                .element("thead", [:], .element("tr", [:], head)), .element("tbody", [:], rows.markup)))
        return table + leftOut(items.count - rows.count)
    }
}

/// That so much has no room on the page.
func leftOut(_ count: Int) -> Markup {
    count > 0
        ? .element("p", ["class": "dim small"], "\(count) more not shown; reg diff --json has all.")
        : Markup()
}

/// Something long, closed at first.
func folded(_ summary: String, _ content: Markup) -> Markup {
    .element("details", [:], .element("summary", [:], summary), content)
}

/// A status as a sign and a word.
func statusMarkup(_ status: String) -> Markup {
    let (sign, style) =
        switch status {
        case "added": ("+", "good")
        case "removed": ("−", "bad")
        case "renamed": ("→", "dim")
        default: ("~", "warn")
        }
    return .element(
        "span", ["class": style], .element("span", ["aria-hidden": "true"], "\(sign) "), .text(status))
}
