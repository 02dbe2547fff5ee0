// SPDX-License-Identifier: Apache-2.0
import RegPage
import Testing

@Suite struct MarkupTests {
    @Test(
        arguments: [
            ("a<b & \"c\" 'd'>", "a&lt;b &amp; &quot;c&quot; 'd'&gt;"),
            ("</script><script>", "&lt;/script&gt;&lt;script&gt;"),
            ("red \u{1b}[31m", "red \\x1b[31m"), ("\u{202e}gnp", "\\u{202e}gnp"), ("a\\x1b", "a\\x1b"),
            ("see https://example.org/a//b", "see https:&#47;/example.org/a//b"), ("größe µ", "größe µ"),
            ("a\nb\0", "a\\x0ab\\x00"),
        ] as [(String, String)])
    func textIsNothingButText(text: String, source: String) {
        #expect(Markup.text(text).source == source)
        #expect(
            Markup.element("td", ["title": text], text).source == "<td title=\"\(source)\">\(source)</td>")
    }

    @Test func listsEndInTime() {
        let items = (0..<100).map { "\($0 % 10)" }
        let few = Markup.list(of: items, limit: 5, byteLimit: 1_000) { .text($0) }
        #expect(few.count == 5 && few.markup.source == "01234")
        let short = Markup.list(of: items, limit: 50, byteLimit: 7) { .text($0) }
        #expect(short.count == 7 && short.markup.byteCount == 7)
    }

    @Test func pagesLoadAndRunNothing() {
        let section = Page.Section(id: "files", title: "Files", content: .text("http://x"))
        let page = Page(
            title: "<a>", header: .text("head"), sections: [section, section], footer: Markup())
        #expect(page.source.contains("<title>&lt;a&gt;</title>") && page.source.contains("#files"))
        for part in ["://", "<script", "src=", "url(", "@import"] { #expect(!page.source.contains(part)) }
    }
}
