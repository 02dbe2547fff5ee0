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
            + problems.map { style.paint("warning:", .warning) + " " + $0 }
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
        [Table.Cell("  metric"), .init(printable($0)), .init(metrics[$0]?.last.shown ?? "")]
    }
    let table = Table("", "", .right(""), rows: rows).lines(TextStyle())
    return table + (metrics.names.count > 12 ? ["  and \(metrics.names.count - 12) more metrics"] : [])
}

extension Double {
    /// With six digits at most.
    fileprivate var shown: String {
        if isNaN { return "NaN" }
        if !isFinite { return self < 0 ? "-Infinity" : "Infinity" }
        if self == rounded(), magnitude < 1e15 { return String(Int64(self)) }
        let scale = magnitude < 1e-3 || magnitude >= 1e6 ? 0 : 1e6
        return scale == 0 ? "\(self)" : "\((self * scale).rounded() / scale)"
    }
}

extension RunListReport: Answer {
    var json: JSON { ["runs": .array(runs.map(\.json)), "more": .bool(isCut)] }

    func lines(_ style: TextStyle) -> [String] {
        if runs.isEmpty { return ["no runs"] }
        let table = Table(
            "RUN", "STATE", .right("EXIT"), "STARTED", "COMMIT", "OUTPUTS", "METRICS", "BY",
            rows: runs.map { run in
                let metrics = run.metrics.names.prefix(3).map {
                    "\(printable($0))=\(run.metrics[$0]?.last.shown ?? "")"
                }
                return [
                    .init(run.id.shortRun, .bold), .init(run.state.word, run.state.paint),
                    .init(run.exit.map { "\($0)" } ?? ""), .init(run.started),
                    .init(run.commit.map { String($0.prefix(12)) } ?? ""),
                    .init(run.outputs.map { "\($0.name)@v\($0.version)" }.joined(separator: " ")),
                    .init(metrics.joined(separator: " ") + (run.metrics.names.count > 3 ? " …" : "")),
                    .init(printable(run.author), .dim),
                ]
            })
        return table.lines(style) + (isCut ? ["there are more: reg runs -n NUMBER"] : [])
    }
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
        for entry in pin?.lock.entries ?? [] {
            guard case .stored(let digest, _, _) = entry.content else { continue }
            rows.append(("input", "\(entry.name)  \(style.digest(digest))"))
        }
        for output in summary.outputs {
            rows.append(("output", "\(output.name)@v\(output.version)  \(style.digest(output.digest))"))
        }
        for name in summary.metrics.names {
            rows.append(("metric", "\(printable(name))  \(summary.metrics[name]?.last.shown ?? "")"))
        }
        return rows.filter { !$0.1.isEmpty }.map { label, value in
            style.paint(label.padding(to: 8), .dim) + "  " + value
        }
    }
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
                    .init("metric"), .init(printable(metric.name)), .init(metric.old?.shown ?? "none"),
                    .init(metric.new?.shown ?? "none"), word(metric.isSame), .init(metric.difference),
                ]
            }
        return run.lines(style) + ["compared with \(original.shortRun):"]
            + Table("", "NAME", .right("BEFORE"), .right("NOW"), "", .right("DIFFERENCE"), rows: rows).lines(
                style)
    }

    private func word(_ isSame: Bool) -> Table.Cell {
        isSame ? .init("same", .good) : .init("differs", .warning)
    }
}

extension RerunReport.Metric {
    fileprivate var difference: String {
        guard let old, let new, !isSame else { return "" }
        return (new - old).shown
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
