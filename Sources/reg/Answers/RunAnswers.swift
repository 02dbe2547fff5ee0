// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegHash
internal import RegJSON
internal import RegKit
internal import RegLock
internal import RegLog
internal import RegMetrics
internal import RegPin

extension RunReport: Answer {
    var json: JSON {
        [
            "run": .string(id.run), "attempt": .count(attempt), "pin": .digest(pin),
            "status": .text(status?.rawValue), "exit": .integer(Int64(commandExit)),
            "outputs": .array(outputs.map(\.json)), "metrics": lastValues(of: metrics),
            "record": .count(record), "problems": .texts(problems),
            "failure": .text(failure?.message), "notes": .texts(notes),
        ]
    }

    func lines(_ style: TextStyle) -> [String] {
        let word = status?.rawValue ?? (failure == nil ? "ended" : "not archived")
        let state = style.paint(word, status == .succeeded ? .good : .bad)
        let place = record.map { ", record \($0)" } ?? ""
        let exit = commandExit == 0 ? "" : " with exit status \(commandExit)"
        return ["\(id.shortRun) \(state)\(exit)\(place)"]
            + problems.map {
                missing.contains($0)
                    ? style.paint("error:", .bad) + " " + $0 : style.paint("warning:", .warning) + " " + $0
            }
            + outputs.map { "  output  \($0.name)@v\($0.version)  \(style.digest($0.digest))" }
            + metricLines(metrics)
            + (failure == nil ? [] : ["  it waits on this host: reg push archives it"])
            + notes
    }
}

extension Operation.Run.Output {
    var json: JSON {
        ["name": .string(name.text), "version": .count(version), "digest": .digest(digest)]
    }
}

/// The last value of each metric.
private func lastValues(of metrics: Metrics) -> JSON {
    .object(JSONObject(unique: metrics.names.map { (key: $0, value: .number(metrics[$0]?.last ?? .nan)) }))
}

private func metricLines(_ metrics: Metrics) -> [String] {
    let shown = metrics.names.prefix(12)
    let rows = shown.map {
        [Table.Cell("  metric"), .init(printable($0)), .init(metrics[$0]?.last.metricText ?? "")]
    }
    let table = Table("", "", .point(""), rows: rows).lines(TextStyle())
    return table + (metrics.names.count > 12 ? ["  and \(metrics.names.count - 12) more metrics"] : [])
}

extension RunListReport: Answer {
    var json: JSON { ["runs": .array(runs.map(\.json)), "more": .bool(isCut)] }

    func lines(_ style: TextStyle) -> [String] {
        if runs.isEmpty { return ["no runs"] }
        let table = Table(
            "RUN", "STATE", "STARTED (UTC)", "COMMIT", "OUTPUTS", "METRICS", "BY",
            rows: runs.map { run in
                let outputs = run.outputs.map { "\($0.name)@v\($0.version)" }
                let metrics = run.metrics.names.map {
                    "\(printable($0))=\(run.metrics[$0]?.last.metricText ?? "")"
                }
                return [
                    .init(run.id.shortRun, .bold), .init(run.stateText, run.state.paint),
                    .init(printable(style.isVerbose ? run.started : minuteText(run.started))),
                    .init(run.commit.map { style.commit($0) } ?? ""),
                    .init(list(outputs, within: style.isVerbose ? .max : 14)),
                    .init(list(metrics, within: style.isVerbose ? .max : 20)),
                    .init(printable(style.isVerbose ? run.author : nameText(run.author)), .dim),
                ]
            })
        return table.lines(style) + (isCut ? ["there are more: reg runs -n NUMBER"] : [])
    }
}

/// As many texts as fit into `width` characters, but one at least, and how many there are more.
private func list(_ texts: [String], within width: Int) -> String {
    var shown = texts.first ?? ""
    for (index, text) in texts.enumerated().dropFirst() {
        let isLast = index == texts.count - 1
        guard shown.count + 1 + text.count + (isLast ? 0 : 3) <= width else {
            return shown + " +\(texts.count - index)"
        }
        shown += " " + text
    }
    return shown
}

