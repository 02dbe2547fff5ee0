// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegCatalog
internal import RegHash
internal import RegJSON
internal import RegLog

/// The log's operations, newest first.
struct HistoryAnswer: Answer {
    let entries: [HistoryEntry]

    var json: JSON { ["entries": .array(entries.map(\.json))] }

    func lines(_ style: TextStyle) -> [String] {
        guard !entries.isEmpty else { return ["nothing in the log"] }
        let table = Table(
            .right("RECORD"), "TIME", "KIND", "NAME", "VERSION", "DIGEST", "COMMIT", "AUTHOR", "MESSAGE",
            rows: entries.map { $0.row(style) })
        return table.lines(style)
    }
}

extension HistoryEntry {
    fileprivate var json: JSON {
        [
            "record": .count(record), "kind": .string(kind), "time": .string(time), "name": .text(name),
            "version": .count(version), "digest": .digest(digest), "commit": .text(commit),
            "author": .string(author), "message": .text(message), "reason": .text(reason),
            "alias": .text(alias?.text), "from": .count(from), "run": .text(run.map { "run-" + $0.hex }),
            "status": .text(status),
        ]
    }

    fileprivate func row(_ style: TextStyle) -> [Table.Cell] {
        [
            .init("\(record)"), .init(printable(time), .dim),
            .init(printable(kind), kind == "void" ? .bad : .plain), .init(printable(name ?? ""), .bold),
            .init(version.map { "v\($0)" } ?? ""), .init(digest.map { style.digest($0) } ?? "", .dim),
            .init(printable(commit.map { style.commit($0) } ?? "")), .init(printable(author)),
            .init(reason.map { printable($0) } ?? line(style)),
        ]
    }

    /// What the columns do not say.
    private func line(_ style: TextStyle) -> String {
        let text = printable(message ?? "")
        if let alias {
            let move = isRollback ? "back from v\(from ?? 0)" : from.map { "from v\($0)" } ?? "new"
            return "\(alias): \(move)" + (text.isEmpty ? "" : ", no gate: \(text)")
        }
        if let run { return "run-\(run.hex.prefix(12)) \(status ?? "")" }
        if let metrics { return metrics.text(style) }
        return command.isEmpty ? text : printable(command.joined(separator: " "))
    }
}
