// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegDiff
internal import RegKit
internal import RegPage

extension DiffPage {
    /// How the values of the tensors that changed most are spread, before and after.
    func histograms(_ changes: [DiffReport.TensorChange], byteLimit: Int) -> Markup {
        let plots = changes.lazy.filter { $0.histograms != nil }
            .sorted { ($0.weight, $1.name) > ($1.weight, $0.name) }.prefix(54).compactMap(histogram)
        guard !plots.isEmpty else { return Markup() }
        let first = grid(plots.prefix(6), byteLimit: byteLimit)
        let rest = plots.dropFirst(6)
        let more =
            rest.isEmpty
            ? Markup()
            : folded("\(rest.count) more histograms", grid(rest, byteLimit: byteLimit - first.byteCount))
        return .element(
            "p", ["class": "dim small"],
            "Share of elements by value, of the tensors that changed most; within five standard deviations.")
            + Key.bins.markup + first + more
    }

    private func grid(_ plots: ArraySlice<Plot>, byteLimit: Int) -> Markup {
        let shown = Markup.list(of: plots, limit: plots.count, byteLimit: byteLimit) { $0.markup }
        return .element("div", ["class": "plots"], shown.markup) + leftOut(plots.count - shown.count)
    }

    private func histogram(_ change: DiffReport.TensorChange) -> Plot? {
        guard let histograms = change.histograms, let bounds = change.shownValues else { return nil }
        let axis = Scale.spanning(bounds.lowerBound, bounds.upperBound)
        // Of few elements finer bins would be mostly empty.
        let count = max(8, min(48, Int(Double(histograms.new.count).squareRoot())))
        let (old, new) = (
            shares(histograms.old, count, axis.bounds), shares(histograms.new, count, axis.bounds)
        )
        let texts = change.figures.map { figures in
            [
                "mean \(numberText(figures.old.mean)) before, \(numberText(figures.new.mean)) after",
                "deviation \(numberText(figures.old.deviation)) before, \(numberText(figures.new.deviation)) after",
            ]
        }
        return Plot(
            title: shortened(printable(change.name), to: 80),
            description: (texts ?? []).joined(separator: "; "), x: (axis, "value"),
            y: (.fromZero(to: (old + new).max() ?? 0), "share"), old: .bins(old), new: .bins(new))
    }

    private func shares(
        _ histogram: Histogram, _ binCount: Int, _ range: ClosedRange<Double>
    ) -> [Double] {
        let count = Double(max(1, histogram.count))
        return histogram.bins(binCount, over: range).map { $0 / count }
    }
}

extension DiffReport.TensorChange {
    /// All values of both sides, but for what is more than five standard deviations away.
    fileprivate var shownValues: ClosedRange<Double>? {
        let ranges = [histograms?.old.range, histograms?.new.range].compactMap(\.self)
        guard let least = ranges.map(\.lowerBound).min(), let most = ranges.map(\.upperBound).max() else {
            return nil
        }
        let sides = [figures?.old, figures?.new].compactMap(\.self).filter {
            $0.deviation.isFinite && $0.deviation > 0
        }
        let lower = sides.map { $0.mean - 5 * $0.deviation }.min() ?? least
        let upper = sides.map { $0.mean + 5 * $0.deviation }.max() ?? most
        let (low, high) = (max(lower, least), min(upper, most))
        return low <= high ? low...high : least...most
    }
}
