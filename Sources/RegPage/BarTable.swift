// SPDX-License-Identifier: Apache-2.0

/// A chart of bars as a table, one a row: it is read like any other, and its labels keep their size on every screen.
package struct BarTable: Sendable {
    package struct Row: Sendable {
        package let label: String
        /// One for each series: a length, and how it is written; nil where there is none.
        package let values: [(value: Double?, text: String)]
        /// What is said of it besides.
        package let remark: String

        package init(_ label: String, _ values: [(value: Double?, text: String)], remark: String = "") {
            self.label = label
            self.values = values
            self.remark = remark
        }
    }

    /// For those who cannot see it.
    private let caption: String
    /// What the rows are called, what the numbers of each series are, and the remarks.
    private let titles: (label: String, series: [String], remark: String)
    private let rows: [Row]

    package init(
        caption: String, titles: (label: String, series: [String], remark: String), rows: [Row]
    ) {
        self.caption = caption
        self.titles = titles
        self.rows = rows
    }

    private var hasRemarks: Bool { rows.contains { !$0.remark.isEmpty } }

    package var markup: Markup {
        let most = rows.flatMap { $0.values.compactMap(\.value) }.filter(\.isFinite).max() ?? 0
        let scale = Scale.fromZero(to: most)
        var head = [Markup.element("th", ["scope": "col"], titles.label), axis(scale)]
        head += titles.series.map { .element("th", ["scope": "col", "class": "n"], $0) }
        if hasRemarks { head.append(.element("th", ["scope": "col", "class": "remark"], titles.remark)) }
        return .element(
            "div", ["class": "scroll", "tabindex": "0", "role": "region", "aria-label": caption],
            .element(
                "table", ["class": "bars"], .element("caption", ["class": "hidden"], caption),
                .element("thead", [:], .element("tr", [:], head)),
                .element("tbody", [:], rows.map { row($0, scale) })))
    }

    private func row(_ row: Row, _ scale: Scale) -> Markup {
        var cells = [Markup.element("th", ["scope": "row", "class": "name"], row.label), bars(row, scale)]
        cells += row.values.map { value, text in
            .element("td", ["class": value?.isFinite == false ? "n warn" : "n"], text)
        }
        if hasRemarks { cells.append(.element("td", ["class": "dim nowrap"], row.remark)) }
        return .element("tr", [:], cells)
    }

    private func axis(_ scale: Scale) -> Markup {
        let labels = scale.ticks.map { tick -> Markup in
            let place = scale.position(of: tick)
            let anchor = place < 0.01 ? "start" : place > 0.99 ? "end" : "middle"
            return .element(
                "text", ["x": percent(place), "y": "11", "text-anchor": anchor], scale.text(of: tick))
        }
        return .element(
            "th", ["class": "bar", "aria-hidden": "true"],
            .element("svg", ["class": "axis", "width": "100%", "height": "14"], labels))
    }

    private func bars(_ row: Row, _ scale: Scale) -> Markup {
        let thickness = row.values.count > 1 ? 7 : 12
        let height = row.values.count * (thickness + 1) + 1
        let lines = scale.ticks.map { tick -> Markup in
            let place = percent(scale.position(of: tick))
            return .element(
                "line", ["class": "grid", "x1": place, "x2": place, "y1": "-9", "y2": "\(height + 9)"])
        }
        let bars = row.values.enumerated().compactMap { place, value -> Markup? in
            guard let length = value.value, length > 0 else { return nil }
            let series = row.values.count > 1 && place == 0 ? "old" : "new"
            return .element(
                "rect",
                [
                    "class": series, "x": "0", "y": "\(place * (thickness + 1) + 1)",
                    "width": percent(max(0.004, scale.position(of: length))), "height": "\(thickness)",
                    "rx": "1.5",
                ])
        }
        return .element(
            "td", ["class": "bar", "aria-hidden": "true"],
            .element("svg", ["width": "100%", "height": "\(height)"], lines + bars))
    }
}
