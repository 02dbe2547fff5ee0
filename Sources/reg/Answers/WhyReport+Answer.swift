// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegCatalog
internal import RegHash
internal import RegJSON
internal import RegKit
internal import RegLock
internal import RegLog
internal import RegMetrics
internal import RegPin

extension WhyReport: Answer {
    var json: JSON {
        var members: JSONObject = [
            "name": .string(version.name.text), "version": .count(version.number),
            "digest": .digest(version.digest), "type": .string(version.type.rawValue),
            "bytes": .count(version.byteCount), "files": .count(version.fileCount),
            "message": .text(version.message), "aliases": .texts(aliases.map(\.text)),
            "commits": .texts(commits), "run": origin.map { .object($0.members) } ?? .null,
        ]
        for (key, value) in maker.members.members { members[key] = value }
        members["measured"] = .null
        if let measured {
            var object = measured.origin
            object["metrics"] = measured.metrics.lastValues
            members["measured"] = .object(object)
        }
        members["statement"] = .null
        if let statement {
            var object = statement.maker.members
            object["metrics"] = statement.metrics.lastValues
            members["statement"] = .object(object)
        }
        members["promotions"] = .array(promotions.map(\.json))
        return .object(members)
    }

    func lines(_ style: TextStyle) -> [String] {
        let title = style.paint("\(version.name)@v\(version.number)", .bold)
        let what =
            "\(version.type.rawValue), \(sizeText(version.byteCount)) in \(countText(version.fileCount, "file"))"
        let rows = makingRows(style) + measuringRows(style) + promotionRows(style)
        return ["\(title): \(what)"] + Table("", "", rows: rows.filter { !$0[1].text.isEmpty }).lines(style)
    }

    private func makingRows(_ style: TextStyle) -> [[Table.Cell]] {
        var rows: [[Table.Cell]] = [
            ["digest", .init(style.digest(version.digest), .dim)],
            ["is", .init(aliases.map(\.text).joined(separator: ", "), .good)],
        ]
        if let origin {
            rows += origin.rows(style)
        } else {
            rows.append(["pushed", .init(maker.text)])
        }
        let shown = commits.prefix(style.isVerbose ? .max : 3).map { style.commit($0) }
        let rest = commits.count - shown.count
        rows.append(["message", .init(printable(version.message ?? ""))])
        rows.append([
            "in commits",
            .init(printable((shown + (rest > 0 ? ["and \(rest) more"] : [])).joined(separator: ", "))),
        ])
        return rows
    }

    private func measuringRows(_ style: TextStyle) -> [[Table.Cell]] {
        var rows: [[Table.Cell]] = []
        if let measured {
            rows.append(["metrics", .init(measured.metrics.text(style))])
            rows.append(["  from", .init(measured.text, .dim)])
        }
        if let statement, measured?.record != statement.maker.record {
            rows.append(["stated", .init(statement.metrics.text(style))])
            rows.append(["  by", .init(statement.maker.text, .dim)])
        }
        return rows
    }

    private func promotionRows(_ style: TextStyle) -> [[Table.Cell]] {
        promotions.prefix(style.isVerbose ? .max : 5).flatMap { promotion -> [[Table.Cell]] in
            let maker = makerText(promotion.author, promotion.time, promotion.record)
            let how = promotion.isRollback ? "rolled back" : "promoted"
            var rows: [[Table.Cell]] = [
                [.init(how), .init("\(promotion.alias) \(formerText(promotion.from)), \(maker)")]
            ]
            if let reason = promotion.reason { rows.append(["  no gate", .init(printable(reason))]) }
            guard let gate = promotion.gate else { return rows }
            let commit = gate.commit.map { " of commit \(style.commit($0))" } ?? ""
            rows.append(["  gate", .init(printable(gate.name + commit))])
            return rows + gate.conditions.map { ["", .init(printable($0.sentence))] }
        }
    }
}

