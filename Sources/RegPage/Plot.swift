// SPDX-License-Identifier: Apache-2.0

/// A plot with two axes, as wide as there is room for it; lines and labels keep their size.
package struct Plot: Sendable {
    package enum Series: Sendable {
        /// Heights of bins of the same width that fill the x axis, as an area or as an outline.
        case bins([Double])
        /// Points in the order of their x.
        case line([(x: Double, y: Double)])
    }

    package let title: String
    /// What it shows, in words, for those who cannot see it.
    private let description: String
    private let x: (scale: Scale, label: String)
    private let y: (scale: Scale, label: String)
    /// Drawn first and in a quieter way; nil where there is none.
    private let old: Series?
    private let new: Series?

    package init(
        title: String, description: String, x: (scale: Scale, label: String),
        y: (scale: Scale, label: String),
        old: Series?, new: Series?
    ) {
        (self.title, self.description) = (title, description)
        (self.x, self.y) = (x, y)
        (self.old, self.new) = (old, new)
    }

    private static let height = 132.0
    private static let width = 1000.0
    private static let top = 6.0

    package var markup: Markup {
        .element(
            "figure", ["class": "plot"], .element("figcaption", [:], title),
            .element(
                "div", ["class": "frame", "role": "img", "aria-label": "\(title): \(description)"], yAxis,
                area),
            .element("p", ["class": "xlabel", "aria-hidden": "true"], x.label))
    }

    private func height(_ value: Double) -> Double { Plot.height * (1 - y.scale.position(of: value)) }

    private var yAxis: Markup {
        let labels = y.scale.ticks.map { tick -> Markup in
            .element(
                "text",
                [
                    "x": "100%", "y": fixed(height(tick) + Plot.top + 4, decimals: 1), "text-anchor": "end",
                ], y.scale.text(of: tick))
        }
        return .element("svg", ["class": "y", "width": "44", "height": "160", "aria-hidden": "true"], labels)
    }

    private var area: Markup {
        var parts = y.scale.ticks.map { tick -> Markup in
            let place = fixed(height(tick) + Plot.top, decimals: 1)
            return .element(
                "line",
                [
                    "class": tick == y.scale.bounds.lowerBound ? "base" : "grid", "x1": "0", "x2": "100%",
                    "y1": place, "y2": place,
                ])
        }
        parts.append(
            .element(
                "svg",
                [
                    "y": fixed(Plot.top, decimals: 0), "width": "100%",
                    "height": fixed(Plot.height, decimals: 0),
                    "viewBox": "0 0 1000 132", "preserveAspectRatio": "none",
                ],
                (old.map { [shape($0, isOld: true)] } ?? []) + (new.map { [shape($0, isOld: false)] } ?? [])))
        for tick in x.scale.ticks {
            let share = x.scale.position(of: tick)
            let place = percent(share)
            let anchor = share < 0.04 ? "start" : share > 0.96 ? "end" : "middle"
            parts.append(
                .element("line", ["class": "base", "x1": place, "x2": place, "y1": "138", "y2": "142"]))
            parts.append(
                .element("text", ["x": place, "y": "155", "text-anchor": anchor], x.scale.text(of: tick)))
        }
        return .element(
            "svg", ["class": "area", "width": "100%", "height": "160", "aria-hidden": "true"], parts)
    }

    private func shape(_ series: Series, isOld: Bool) -> Markup {
        switch series {
        case .bins(let bins):
            let path = outline(of: bins)
            return isOld
                ? .element("path", ["class": "old", "d": path])
                : .element("path", ["class": "new stroke", "d": path])
        case .line(let points):
            // A point alone has a short line, so that it is seen.
            let path = points.filter { $0.x.isFinite && $0.y.isFinite }.enumerated().map { number, point in
                let x = fixed(x.scale.position(of: point.x) * Plot.width, decimals: 1)
                return (number == 0 ? "M" : "L") + x + " " + fixed(height(point.y), decimals: 1)
                    + (points.count == 1 ? "h4" : "")
            }
            return .element(
                "path", ["class": isOld ? "old stroke dashed" : "new stroke", "d": path.joined()])
        }
    }

    private func outline(of bins: [Double]) -> String {
        let base = fixed(Plot.height, decimals: 1)
        var path = "M0 " + base
        for (number, bin) in bins.enumerated() {
            let end = Double(number + 1) / Double(bins.count) * Plot.width
            path += "V" + fixed(height(bin), decimals: 1) + "H" + fixed(end, decimals: 1)
        }
        return path + "V" + base + "Z"
    }
}
