// SPDX-License-Identifier: Apache-2.0
internal import RegBytes

/// GitHub's Markdown, as comments on pull requests have it.
enum Markdown {
    /// A printable text from elsewhere as code, in which nothing is markup, a link or a mention; also good in a table.
    static func code(_ text: String) -> String {
        let isPlain =
            !text.isEmpty && !text.contains { "`|\r\n".contains($0) } && text.first != " " && text.last != " "
        return isPlain ? "`\(text)`" : htmlCode(text)
    }

    /// The same for places that HTML is in, such as a summary.
    static func htmlCode(_ text: String) -> String {
        var source = "<code>"
        for scalar in text.unicodeScalars {
            let isWord =
                scalar.value > 0x7e || scalar == " " || scalar.properties.isAlphabetic
                || scalar.properties.numericType != nil
            source += isWord ? String(scalar) : "&#\(scalar.value);"
        }
        return source + "</code>"
    }

    /// The lines of a table.
    ///
    /// Cells are Markdown already; columns that say nothing are left out.
    static func table(_ columns: [Column], _ rows: [[String]]) -> [String] {
        let used = columns.indices.filter { column in rows.contains { !$0[column].isEmpty } }
        func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |" }
        return [
            line(used.map { columns[$0].title }),
            "|" + used.map { columns[$0].isRight ? "--:|" : "---|" }.joined(),
        ] + rows.map { row in line(used.map { row[$0] }) }
    }

    struct Column: ExpressibleByStringLiteral {
        let title: String
        var isRight = false

        init(stringLiteral title: String) { self.title = title }

        static func right(_ title: String) -> Column {
            var column = Column(stringLiteral: title)
            column.isRight = true
            return column
        }
    }
}
