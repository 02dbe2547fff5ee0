// SPDX-License-Identifier: Apache-2.0

/// Rows of cells in aligned columns.
struct Table {
    /// A column; where no column has a title, there is no heading.
    struct Column: ExpressibleByStringLiteral {
        var title: String
        var isRight = false

        init(stringLiteral title: String) { self.title = title }

        /// A column of numbers.
        static func right(_ title: String) -> Column {
            var column = Column(stringLiteral: title)
            column.isRight = true
            return column
        }
    }

    /// One printable text and its colour.
    struct Cell: ExpressibleByStringInterpolation {
        var text: String
        var paint = TextStyle.Paint.plain

        init(_ text: String, _ paint: TextStyle.Paint = .plain) {
            self.text = text
            self.paint = paint
        }

        init(stringLiteral text: String) { self.text = text }
    }

    var columns: [Column]
    var rows: [[Cell]] = []

    init(_ columns: Column..., rows: [[Cell]] = []) {
        self.columns = columns
        self.rows = rows
    }

    /// The lines, two spaces between columns and none at the end; columns with nothing in them are left out.
    func lines(_ style: TextStyle) -> [String] {
        let used = columns.indices.filter { column in rows.contains { !$0[column].text.isEmpty } }
        let hasHeading = columns.contains { !$0.title.isEmpty } && !rows.isEmpty
        let heading = hasHeading ? [columns.map { Cell($0.title, .dim) }] : []
        let all = heading + rows
        let widths = columns.indices.map { column in all.map { width($0[column].text) }.max() ?? 0 }
        return all.map { row in line(row, used: used, widths: widths, style) }
    }

    private func line(_ row: [Cell], used: [Int], widths: [Int], _ style: TextStyle) -> String {
        // What follows the last text of a row is only padding.
        let end = used.lastIndex { !row[$0].text.isEmpty } ?? 0
        return used.prefix(end + 1).enumerated().map { place, column in
            let cell = row[column]
            let padding = String(repeating: " ", count: widths[column] - width(cell.text))
            let text = style.paint(cell.text, cell.paint)
            if columns[column].isRight { return padding + text }
            return place == end ? text : text + padding
        }.joined(separator: "  ")
    }

    private func width(_ text: String) -> Int { text.count }
}