extension Operation.Promote.Gate.Condition {
    /// `map50 >= 0.81: 0.82 against 0.81`.
    fileprivate var sentence: String {
        // Without anything to hold it against it is only met where there was no version to compare with.
        if isMet && bound == nil { return "\(text): skipped, since the alias held nothing yet" }
        let limit = bound.map { " against \($0.metricText)" } ?? ""
        return "\(text): " + (value.map { "\($0.metricText)\(limit)" } ?? "not measured")
    }
}

extension Metrics {
    /// The last value of each.
    var lastValues: JSON {
        .object(JSONObject(unique: names.compactMap { name in self[name].map { (name, .number($0.last)) } }))
    }

    /// The first few, with their values.
    func text(_ style: TextStyle) -> String {
        let shown = names.prefix(style.isVerbose ? .max : 8).map {
            "\($0) \(self[$0]?.last.metricText ?? "")"
        }
        let rest = names.count - shown.count
        return printable((shown + (rest > 0 ? ["and \(rest) more"] : [])).joined(separator: ", "))
    }
}

extension WhyReport.Maker {
    fileprivate var members: JSONObject {
        ["record": .count(record), "author": .string(author), "time": .string(time)]
    }

    fileprivate var text: String { makerText(author, time, record) }
}

/// `by Ada at 2026-11-22T17:45:15Z (record 5)`.
private func makerText(_ author: String, _ time: String, _ record: UInt64) -> String {
    "by \(printable(author)) at \(printable(time)) (record \(record))"
}

extension WhyReport.Origin {
    fileprivate var members: JSONObject {
        var members: JSONObject = [
            "run": .string("run-" + run.id.hex), "attempt": .count(run.attempt),
            "status": .string(run.status.rawValue), "exit": .count(run.exit.map(UInt64.init)),
            "started": .string(run.started), "ended": .string(run.ended),
            "rerun_of": .text(run.original.map { "run-" + $0.hex }), "pin": .digest(pin.id),
            "commit": .string(pin.commit.hex), "patched": .bool(pin.patch != nil),
            "command": .texts(pin.command), "image": .text(pin.image), "seed": .count(pin.seed),
            "inputs": .array(inputs.map(\.json)),
        ]
        for (key, value) in maker.members.members { members[key] = value }
        return members
    }

    fileprivate func rows(_ style: TextStyle) -> [[Table.Cell]] {
        let name = "run-" + (style.isVerbose ? run.id.hex : String(run.id.hex.prefix(12)))
        let exit = run.exit.map { $0 == 0 ? "" : " with exit status \($0)" } ?? ""
        let patched = pin.patch == nil ? "" : ", with a patch"
        var rows: [[Table.Cell]] = [
            ["written by", .init("\(name), which \(run.status.rawValue)\(exit)", .bold)],
            ["  from", .init("\(printable(run.started)) to \(printable(run.ended))")],
            ["  archived", .init(maker.text)],
            ["  again as", .init(run.original.map { "run-\($0.hex.prefix(12))" } ?? "")],
            ["command", .init(printable(pin.command.joined(separator: " ")))],
            ["pin", .init(style.digest(pin.id), .dim)],
            ["commit", .init(style.commit(pin.commit.hex) + patched)],
            ["image", .init(printable(pin.image ?? ""))],
            ["seed", .init(pin.seed.map { "\($0)" } ?? "")],
        ]
        for (number, input) in inputs.enumerated() {
            rows.append([number == 0 ? "inputs" : "", .init(input.text)])
        }
        return rows
    }
}

extension WhyReport.Input {
    fileprivate var json: JSON {
        [
            "name": .string(name.text), "version": .count(version?.number), "digest": .digest(digest),
            "type": .text(version?.type.rawValue), "run": .text(run.map { "run-" + $0.hex }),
            "record": .count(maker?.record), "author": .text(maker?.author), "time": .text(maker?.time),
        ]
    }

    /// `val@v2, pushed by Ada at …`.
    fileprivate var text: String {
        let subject = version.map { "\(name)@v\($0.number)" } ?? "\(name)@\(digest.short)"
        if let run { return "\(subject), written by run-\(run.hex.prefix(12))" }
        return subject + (maker.map { ", pushed \($0.text)" } ?? "")
    }
}
