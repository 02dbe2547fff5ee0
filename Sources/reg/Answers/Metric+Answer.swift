// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegDiff
internal import RegJSON
internal import RegKit

extension DiffReport.Metric {
    var members: JSONObject {
        var members: JSONObject = ["artifact": .string(artifact)]
        members.setPath("file", file)
        members["name"] = .string(difference.name)
        members["old"] = number(difference.old)
        members["new"] = number(difference.new)
        members["difference"] = number(difference.difference)
        members["direction"] = .text(difference.direction?.rawValue)
        members["better"] = difference.isBetter.map { .bool($0) } ?? .null
        members["old_series"] = difference.oldSeries?.json ?? .null
        members["new_series"] = difference.newSeries?.json ?? .null
        return members
    }
}

extension MetricSeries {
    fileprivate var json: JSON {
        [
            "count": .count(count), "min": number(minimum), "max": number(maximum),
            "points": .array(points.map { .array([number($0.step), number($0.value)]) }),
        ]
    }
}

extension DiffReport {
    /// The metrics of each file; of many, the first few, unless more is asked for.
    func metricLines(_ style: TextStyle) -> [String] {
        var lines: [String] = []
        var rest = metrics[...]
        while let first = rest.first {
            let changes = rest.prefix { $0.artifact == first.artifact && $0.file == first.file }
            rest = rest.dropFirst(changes.count)
            lines += [
                "",
                "\(style.paint(printable(first.file), .bold)): \(countText(changes.count, "metric")) differ\(changes.count == 1 ? "s" : "")",
                "",
            ]
            let limit = style.isVerbose ? changes.count : 40
            lines += Table(
                "METRIC", .right("OLD"), "", .right("NEW"), .right("BY"), "", "BEST OF ALL STEPS",
                rows: changes.prefix(limit).map { $0.difference.row }
            ).lines(style)
            if changes.count > limit { lines.append("and \(changes.count - limit) more; -v lists all") }
        }
        if unchangedMetricCount > 0 {
            lines += ["", "\(countText(unchangedMetricCount, "metric")) unchanged"]
        }
        return lines
    }
}

extension MetricDifference {
    fileprivate var row: [Table.Cell] {
        let paint: TextStyle.Paint = isBetter.map { $0 ? .good : .bad } ?? .plain
        return [
            .init("  " + printable(name)), .init(old.map { numberText($0) } ?? "-"), .init("to", .dim),
            .init(new.map { numberText($0) } ?? "-"), .init(changeText, paint), .init(verdict, paint),
            .init(best),
        ]
    }

    /// `+0.01234`; empty where one side lacks it.
    var changeText: String { difference.map { ($0 > 0 ? "+" : "") + numberText($0) } ?? "" }

    /// What is to be said of the change, where its name tells which way is better.
    var verdict: String { isBetter.map { $0 ? "better" : "worse" } ?? "" }

    /// Over all steps, where there are any and it is known what is best.
    private var best: String {
        guard let direction else { return "" }
        let values = [oldSeries, newSeries].compactMap { series in
            series.map { direction == .higher ? $0.maximum : $0.minimum }
        }
        return values.count == 2 ? values.map { numberText($0) }.joined(separator: " to ") : ""
    }
}
