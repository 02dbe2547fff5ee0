// SPDX-License-Identifier: Apache-2.0

/// Rows of cells in aligned columns.
struct Table {
    /// A column; where no column has a title, there is no heading.
    struct Column: ExpressibleByStringLiteral {
        enum Alignment {
            case left
            case right
            /// By the decimal points of numbers.
            case point
        }

        var title: String
        var alignment = Alignment.left

        init(stringLiteral title: String) { self.title = title }

        /// A column of numbers.
        static func right(_ title: String) -> Column {
            var column = Column(stringLiteral: title)
            column.alignment = .right
            return column
        }

        /// A column of numbers with fractions of several lengths.
        static func point(_ title: String) -> Column {
            var column = Column(stringLiteral: title)
            column.alignment = .point
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
        let all = heading + rowsWithAlignedPoints
        let widths = columns.indices.map { column in all.map { width($0[column].text) }.max() ?? 0 }
        return all.map { row in line(row, used: used, widths: widths, style) }
    }

    /// Numbers of columns that are aligned by points, filled up behind.
    private var rowsWithAlignedPoints: [[Cell]] {
        func fraction(_ text: String) -> Int {
            text.firstIndex(of: ".").map { text.distance(from: $0, to: text.endIndex) } ?? 0
        }
        var rows = rows
        for column in columns.indices where columns[column].alignment == .point {
            let longest = rows.map { fraction($0[column].text) }.max() ?? 0
            // Words, such as NaN, stay at the right.
            for row in rows.indices where rows[row][column].text.last?.isNumber == true {
                let count = longest - fraction(rows[row][column].text)
                rows[row][column].text += String(repeating: " ", count: count)
            }
        }
        return rows
    }

    private func line(_ row: [Cell], used: [Int], widths: [Int], _ style: TextStyle) -> String {
        // What follows the last text of a row is only padding.
        let end = used.lastIndex { !row[$0].text.isEmpty } ?? 0
        return used.prefix(end + 1).enumerated().map { place, column in
            var cell = row[column]
            let padding = String(repeating: " ", count: widths[column] - width(cell.text))
            if place == end { while cell.text.last == " " { cell.text.removeLast() } }
            let text = style.paint(cell.text, cell.paint)
            if columns[column].alignment != .left { return padding + text }
            return place == end ? text : text + padding
        }.joined(separator: "  ")
    }

    private func width(_ text: String) -> Int { text.count }
}
