// SPDX-License-Identifier: Apache-2.0

/// A page that needs nothing but itself: no script, no font, no address of anything.
package struct Page: Sendable {
    package struct Section: Sendable {
        /// What links within the page call it; letters alone.
        package let id: StaticString
        package let title: String
        package let content: Markup

        package init(id: StaticString, title: String, content: Markup) {
            self.id = id
            self.title = title
            self.content = content
        }
    }

    private let title: String
    private let header: Markup
    private let sections: [Section]
    private let footer: Markup

    package init(title: String, header: Markup, sections: [Section], footer: Markup) {
        self.title = title
        self.header = header
        self.sections = sections
        self.footer = footer
    }

    package var source: String {
        let head = Markup.joined([
            .single("meta", ["charset": "utf-8"]),
            .single("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"]),
            .single("meta", ["name": "color-scheme", "content": "light dark"]),
            .single("meta", ["name": "referrer", "content": "no-referrer"]),
            // Nothing is loaded and nothing runs, whatever gets into the page.
            .single(
                "meta",
                [
                    "http-equiv": "Content-Security-Policy",
                    "content":
                        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
                ]),
            .element("title", [:], title), .element("style", [:], pageStyle),
        ])
        let links = sections.map { section -> Markup in
            .element("li", [:], .element("a", ["href": "#\(section.id)"], section.title))
        }
        let navigation =
            sections.count > 1
            ? Markup.element("nav", ["aria-label": "Sections"], .element("ul", [:], links)) : Markup()
        let main = sections.map { section -> Markup in
            .element(
                "section", ["id": "\(section.id)", "aria-labelledby": "\(section.id)-title"],
                .element("h2", ["id": "\(section.id)-title"], section.title), section.content)
        }
        let body = Markup.element(
            "body", [:], .element("header", [:], header, navigation), .element("main", [:], main),
            .element("footer", [:], footer))
        let whole = Markup.element("html", ["lang": "en"], .element("head", [:], head), body)
        return "<!DOCTYPE html>\n" + whole.source + "\n"
    }
}
