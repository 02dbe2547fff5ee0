// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegJSON
internal import RegKit

/// A comparison, and in which form people are to have it.
struct DiffAnswer: Answer {
    let report: DiffReport
    let isMarkdown: Bool
    /// The file of the page that was written.
    let page: BytePath?

    var json: JSON { report.json }
    var notes: [String] { report.notes + (page.map { ["the page is written to \(printable($0))"] } ?? []) }
    var warnings: [String] { report.warnings }

    func lines(_ style: TextStyle) -> [String] {
        isMarkdown ? DiffMarkdown(report: report).lines : report.lines(style)
    }
}