/// `2026-11-27 19:40`, of `2026-11-27T19:40:45Z`.
private func minuteText(_ time: String) -> String {
    let parts = time.split(separator: "T", omittingEmptySubsequences: false)
    guard parts.count == 2, parts[0].count == 10, parts[1].count == 9, parts[1].hasSuffix("Z") else {
        return time
    }
    return "\(parts[0]) \(parts[1].prefix(5))"
}

/// `Ada Lovelace`, of `Ada Lovelace <ada@example.org>`.
private func nameText(_ author: String) -> String {
    guard let mark = author.firstRange(of: " <"), mark.lowerBound > author.startIndex else { return author }
    return String(author[..<mark.lowerBound])
}

extension RunSummary.State {
    var word: String {
        switch self {
        case .recorded(let status): status.rawValue
        case .running: "running"
        case .waiting(nil): "killed, not archived"
        case .waiting: "not archived"
        }
    }

    fileprivate var paint: TextStyle.Paint {
        switch self {
        case .recorded(.succeeded): .good
        case .running: .plain
        default: .bad
        }
    }
}

extension RunSummary {
    /// `failed (3)`.
    fileprivate var stateText: String {
        guard let exit, exit != 0 else { return state.word }
        return "\(state.word) (\(exit))"
    }

    var json: JSON {
        [
            "run": .string(id.run), "attempt": .count(attempt), "pin": pin.map { .digest($0) } ?? .null,
            "state": .string(state.word), "exit": exit.map { .integer(Int64($0)) } ?? .null,
            "started": .string(started), "ended": .text(ended), "commit": .text(commit),
            "outputs": .array(outputs.map(\.json)), "metrics": lastValues(of: metrics),
            "rerun_of": .text(original?.run), "job": .text(job), "author": .string(author),
        ]
    }
}

extension RunDetails: Answer {
    var json: JSON {
        guard case .object(var object) = summary.json else { return .null }
        object["record"] = .count(record)
        object["archive"] = archive.map { .digest($0) } ?? .null
        object["pinned"] = pin?.json ?? .null
        object["inputs"] = .array(
            inputs.map {
                ["name": .string($0.name.text), "version": .count($0.version), "digest": .digest($0.digest)]
            })
        object["description"] = description
        return .object(object)
    }

    func lines(_ style: TextStyle) -> [String] {
        var rows: [(String, String)] = [
            ("run", summary.id.run),
            ("state", summary.state.word + (summary.exit.map { ", exit status \($0)" } ?? "")),
            ("attempt", "\(summary.attempt)"), ("started", summary.started), ("ended", summary.ended ?? ""),
            ("by", printable(summary.author)),
        ]
        if let commit = summary.commit { rows.append(("commit", style.commit(commit))) }
        if let pin = summary.pin { rows.append(("pin", pin.text)) }
        if let command = description["command"]?.arrayValue?.compactMap(\.stringValue) {
            rows.append(("command", printable(command.joined(separator: " "))))
        }
        if let original = summary.original { rows.append(("repeats", original.shortRun)) }
        if let job = summary.job { rows.append(("job", printable(job))) }
        if let host = description["host"], host != .null { rows += hostRows(host) }
        for problem in description["problems"]?.arrayValue?.compactMap(\.stringValue) ?? [] {
            rows.append(("problem", printable(problem)))
        }
        rows += named(
            "input",
            inputs.map { input in
                let version = input.version.map { "@v\($0)" } ?? ""
                return [.init(input.name.text + version), .init(style.digest(input.digest))]
            })
        rows += named(
            "output",
            summary.outputs.map { [.init("\($0.name)@v\($0.version)"), .init(style.digest($0.digest))] })
        rows += named(
            "metric", values: .point(""),
            summary.metrics.names.map {
                [.init(printable($0)), .init(summary.metrics[$0]?.last.metricText ?? "")]
            })
        return rows.filter { !$0.1.isEmpty }.map { label, value in
            style.paint(label.padding(to: 8), .dim) + "  " + value
        }
    }
}

