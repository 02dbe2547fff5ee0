// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegDiff
internal import RegJSON
internal import RegKit

extension DiffReport.ConfigChange {
    var members: JSONObject {
        var members: JSONObject = ["artifact": .string(artifact)]
        members.setPath("file", file)
        members["key"] = .string(difference.key)
        members["status"] = .string(status)
        members["old"] = difference.old?.withoutOddNumbers ?? .null
        members["new"] = difference.new?.withoutOddNumbers ?? .null
        return members
    }

    private var status: String {
        if difference.old == nil { return "added" }
        return difference.new == nil ? "removed" : "changed"
    }

    fileprivate func row(_ style: TextStyle) -> [Table.Cell] {
        let paint: TextStyle.Paint = ["added": .good, "removed": .bad][status] ?? .warning
        let values = [difference.old, difference.new].compactMap { $0.map { text($0, style) } }
        return [
            .init("  " + status, paint), .init(printable(difference.key)),
            .init(values.joined(separator: " to ")),
        ]
    }

    /// A value on one line; of a long one the beginning, unless more is asked for.
    private func text(_ value: JSON, _ style: TextStyle) -> String {
        let text = printable(value.compact)
        return text.count <= 60 || style.isVerbose ? text : text.prefix(59) + "…"
    }
}

extension JSON {
    /// The same; what is no number of JSON by its name.
    fileprivate var withoutOddNumbers: JSON {
        guard case .number(let value) = self, !value.isFinite else { return self }
        return value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity"
    }
}

extension DiffReport {
    /// The keys of each config; of many, the first few, unless more is asked for.
    func configLines(_ style: TextStyle) -> [String] {
        var lines: [String] = []
        var rest = configs[...]
        while let first = rest.first {
            let changes = rest.prefix { $0.artifact == first.artifact && $0.file == first.file }
            rest = rest.dropFirst(changes.count)
            let verb = changes.count == 1 ? "differs" : "differ"
            lines += [
                "",
                "\(style.paint(printable(first.file), .bold)): \(countText(changes.count, "key")) \(verb)",
                "",
            ]
            let limit = style.isVerbose ? changes.count : 40
            lines += Table("", "", "", rows: changes.prefix(limit).map { $0.row(style) }).lines(style)
            if changes.count > limit { lines.append("and \(changes.count - limit) more; -v lists all") }
        }
        return lines
    }
}
