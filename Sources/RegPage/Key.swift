// SPDX-License-Identifier: Apache-2.0

/// What the two series of a chart look like.
package enum Key: Sendable {
    case bars, bins, lines

    package var markup: Markup {
        .element(
            "ul", ["class": "key", "aria-hidden": "true"], .element("li", [:], old, .text("before")),
            .element("li", [:], new, .text("after")))
    }

    private var old: Markup {
        switch self {
        case .bars, .bins:
            sample(.element("rect", ["class": "old", "width": "22", "height": "10", "y": "1", "rx": "1.5"]))
        case .lines: sample(.element("path", ["class": "old stroke dashed", "d": "M0 6H22"]))
        }
    }

    private var new: Markup {
        switch self {
        case .bars:
            sample(.element("rect", ["class": "new", "width": "22", "height": "10", "y": "1", "rx": "1.5"]))
        case .bins, .lines: sample(.element("path", ["class": "new stroke", "d": "M0 6H22"]))
        }
    }

    private func sample(_ shape: Markup) -> Markup {
        .element("svg", ["width": "22", "height": "12"], shape)
    }
}
