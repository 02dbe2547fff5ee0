// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import reg

@Suite struct TableTests {
    @Test func numbersAreAlignedByTheirPoints() {
        let rows: [[Table.Cell]] = [
            ["a", "0.25", "x"], ["b", "1234.5", ""], ["c", "30", "y"], ["d", "missing", ""],
        ]
        #expect(
            Table("", .point("VALUE"), "", rows: rows).lines(TextStyle()) == [
                "     VALUE", "a     0.25  x", "b  1234.5", "c    30     y", "d  missing",
            ])
    }

    @Test func columnsAreAlignedAndEndWithoutSpaces() {
        let table = Table("NAME", .right("SIZE"), "PATH", rows: [["a", "10 B", "x"], ["long", "1 B", ""]])
        #expect(table.lines(TextStyle()) == ["NAME  SIZE  PATH", "a     10 B  x", "long   1 B"])
    }

    @Test func columnsWithoutContentAreLeftOut() {
        #expect(Table("A", "B", "C", rows: [["1", "", "3"]]).lines(TextStyle()) == ["A  C", "1  3"])
    }

    @Test func withoutRowsThereIsNothing() {
        #expect(Table("A", "B").lines(TextStyle()).isEmpty)
    }

    @Test func withoutTitlesThereIsNoHeading() {
        #expect(Table("", "", rows: [["a", "b"]]).lines(TextStyle()) == ["a  b"])
    }

    @Test func coloursTakeNoRoom() {
        let table = Table("", "", rows: [[.init("a", .bad), "x"], ["bb", "y"]])
        #expect(table.lines(TextStyle(isColored: true)) == ["\u{1b}[31ma\u{1b}[0m   x", "bb  y"])
    }
}
