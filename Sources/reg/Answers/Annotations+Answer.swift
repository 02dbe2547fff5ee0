// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegDiff
internal import RegJSON
internal import RegKit

extension DiffReport.Annotations {
    var members: JSONObject {
        var members: JSONObject = ["artifact": .string(artifact)]
        members.setPath("file", file)
        members["format"] = .string(difference.format.rawValue)
        members["key"] = .texts(difference.key)
        members["totals"] = .array(difference.totals.map(\.json))
        members["classes"] = .array(
            difference.classes.map {
                ["name": .string($0.name), "old": .count($0.old), "new": .count($0.new)]
            })
        members["changes"] = .array(difference.examples.map(\.json))
        members["shared_images"] = .array(
            sharedImages.map { shared in
                var members = JSONObject()
                members.setPath("file", shared.file)
                members["old"] = .count(shared.old)
                members["new"] = .count(shared.new)
                members["examples"] = .texts(shared.examples)
                return .object(members)
            })
        return members
    }
}

extension AnnotationDifference.Total {
    fileprivate var json: JSON {
        var members: JSONObject = [
            "subject": .string(subject.rawValue), "old": .count(old), "new": .count(new),
        ]
        for status in AnnotationChange.Status.allCases { members[status.rawValue] = .count(self[status]) }
        return .object(members)
    }
}

extension AnnotationChange {
    fileprivate var json: JSON {
        [
            "subject": .string(subject.rawValue), "status": .string(status.rawValue), "name": .string(name),
            "image": .text(image), "old": old?.json ?? .null, "new": new?.json ?? .null,
            "iou": number(overlap),
            "fields": .array(
                fields.map { ["name": .string($0.name), "old": .text($0.old), "new": .text($0.new)] }),
        ]
    }
}

extension AnnotationChange.Box {
    fileprivate var json: JSON {
        [
            "label": .string(label), "x": number(x), "y": number(y), "width": number(width),
            "height": number(height),
        ]
    }
}

// MARK: Text

extension DiffReport {
    /// The annotations of each file: what changed, how many of each class there are, and the first few changes.
    func annotationLines(_ style: TextStyle) -> [String] {
        annotations.flatMap {
            ["", $0.title(style), ""] + $0.difference.lines(style) + $0.sharedLines(style)
        }
    }
}

extension DiffReport.Annotations {
    fileprivate func title(_ style: TextStyle) -> String {
        let name = file.isEmpty ? printable(artifact) : printable(file)
        let key = difference.key.isEmpty ? "" : ", by \(printable(difference.key.joined(separator: ", ")))"
        return style.paint(name, .bold) + ": \(difference.format.rawValue)\(key)"
    }
}

extension DiffReport.Annotations {
    /// What leaks from one split into another.
    fileprivate func sharedLines(_ style: TextStyle) -> [String] {
        if sharedImages.isEmpty { return [] }
        return [""]
            + sharedImages.map { shared in
                let counts = style.paint("\(shared.old) to \(shared.new)", shared.new > 0 ? .bad : .plain)
                let example = shared.examples.first.map { ", as \(short($0, style))" } ?? ""
                return "  \(counts) images are in \(printable(shared.file)) as well\(example)"
            }
    }
}

extension AnnotationDifference {
    /// Classes and changes that are shown, unless more is asked for.
    private static let classLimit = 20
    private static let changeLimit = 10

    fileprivate func lines(_ style: TextStyle) -> [String] {
        totalLines(style) + classLines(style) + changeLines(style)
    }

    private func totalLines(_ style: TextStyle) -> [String] {
        let rows = totals.filter { $0.old + $0.new > 0 }.map { total -> [Table.Cell] in
            let counts: [Table.Cell] = AnnotationChange.Status.allCases.map { status in
                Table.Cell(total[status] == 0 ? "" : "\(total[status])", status.paint)
            }
            return [
                .init("  " + total.subject.plural), .init("\(total.old)"), .init("to", .dim),
                .init("\(total.new)"),
            ] + counts
        }
        return Table(
            "", .right("OLD"), "", .right("NEW"), .right("ADDED"), .right("REMOVED"), .right("MOVED"),
            .right("RELABELLED"), .right("CHANGED"), rows: rows
        ).lines(style)
    }

