// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegDiff
internal import RegJSON
internal import RegKit
internal import RegTensor

extension DiffReport.TensorChange {
    var members: JSONObject {
        let tensor = new ?? old
        var members: JSONObject = ["artifact": .string(artifact)]
        members.setPath("file", file)
        if let formerFile { members.setPath("from_file", formerFile) } else { members["from_file"] = .null }
        members["name"] = .string(name)
        members["status"] = .string(status.rawValue)
        members["from"] = .text(formerName)
        members["dtype"] = .text(tensor?.dtype)
        members["shape"] = shape(tensor)
        members["old_dtype"] = .text(old?.dtype)
        members["old_shape"] = shape(old)
        members["rel_l2"] = number(figures?.relativeL2)
        members["max_abs"] = number(figures?.largestChange)
        members["changed_fraction"] = number(figures?.changedShare)
        members["cosine"] = number(figures?.cosine)
        members["rel_l2_at_least"] = number(bounds?.relativeL2)
        members["max_abs_at_least"] = number(bounds?.largestChange)
        members["nan"] = counts(\.nanCount)
        members["inf"] = counts(\.infiniteCount)
        members["old"] = oldStatistics?.json ?? .null
        members["new"] = newStatistics?.json ?? .null
        return members
    }

    private func counts(_ count: (TensorStatistics) -> UInt64) -> JSON {
        if oldStatistics == nil && newStatistics == nil { return .null }
        return ["old": .count(oldStatistics.map(count)), "new": .count(newStatistics.map(count))]
    }

    private func shape(_ tensor: Tensor?) -> JSON {
        tensor.map { .array($0.shape.map { .count($0) }) } ?? .null
    }
}

/// A number, or the name of what is none.
func number(_ value: Double?) -> JSON {
    guard let value else { return .null }
    if value.isFinite { return .number(value) }
    return value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity"
}

extension TensorStatistics {
    fileprivate var json: JSON {
        ["mean": number(mean), "std": number(deviation), "min": number(minimum), "max": number(maximum)]
    }
}

// MARK: Text

/// Tensors of one module, `encoder.layer.3.*`, and how much they changed together.
struct TensorGroup {
    let name: String
    /// Those that changed most first.
    let tensors: [DiffReport.TensorChange]

    /// How much they changed: the norm of all differences, divided by that of all old elements; nil where nothing was compared.
    var relativeL2: Double? {
        let figures = tensors.compactMap(\.figures)
        if figures.isEmpty { return nil }
        let squares = figures.reduce(0) { $0 + $1.squares }
        return (squares / figures.reduce(0) { $0 + $1.old.squares }).squareRoot()
    }

    /// Groups of the tensors of one file, those that changed most first.
    static func groups(of tensors: [DiffReport.TensorChange]) -> [TensorGroup] {
        Dictionary(grouping: tensors) { moduleName(of: $0.name) ?? $0.name }
            .map { name, tensors in
                TensorGroup(
                    name: name, tensors: tensors.sorted { ($0.weight, $1.name) > ($1.weight, $0.name) })
            }
            .sorted { ($0.weight, $1.name) > ($1.weight, $0.name) }
    }

    private var weight: Double { relativeL2.map { $0.isNaN ? .infinity : $0 } ?? .infinity }

    /// Up to the first number in a path of modules, else all but the last part; nil where it is in no module.
    private static func moduleName(of name: String) -> String? {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        let numbered = parts.firstIndex { !$0.isEmpty && $0.utf8.allSatisfy { (48...57).contains($0) } }
        let count = min((numbered ?? parts.count) + 1, parts.count - 1)
        return count > 0 ? parts.prefix(count).joined(separator: ".") + ".*" : nil
    }
}

extension DiffReport.TensorChange {
    /// What sorts it: what could not be compared, and what is no number, comes first.
    var weight: Double {
        figures.map { $0.relativeL2.isNaN ? .infinity : $0.relativeL2 } ?? .infinity
    }
}

extension DiffReport {
    /// More tensors than this are told by module.
    private static let tensorLimit = 24

    /// The tensors of each file, by module.
    func tensorLines(_ style: TextStyle) -> [String] {
        var lines: [String] = []
        var start = tensors.startIndex
        while start < tensors.endIndex {
            let first = tensors[start]
            let end = tensors[start...].firstIndex { $0.artifact != first.artifact || $0.file != first.file }
            let changes = Array(tensors[start..<(end ?? tensors.endIndex)])
            let count = countText(changes.count, "tensor")
            lines += [
                "",
                "\(style.paint(printable(first.file), .bold)): \(count) differ\(changes.count == 1 ? "s" : "")",
                "",
            ]
            lines += table(changes, style)
            start = end ?? tensors.endIndex
        }
        if unchangedTensorCount > 0 {
            lines += ["", "\(countText(unchangedTensorCount, "tensor")) unchanged"]
        }
        return lines
    }

