// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegDiff
internal import RegKit
internal import RegPage

extension DiffPage {
    /// What became of annotations, thing by thing, and of their classes.
    var annotations: Page.Section? {
        guard !report.annotations.isEmpty else { return nil }
        let byteLimit = 640 << 10
        var content = Markup()
        var count = 0
        for change in report.annotations where content.byteCount < byteLimit {
            count += 1
            let path = printable(change.file)
            let name = shortened(path.isEmpty ? change.artifact : path)
            content.append(
                .element(
                    "h3", [:], .element("span", ["class": "code"], name),
                    .element("span", ["class": "dim"], " \(change.difference.format.rawValue)")))
            content.append(totals(change.difference, "What changed in \(name)"))
            content.append(shared(change.sharedImages, "Images of \(name) that others have as well"))
            content.append(classes(change.difference.classes))
            content.append(examples(change.difference, byteLimit - content.byteCount))
        }
        return Page.Section(
            id: "annotations", title: "Annotations",
            content: content + leftOut(report.annotations.count - count))
    }

    private func totals(_ difference: AnnotationDifference, _ caption: String) -> Markup {
        let statuses = AnnotationChange.Status.allCases.filter { status in
            difference.totals.contains { $0[status] > 0 }
        }
        let table = PageTable(
            caption: caption,
            columns: [("", "nowrap"), ("Before", "n"), ("After", "n")]
                + statuses.map {
                    (title: $0.rawValue.prefix(1).uppercased() + $0.rawValue.dropFirst(), style: "n")
                })
        let totals = difference.totals.filter { $0.old + $0.new > 0 }
        return table.markup(of: totals, limit: 10, byteLimit: 16 << 10) { total in
            table.row(
                [.text(total.subject.plural), .text("\(total.old)"), .text("\(total.new)")]
                    + statuses.map { .text("\(total[$0])") })
        }
    }

    /// Images that the annotations of another split have as well.
    private func shared(_ images: [DiffReport.SharedImages], _ caption: String) -> Markup {
        if images.isEmpty { return Markup() }
        let table = PageTable(
            caption: caption,
            columns: [
                ("Images that are here as well", "name"), ("Before", "n"), ("After", "n"),
                ("For example", "value code"),
            ])
        return table.markup(of: images, limit: 20, byteLimit: 16 << 10) { shared in
            table.row([
                .text(shortened(printable(shared.file))), .text("\(shared.old)"),
                .element("span", ["class": shared.new > 0 ? "bad" : ""], "\(shared.new)"),
                .text(shared.examples.first.map { shortened(printable($0)) } ?? ""),
            ])
        }
    }

    /// How many things each class has, before and after.
    private func classes(_ classes: [ClassCount]) -> Markup {
        guard !classes.isEmpty else { return Markup() }
        let limit = 60
        let rows = classes.prefix(limit).map { count in
            BarTable.Row(
                shortened(printable(count.name), to: 60),
                [(Double(count.old), "\(count.old)"), (Double(count.new), "\(count.new)")],
                remark: differenceText(count.old, count.new))
        }
        let chart = BarTable(
            caption: "Classes before and after", titles: ("Class", ["Before", "After"], "Change"), rows: rows)
        return Key.bars.markup + chart.markup + leftOut(classes.count - rows.count)
    }

    private func examples(_ difference: AnnotationDifference, _ byteLimit: Int) -> Markup {
        guard !difference.examples.isEmpty else { return Markup() }
        let table = PageTable(
            caption: "Examples",
            columns: [
                ("Name", "name"), ("Status", "nowrap"), ("What", ""), ("Image", "name"), ("Change", "value"),
            ])
        let rows = table.markup(of: difference.examples, limit: 300, byteLimit: byteLimit) { change in
            table.row([
                .text(shortened(printable(change.name), to: 80)), statusMarkup(change.status.rawValue),
                .text(change.subject.rawValue),
                .text(change.image.map { shortened(printable($0), to: 80) } ?? ""),
                .text(shortened(change.words(TextStyle()), to: 300)),
            ])
        }
        return folded("Examples, \(min(300, difference.examples.count)) of \(difference.changeCount)", rows)
    }

    /// How files are spread over splits and classes.
    var datasets: Page.Section? {
        guard !report.datasets.isEmpty else { return nil }
        let byteLimit = 256 << 10
        var content = Markup()
        var count = 0
        for dataset in report.datasets where content.byteCount < byteLimit {
            count += 1
            if report.datasets.count > 1 {
                content.append(.element("h3", ["class": "code"], shortened(dataset.artifact)))
            }
            content.append(folders(dataset))
            content.append(overlaps(dataset, byteLimit - content.byteCount))
        }
        return Page.Section(
            id: "data", title: "Data", content: content + leftOut(report.datasets.count - count))
    }

    private func folders(_ dataset: DiffReport.Dataset) -> Markup {
        guard !dataset.folders.isEmpty else { return Markup() }
        let rows = dataset.folders.prefix(100).map { folder in
            BarTable.Row(
                shortened(folder.path.isEmpty ? dataset.artifact : printable(folder.path), to: 80),
                [(Double(folder.old), "\(folder.old)"), (Double(folder.new), "\(folder.new)")],
                remark: differenceText(folder.old, folder.new))
        }
        let chart = BarTable(
            caption: "Files of each folder before and after",
            titles: ("Folder", ["Before", "After"], "Change"), rows: rows)
        let unchanged =
            dataset.unchangedFolderCount > 0
            ? Markup.element(
                "p", ["class": "dim small"],
                "\(countText(dataset.unchangedFolderCount, "folder")) with as many files as before")
            : Markup()
        return Key.bars.markup + chart.markup + leftOut(dataset.folders.count - rows.count) + unchanged
    }

    /// Files that are in it more than once.
    private func overlaps(_ dataset: DiffReport.Dataset, _ byteLimit: Int) -> Markup {
        guard !dataset.overlaps.isEmpty else { return Markup() }
        let table = PageTable(
            caption: "Files with the same bytes",
            columns: [
                ("The same bytes", "name"), ("Before", "n"), ("After", "n"), ("For example", "value code"),
            ])
        let rows = table.markup(of: dataset.overlaps, limit: 100, byteLimit: byteLimit) { overlap in
            table.row([
                .text(overlap.words), .text("\(overlap.old)"),
                .element("span", ["class": overlap.isLeak ? "bad" : ""], "\(overlap.new)"),
                .text(
                    overlap.examples.first.map {
                        shortened(printable($0.first) + " = " + printable($0.second))
                    } ?? ""),
            ])
        }
        return rows
    }
}

/// `+12`, `-3`; empty where both are the same.
func differenceText(_ old: UInt64, _ new: UInt64) -> String {
    old == new ? "" : new > old ? "+\(new - old)" : "−\(old - new)"
}

extension DiffReport.Dataset.Overlap {
    /// Whether what is to be tested with is trained with as well.
    fileprivate var isLeak: Bool { first != second && new > 0 }

    /// `train and val`, `twice in train`.
    var words: String {
        let (one, other) = (shortened(printable(first), to: 60), shortened(printable(second), to: 60))
        if one != other { return "\(one) and \(other)" }
        return one.isEmpty ? "twice" : "twice in \(one)"
    }
}
