// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegDiff
internal import RegKit
internal import RegPage

extension DiffPage {
    var metrics: Page.Section? {
        guard !report.metrics.isEmpty else { return nil }
        var content = Markup()
        var rest = report.metrics[...]
        let byteLimit = 640 << 10
        while let first = rest.first, content.byteCount < byteLimit {
            let changes = rest.prefix { $0.artifact == first.artifact && $0.file == first.file }
            rest = rest.dropFirst(changes.count)
            let name = shortened(printable(first.file))
            content.append(.element("h3", ["class": "code"], name))
            content.append(
                table(
                    changes.map(\.difference), "Metrics that differ in \(name)", byteLimit - content.byteCount
                ))
            content.append(curves(changes.map(\.difference), byteLimit - content.byteCount))
        }
        if report.unchangedMetricCount > 0 {
            content.append(
                .element(
                    "p", ["class": "dim small"],
                    "\(countText(report.unchangedMetricCount, "metric")) unchanged"))
        }
        return Page.Section(id: "metrics", title: "Metrics", content: content + leftOut(rest.count))
    }

    private func table(_ metrics: [MetricDifference], _ caption: String, _ byteLimit: Int) -> Markup {
        let table = PageTable(
            caption: caption,
            columns: [("Metric", "name"), ("Before", "n"), ("After", "n"), ("Change", "n"), ("", "nowrap")])
        return table.markup(of: metrics, limit: 1_000, byteLimit: byteLimit) { metric in
            table.row([
                .text(shortened(printable(metric.name))), .text(metric.old.map(numberText) ?? ""),
                .text(metric.new.map(numberText) ?? ""), .text(metric.changeText), verdict(metric),
            ])
        }
    }

    private func verdict(_ metric: MetricDifference) -> Markup {
        guard let isBetter = metric.isBetter else { return Markup() }
        return .element(
            "span", ["class": isBetter ? "good" : "bad"], isBetter ? "▲ better" : "▼ worse")
    }

    /// The course of metrics that have steps.
    private func curves(_ metrics: [MetricDifference], _ byteLimit: Int) -> Markup {
        let withSteps = metrics.filter {
            ($0.oldSeries?.points.count ?? 0) + ($0.newSeries?.points.count ?? 0) > 1
        }
        guard !withSteps.isEmpty else { return Markup() }
        let plots = Markup.list(of: withSteps, limit: 40, byteLimit: byteLimit) { curve($0).markup }
        return Key.lines.markup + .element("div", ["class": "plots"], plots.markup)
            + leftOut(withSteps.count - plots.count)
    }

    private func curve(_ metric: MetricDifference) -> Plot {
        let series = [metric.oldSeries, metric.newSeries].compactMap(\.self)
        let points = series.flatMap(\.points).filter { $0.step.isFinite && $0.value.isFinite }
        let (steps, values) = (points.map(\.step), points.map(\.value))
        func line(_ series: MetricSeries?) -> Plot.Series? {
            series.map { .line($0.points.map { (x: $0.step, y: $0.value) }) }
        }
        let last = [
            metric.old.map { "before \(numberText($0))" }, metric.new.map { "after \(numberText($0))" },
        ]
        return Plot(
            title: shortened(printable(metric.name)),
            description: "at the last step " + last.compactMap(\.self).joined(separator: ", "),
            x: (.spanning(steps.min() ?? 0, steps.max() ?? 0), "step"),
            y: (.rounded(values.min() ?? 0, values.max() ?? 0), ""), old: line(metric.oldSeries),
            new: line(metric.newSeries))
    }
}