    private func table(_ changes: [TensorChange], _ style: TextStyle) -> [String] {
        let isCompared = changes.contains { $0.figures != nil }
        if !isCompared && changes.contains(where: { ($0.newStatistics ?? $0.oldStatistics) != nil }) {
            return summaryTable(changes, style)
        }
        let groups = TensorGroup.groups(of: changes)
        let isLong = changes.count > DiffReport.tensorLimit && !style.isVerbose
        let most = groups.compactMap(\.relativeL2).filter(\.isFinite).max() ?? 0
        let rows = groups.flatMap { group -> [[Table.Cell]] in
            if group.tensors.count == 1 { return group.tensors.map { $0.row(bar: most) } }
            return [group.row(bar: most)] + (isLong ? [] : group.tensors.map { $0.row(bar: nil) })
        }
        let limit = style.isVerbose ? rows.count : 60
        let table = Table(
            "TENSOR", "STATUS", "DTYPE", "SHAPE", .right("REL L2"), "", .right("MAX ABS"), .right("CHANGED"),
            "NAN", "INF", rows: Array(rows.prefix(limit)))
        let rest = rows.count - limit
        let hint = rest > 0 || isLong ? ["-v lists all tensors"] : []
        return table.lines(style) + hint
    }
}

extension DiffReport {
    /// What the tensors of both sides are like, where they were not compared; those that changed most for certain first.
    private func summaryTable(_ changes: [TensorChange], _ style: TextStyle) -> [String] {
        let limit = style.isVerbose ? changes.count : DiffReport.tensorLimit
        let sorted = changes.sorted { ($0.certainChange, $1.name) > ($1.certainChange, $0.name) }
        let table = Table(
            "TENSOR", "STATUS", "DTYPE", "SHAPE", .right("REL L2"), "MEAN", "STD", "MIN", "MAX", "NAN", "INF",
            rows: sorted.prefix(limit).map(\.summaryRow))
        let rest = changes.count - limit
        return table.lines(style)
            + (rest > 0 ? ["and \(countText(UInt64(rest), "tensor")) more; -v lists all"] : [])
    }
}

extension TensorGroup {
    fileprivate func row(bar most: Double) -> [Table.Cell] {
        let statuses = Set(tensors.map(\.status.rawValue)).sorted().joined(separator: ", ")
        return [
            .init("  " + printable(name), .bold),
            .init("\(tensors.count) \(statuses)"), "", "",
            .init(relativeL2.map { numberText($0) } ?? ""), .init(barText(relativeL2, of: most), .warning),
            "", "", "", "",
        ]
    }
}

extension DiffReport.TensorChange {
    /// How much it changed for certain; what nothing is known of comes first.
    fileprivate var certainChange: Double { bounds?.relativeL2 ?? .infinity }

    fileprivate var summaryRow: [Table.Cell] {
        [
            .init("  " + printable(name) + former), .init(status.rawValue, paint),
            .init(types), .init(shapes),
            .init(relativeL2Text),
            values(\.mean), values(\.deviation), values(\.minimum), values(\.maximum),
            counts(\.nanCount), counts(\.infiniteCount),
        ]
    }

    private func values(_ value: (TensorStatistics) -> Double) -> Table.Cell {
        let texts = [oldStatistics, newStatistics].compactMap { $0.map { numberText(value($0)) } }
        return .init(Set(texts).count == 1 ? texts[0] : texts.joined(separator: " to "))
    }

    private var paint: TextStyle.Paint {
        switch status {
        case .added: .good
        case .removed: .bad
        case .changed, .cast, .reshaped: .warning
        case .renamed: .plain
        }
    }

    /// Where it was, if that was elsewhere.
    var former: String {
        let places = [formerName.map { printable($0) }, formerFile.map { printable($0) }].compactMap(\.self)
        return places.isEmpty ? "" : " (from \(places.joined(separator: " in ")))"
    }

    /// `bar`: what a full bar stands for; nil for a member of a group.
    fileprivate func row(bar most: Double?) -> [Table.Cell] {
        [
            .init((most == nil ? "    " : "  ") + printable(name) + former), .init(status.rawValue, paint),
            .init(types), .init(shapes),
            .init(relativeL2Text),
            .init(most.map { barText(figures?.relativeL2, of: $0) } ?? "", .warning),
            .init(figures.map { numberText($0.largestChange) } ?? ""),
            .init(figures.map { percentText($0.changedShare) } ?? ""),
            counts(\.nanCount), counts(\.infiniteCount),
        ]
    }

    /// How much it changed, or how much at least; empty where that is not known.
    var relativeL2Text: String {
        if let figures { return numberText(figures.relativeL2) }
        return bounds.map { $0.relativeL2 > 0 ? "≥ " + numberText($0.relativeL2) : "" } ?? ""
    }

    /// Its dtype; where it changed, both.
    var types: String { change { printable($0.dtype) } }

    /// The same of its shape.
    var shapes: String { change { "[\($0.shape.map { "\($0)" }.joined(separator: ", "))]" } }

    private func change(_ text: (Tensor) -> String) -> String {
        let texts = [old, new].compactMap { $0.map(text) }
        return Set(texts).count == 1 ? texts[0] : texts.joined(separator: " to ")
    }

    /// A number that was or is not 0.
    private func counts(_ count: (TensorStatistics) -> UInt64) -> Table.Cell {
        let found = [oldStatistics, newStatistics].compactMap { $0.map(count) }
        guard found.contains(where: { $0 > 0 }) else { return "" }
        return .init(found.map { "\($0)" }.joined(separator: " to "), .bad)
    }
}