    private func classLines(_ style: TextStyle) -> [String] {
        guard !classes.isEmpty else { return [] }
        // Those that changed most first, but for who wants all of them.
        let changed = classes.filter { $0.old != $0.new }.sorted {
            ($1.changeCount, $0.name) < ($0.changeCount, $1.name)
        }
        let shown = style.isVerbose ? classes : Array(changed.prefix(Self.classLimit))
        let most = Double(classes.map { max($0.old, $0.new) }.max() ?? 0)
        let rows = shown.map { count -> [Table.Cell] in
            let (old, new) = (count.old, count.new)
            let sign = new < old ? "-" : "+"
            return [
                .init("  " + short(count.name, style)), .init("\(old)"), .init("to", .dim), .init("\(new)"),
                .init(old == new ? "" : sign + "\(count.changeCount)", new < old ? .bad : .good),
                .init(barText(Double(new), of: most), .dim),
            ]
        }
        let rest = classes.count - shown.count
        let table = Table("CLASS", .right("OLD"), "", .right("NEW"), .right("BY"), "", rows: rows).lines(
            style)
        return [
            "",
            "  \(classes.count) class\(classes.count == 1 ? "" : "es"), \(changed.count) with another count",
        ]
            + (rows.isEmpty ? [] : [""] + table)
            + (rest > 0 && !rows.isEmpty ? ["and \(rest) more; -v lists all"] : [])
    }

    private func changeLines(_ style: TextStyle) -> [String] {
        if examples.isEmpty { return [] }
        let shown = style.isVerbose ? examples : firstOfEach(Self.changeLimit)
        let rows = shown.map { $0.row(style) }
        let rest = changeCount - UInt64(shown.count)
        return [""] + Table("", "", "", "", rows: rows).lines(style)
            + (rest > 0 ? ["and \(rest) more" + (style.isVerbose ? "" : "; -v lists more")] : [])
    }

    /// A few of the examples, of each kind some.
    private func firstOfEach(_ limit: Int) -> [AnnotationChange] {
        var counts: [String: Int] = [:]
        let kinds = Set(examples.map { "\($0.subject) \($0.status)" }).count
        return examples.filter { change in
            let kind = "\(change.subject) \(change.status)"
            counts[kind, default: 0] += 1
            return counts[kind, default: 0] <= max(2, limit / max(1, kinds))
        }
    }
}

extension ClassCount {
    fileprivate var changeCount: UInt64 { max(old, new) - min(old, new) }
}

extension AnnotationChange.Status {
    fileprivate var paint: TextStyle.Paint {
        switch self {
        case .added: .good
        case .removed: .bad
        case .moved, .relabelled, .changed: .warning
        }
    }
}

extension AnnotationChange.Subject {
    var plural: String {
        switch self {
        case .image: "images"
        case .category: "categories"
        case .box: "boxes"
        case .record: "records"
        }
    }
}

extension AnnotationChange {
    fileprivate func row(_ style: TextStyle) -> [Table.Cell] {
        let place = image.map { $0 == name ? "" : " of \(short($0, style))" } ?? ""
        return [
            .init("  " + status.rawValue, status.paint), .init(subject.rawValue),
            .init(short(name, style) + place), .init(words(style)),
        ]
    }

    /// What it was and what it is.
    func words(_ style: TextStyle) -> String { subject == .box ? boxText(style) : fieldText(style) }

    private func boxText(_ style: TextStyle) -> String {
        let sides = [old, new].compactMap { $0 }
        let labels = sides.map { short($0.label, style) }
        let label = labels.first == labels.last ? labels.first ?? "" : labels.joined(separator: " to ")
        let boxes = sides.map(\.text)
        let box = boxes.first == boxes.last ? boxes.first ?? "" : boxes.joined(separator: " to ")
        let overlap = status == .moved ? overlap.map { ", IoU \(numberText($0))" } ?? "" : ""
        return (label.isEmpty ? "" : label + " ") + box + overlap
    }

    private func fieldText(_ style: TextStyle) -> String {
        let shown = fields.prefix(style.isVerbose ? fields.count : 3).map { field -> String in
            let values = [field.old, field.new].compactMap {
                $0.map { $0.isEmpty ? "\"\"" : short($0, style) }
            }
            if values.isEmpty { return short(field.name, style) }
            return short(field.name, style) + " " + values.joined(separator: " to ")
        }
        let rest = fields.count - shown.count
        return shown.joined(separator: "; ") + (rest > 0 ? "; \(rest) more" : "")
    }
}

extension AnnotationChange.Box {
    fileprivate var text: String {
        "[\([x, y, width, height].map { Self.text(of: $0) }.joined(separator: ", "))]"
    }

    /// Pixels with two decimals at most, shares of an image with four digits.
    private static func text(of value: Double) -> String {
        guard abs(value) >= 1, abs(value) < 1e9 else { return numberText(value) }
        let rounded = (value * 100).rounded() / 100
        return rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
    }
}

/// A text on one line; of a long one the beginning, unless more is asked for.
private func short(_ text: String, _ style: TextStyle) -> String {
    let text = printable(text)
    return text.count <= 40 || style.isVerbose ? text : text.prefix(39) + "…"
}