/// Rows of one label, aligned among themselves.
private func named(
    _ label: String, values: Table.Column = "", _ rows: [[Table.Cell]]
) -> [(String, String)] {
    Table("", values, rows: rows).lines(TextStyle()).map { (label, $0) }
}

/// What machine a run was on.
private func hostRows(_ host: JSON) -> [(String, String)] {
    var rows: [(String, String)] = []
    if let name = host["name"]?.stringValue {
        let processor = host["processor"]?.stringValue.map { ", \(printable($0))" } ?? ""
        rows.append(("host", printable(name) + processor))
    }
    for gpu in host["gpus"]?.arrayValue ?? [] {
        guard let name = gpu["name"]?.stringValue else { continue }
        rows.append(
            ("gpu", printable(name) + (gpu["driver"]?.stringValue.map { ", driver \(printable($0))" } ?? "")))
    }
    if let version = host["python"]?["version"]?.stringValue {
        let count = host["python"]?["packages"]?.objectValue?.members.count ?? 0
        rows.append(("python", "\(printable(version)), \(count) packages"))
    }
    return rows
}

extension String {
    fileprivate func padding(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }
}

extension RerunReport: Answer {
    var json: JSON {
        guard case .object(var object) = run.json else { return .null }
        object["rerun_of"] = .string(original.run)
        object["compared"] = [
            "outputs": .array(
                outputs.map {
                    [
                        "name": .string($0.name.text), "old": $0.old.map { .digest($0.digest) } ?? .null,
                        "new": $0.new.map { .digest($0.digest) } ?? .null, "same": .bool($0.isSame),
                    ]
                }),
            "metrics": .array(
                metrics.map {
                    [
                        "name": .string($0.name), "old": $0.old.map { .number($0) } ?? .null,
                        "new": $0.new.map { .number($0) } ?? .null, "same": .bool($0.isSame),
                    ]
                }),
        ]
        return .object(object)
    }

    func lines(_ style: TextStyle) -> [String] {
        let rows =
            outputs.map { output in
                [
                    Table.Cell("output"), .init(output.name.text),
                    .init(output.old.map { style.digest($0.digest) } ?? "none"),
                    .init(output.new.map { style.digest($0.digest) } ?? "none"), word(output.isSame),
                    .init(""),
                ]
            }
            + metrics.map { metric in
                [
                    .init("metric"), .init(printable(metric.name)), .init(metric.old?.metricText ?? "none"),
                    .init(metric.new?.metricText ?? "none"), word(metric.isSame), .init(metric.difference),
                ]
            }
        return run.lines(style) + ["compared with \(original.shortRun):"]
            + Table("", "NAME", .point("BEFORE"), .point("NOW"), "", .point("DIFFERENCE"), rows: rows).lines(
                style)
    }

    private func word(_ isSame: Bool) -> Table.Cell {
        isSame ? .init("same", .good) : .init("differs", .warning)
    }
}

extension RerunReport.Metric {
    fileprivate var difference: String {
        guard let old, let new, !isSame else { return "" }
        return (new - old).metricText
    }
}

extension RunEnvironmentReport: Answer {
    var json: JSON {
        [
            "pin": .digest(pin), "inputs": .string(inputs.lossy),
            "variables": .object(
                JSONObject(unique: variables.map { (key: $0.name, value: .string($0.value.lossy)) })),
            "notes": .texts(notes),
        ]
    }

    /// Lines for a shell.
    func lines(_ style: TextStyle) -> [String] {
        variables.map { "export \($0.name)=\(quoted($0.value.lossy))" }
    }

    private func quoted(_ text: String) -> String { "'" + text.replacing("'", with: "'\\''") + "'" }
}
