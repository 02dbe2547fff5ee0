// SPDX-License-Identifier: Apache-2.0
internal import RegBytes

/// A piece of a page.
///
/// Text gets in escaped, names of elements and attributes come from the source code: nothing that a page shows can become
/// a part of it.
package struct Markup: Sendable {
    package typealias Attributes = KeyValuePairs<StaticString, String>

    /// The HTML.
    ///
    /// Elements of SVG in it belong to the name space of SVG without saying so.
    package private(set) var source = ""

    package init() {}

    private init(source: String) { self.source = source }

    package var byteCount: Int { source.utf8.count }
    package var isEmpty: Bool { source.isEmpty }

    /// Text; what cannot be seen in it, or steers its direction, shows as `printable` has it.
    package static func text(_ text: String) -> Markup { Markup(source: escaped(text)) }

    package static func element(
        _ name: StaticString, _ attributes: Attributes = [:], _ content: Markup...
    ) -> Markup {
        element(name, attributes, content)
    }

    package static func element(
        _ name: StaticString, _ attributes: Attributes = [:], _ content: [Markup]
    ) -> Markup {
        var source = "<\(name)"
        for (key, value) in attributes { source += " \(key)=\"\(escaped(value))\"" }
        source += ">"
        for part in content { source += part.source }
        return Markup(source: source + "</\(name)>")
    }

    /// An element with nothing but text in it.
    package static func element(
        _ name: StaticString, _ attributes: Attributes = [:], _ text: String
    ) -> Markup {
        element(name, attributes, [.text(text)])
    }

    /// An element of HTML that has no end.
    package static func single(_ name: StaticString, _ attributes: Attributes) -> Markup {
        var source = "<\(name)"
        for (key, value) in attributes { source += " \(key)=\"\(escaped(value))\"" }
        return Markup(source: source + ">")
    }

    /// What is written here, as it is: for rules of style.
    package static func verbatim(_ source: StaticString) -> Markup { Markup(source: "\(source)") }

    package mutating func append(_ other: Markup) { source += other.source }

    package static func + (left: Markup, right: Markup) -> Markup {
        Markup(source: left.source + right.source)
    }

    package static func joined(_ parts: [Markup]) -> Markup {
        Markup(source: parts.reduce(into: "") { $0 += $1.source })
    }

    /// A list whose end is left out where the page would get too long.
    ///
    /// - Returns: the first of `items` that are at most `limit`, and at most `byteLimit` bytes; how many that are.
    package static func list<Items: Collection>(
        of items: Items, limit: Int, byteLimit: Int, _ markup: (Items.Element) -> Markup
    ) -> (markup: Markup, count: Int) {
        var all = Markup()
        var count = 0
        for item in items.prefix(limit) {
            let part = markup(item)
            if all.byteCount + part.byteCount > byteLimit { break }
            all.append(part)
            count += 1
        }
        return (all, count)
    }
}

/// `text` for HTML, between tags or in an attribute in double quotes.
///
/// A text that is an address shows as it is, but the page's source has no address in it.
private func escaped(_ text: String) -> String {
    var result = ""
    var before: Unicode.Scalar = " "
    for scalar in text.unicodeScalars {
        switch scalar {
        case "&": result += "&amp;"
        case "<": result += "&lt;"
        case ">": result += "&gt;"
        case "\"": result += "&quot;"
        case "/" where before == ":": result += "&#47;"
        case "\\", " "..."~": result.unicodeScalars.append(scalar)
        default: result += printable(String(scalar))
        }
        before = scalar
    }
    return result
}
