// SPDX-License-Identifier: Apache-2.0
internal import RegJSON
internal import RegKit

/// A comparison, and in which form people are to have it.
struct DiffAnswer: Answer {
    let report: DiffReport
    let isMarkdown: Bool

    var json: JSON { report.json }
    var notes: [String] { report.notes }
    var warnings: [String] { report.warnings }

    func lines(_ style: TextStyle) -> [String] {
        isMarkdown ? DiffMarkdown(report: report).lines : report.lines(style)
    }
}
