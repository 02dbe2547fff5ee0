// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegCatalog
internal import RegHash
internal import RegJSON
internal import RegKit
internal import RegLock
internal import RegLog
internal import RegMetrics

extension PromoteReport: Answer {
    var json: JSON {
        [
            "alias": .string(alias.text), "name": .string(name.text), "from": .count(from), "to": .count(to),
            "gate_name": .text(judgement?.gate), "gate_commit": .text(judgement?.commit.hex),
            "gate": .array((judgement?.results ?? []).map(\.json)), "promoted": .bool(record != nil),
            "record": .count(record), "reason": .text(reason), "dry_run": .bool(isDryRun),
            "metrics_from": judgement?.source.map { .object($0.origin) } ?? .null,
            "baseline_from": judgement?.holderSource.map { .object($0.origin) } ?? .null,
            "notes": .texts(notes),
        ]
    }

    func lines(_ style: TextStyle) -> [String] { [headline(style)] + gateLines(style) }

    private func headline(_ style: TextStyle) -> String {
        let subject = style.paint("\(name)@\(alias)", .bold)
        if isThereAlready { return "\(subject) is v\(to) already" }
        if let record {
            return style.paint("promoted", .good)
                + ": \(subject) is now v\(to) \(formerText(from)), record \(record)"
        }
        if failure != nil {
            let held = from.map { "is still v\($0), not v\(to)" } ?? "still names nothing"
            return style.paint("not promoted", .bad) + ": \(subject) \(held)"
        }
        return "dry run: \(subject) would be v\(to) (is \(heldText(from)))"
    }

    private func gateLines(_ style: TextStyle) -> [String] {
        guard let judgement else { return reason.map { ["no gate: \(printable($0))"] } ?? [] }
        let table = Table(
            "", "KPI", .point("VALUE"), "", .point("BOUND"), .point("BASELINE"), "CONDITION",
            rows: judgement.results.map(\.row))
        return ["gate \(judgement.gate) of commit \(style.commit(judgement.commit.hex))"] + table.lines(style)
            + sourceLines(judgement)
    }

    private func sourceLines(_ judgement: Judgement) -> [String] {
        ["metrics: " + (judgement.source?.text ?? "none")]
            + (judgement.holderSource.map { ["baseline: \($0.text)"] } ?? [])
    }

    /// The table of a gate that is not met is shown in any case.
    var isConfirmation: Bool { failure == nil && !isDryRun }
}

/// What an alias held before: `(was v6)`, `(was nothing)`.
func formerText(_ version: UInt64?) -> String { "(was \(heldText(version)))" }

private func heldText(_ version: UInt64?) -> String { version.map { "v\($0)" } ?? "nothing" }

extension Measured {
    /// Where it is from.
    var origin: JSONObject {
        var run: String?
        if case .run(let id) = source { run = "run-" + id.hex }
        return ["run": .text(run), "record": .count(record)]
    }
}

extension JSON {
    static func measured(_ value: Double?) -> JSON { value.map(JSON.number) ?? .null }
}

extension GateResult {
    fileprivate var json: JSON {
        [
            "text": .string(condition.text), "metric": .string(metric), "value": .measured(value),
            "operator": .string(comparison.rawValue), "bound": .measured(bound),
            "baseline": .measured(baseline), "ok": .bool(verdict != .failed),
            "skipped": .bool(verdict == .skipped),
        ]
    }

    fileprivate var row: [Table.Cell] {
        let (word, paint): (String, TextStyle.Paint) =
            switch verdict {
            case .met: ("met", .good)
            case .failed: ("failed", .bad)
            case .skipped: ("skipped", .warning)
            }
        let remark = verdict == .skipped ? " (the alias holds nothing yet)" : ""
        let texts = texts
        return [
            .init(word, paint), .init(printable(metric), .bold), .init(texts.value ?? "missing"),
            .init(comparison.rawValue), .init(texts.bound ?? ""), .init(texts.baseline ?? ""),
            .init(printable(condition.text) + remark, .dim),
        ]
    }
}

/// The moves of an alias, newest first.
struct PromotionsAnswer: Answer {
    let promotions: [Promotion]

    var json: JSON { ["entries": .array(promotions.map(\.json))] }

    func lines(_ style: TextStyle) -> [String] {
        let table = Table(
            .right("RECORD"), "TIME", "NAME", "MOVE", "GATE", "AUTHOR", "REASON",
            rows: promotions.map { $0.row(style) })
        return table.lines(style)
    }
}

extension Promotion {
    var json: JSON {
        [
            "record": .count(record), "time": .string(time), "author": .string(author),
            "name": .string(name.text), "alias": .string(alias.text), "from": .count(from), "to": .count(to),
            "gate": gate?.json ?? .null, "reason": .text(reason), "rollback": .bool(isRollback),
        ]
    }

    /// `v7 (was v6)`, `back to v6 (was v7)`.
    private var move: String { (isRollback ? "back to " : "") + "v\(to) \(formerText(from))" }

    fileprivate func row(_ style: TextStyle) -> [Table.Cell] {
        [
            .init("\(record)"), .init(printable(time), .dim), .init(name.text, .bold), .init(move),
            .init(printable(gate.map { "\($0.name) at \(style.commit($0.commit ?? ""))" } ?? "")),
            .init(printable(author)), .init(printable(reason.map { "no gate: \($0)" } ?? "")),
        ]
    }
}

extension RollbackReport: Answer {
    var json: JSON {
        [
            "alias": .string(alias.text), "name": .string(name.text), "from": .count(from), "to": .count(to),
            "record": .count(record),
        ]
    }

    func lines(_ style: TextStyle) -> [String] {
        let subject = style.paint("\(name)@\(alias)", .bold)
        return [
            style.paint("rolled back", .good)
                + ": \(subject) is v\(to) again \(formerText(from)), record \(record)"
        ]
    }

    var isConfirmation: Bool { true }
}
