// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegGit
import RegJSON
import Testing

@testable import RegDiff
@testable import RegKit
@testable import reg

private let odd = "a|b`c<d>&\u{202e}@everyone [x](y) " + String(repeating: "n", count: 300)

/// Boxes of a detector before and after somebody looked again, `count` of them listed.
private func annotations(_ count: Int, named name: String = "000017.jpg") -> AnnotationDifference {
    var boxes = AnnotationDifference.Total(.box)
    (boxes.old, boxes.new) = (1_728, 1_949)
    (boxes.added, boxes.removed, boxes.moved, boxes.relabelled) = (240, 19, 87, 31)
    var images = AnnotationDifference.Total(.image)
    (images.old, images.new, images.added) = (320, 360, 40)
    var difference = AnnotationDifference(.coco)
    difference.totals = [images, boxes]
    difference.classes = [
        ("person", 640, 655), ("car", 410, 452), ("bicycle", 260, 213), ("scooter", 0, 131), (name, 12, 12),
    ].map { ClassCount(name: $0.0, old: $0.1, new: $0.2) }
    difference.examples = (0..<count).map { number in
        var change = AnnotationChange(.box, number % 2 == 0 ? .relabelled : .moved, name: "\(number)")
        change.image = name
        change.old = AnnotationChange.Box(label: "bicycle", x: 10, y: 20, width: 30, height: 40.5)
        change.new = AnnotationChange.Box(
            label: number % 2 == 0 ? "scooter" : "bicycle", x: 13, y: 20, width: 30, height: 40.5)
        change.overlap = 0.82
        return change
    }
    return difference
}

private func curve(_ name: String, best: Double, pointCount: Int = 40) -> MetricDifference {
    func series(_ best: Double) -> MetricSeries {
        let points = (1...pointCount).map { step in
            MetricSeries.Point(step: Double(step), value: best - best / Double(step))
        }
        return MetricSeries(points: points, count: UInt64(pointCount), minimum: 0, maximum: best)
    }
    return MetricDifference(
        name: name, old: 0.71, new: best, oldSeries: series(0.71), newSeries: series(best))
}

/// What training again on data that was looked through again changes.
private let retrained = DiffReport(
    old: "main", new: "retrained", isOfSets: false, artifacts: [], unchangedArtifactCount: 1, commits: nil,
    files: Sample.compared.files, unchangedFileCount: 7, tensors: [], unchangedTensorCount: 0, configs: [],
    annotations: [
        .init(
            artifact: "labels", file: BytePath("train.json"), difference: annotations(30),
            sharedImages: [
                .init(file: BytePath("val.json"), old: 0, new: 3, examples: ["000017.jpg"])
            ])
    ],
    datasets: [
        .init(
            artifact: "data",
            folders: [
                .init(path: BytePath("train/cat"), old: 120, new: 160),
                .init(path: BytePath("val/cat"), old: 30, new: 22),
            ], unchangedFolderCount: 3,
            overlaps: [
                .init(
                    first: "train", second: "val", old: 0, new: 2,
                    examples: [(first: BytePath("train/cat/1.jpg"), second: BytePath("val/cat/9.jpg"))]),
                .init(first: "train", second: "train", old: 4, new: 4, examples: []),
            ])
    ],
    metrics: [
        .init(artifact: "m", file: BytePath("m.jsonl"), difference: curve("val.map50", best: 0.78)),
        .init(artifact: "m", file: BytePath("m.jsonl"), difference: curve("loss", best: 0.93)),
        .init(
            artifact: "m", file: BytePath("m.jsonl"),
            difference: MetricDifference(name: "seconds", old: .nan, new: nil)),
    ], unchangedMetricCount: 2, sharedByteCount: 0, byteCountToFetch: 0, notes: [])

/// A report with far more in it than a page or a comment has room for.
private let enormous: DiffReport = {
    func file(_ number: Int) -> DiffReport.File {
        DiffReport.File(
            artifact: "data", status: .added, old: nil,
            new: ShowReport.File(
                path: BytePath("\(number) \(odd)"), byteCount: 1,
                kind: .file(hash: digest, isExecutable: false)))
    }
    let difference = ConfigDifference(key: odd, old: .string(odd), new: .string(odd))
    let summary = CommitSummary(id: commit, subject: odd, author: odd, time: odd)
    let range = CommitRange(commits: [CommitSummary](repeating: summary, count: 50), count: 1_000)
    let boxes = annotations(1_000, named: odd)
    let folders = (0..<2_000).map {
        DiffReport.Dataset.Folder(path: BytePath("\($0) \(odd)"), old: 1, new: 2)
    }
    return DiffReport(
        old: odd, new: odd, isOfSets: true,
        artifacts: (0..<2_000).map { _ in Sample.compared.artifacts[0] }, unchangedArtifactCount: 0,
        commits: .init(new: range, old: range), files: (0..<20_000).map(file), unchangedFileCount: 0,
        tensors: (0..<20_000).map { _ in Sample.compared.tensors[0] }, unchangedTensorCount: 0,
        configs: (0..<20_000).map { number in
            DiffReport.ConfigChange(
                artifact: "cfg", file: BytePath("\(number / 3).yaml"), difference: difference)
        },
        annotations: (0..<500).map { .init(artifact: "a", file: BytePath("\($0)"), difference: boxes) },
        datasets: (0..<50).map { _ in
            .init(artifact: odd, folders: folders, unchangedFolderCount: 0, overlaps: [])
        },
        metrics: (0..<2_000).map { number in
            .init(
                artifact: "m", file: BytePath("\(number / 50).json"),
                difference: curve(odd, best: 0.9, pointCount: 500))
        }, unchangedMetricCount: 0, sharedByteCount: 0, byteCountToFetch: 0,
        notes: [String](repeating: odd, count: 1_000))
}()

@Suite struct DiffPageTests {
    @Test func hostileNamesAreNothingButText() {
        let source = DiffPage(report: Sample.compared).source
        #expect(source.contains("red \\x1b[31m text") && !source.unicodeScalars.contains("\u{1b}"))
        #expect(source.contains("id=\"tensors\"") && source.contains("id=\"commits\""))
    }

    @Test func pagesTellOfMetricsAndData() {
        let source = DiffPage(report: retrained).source
        for part in [
            "▲ better", "▼ worse", "val.json", ">3</span>", "val.map50",
            "aria-label=\"loss: at the last step before 0.7100, after 0.9300\"",
            "twice in train", "train/cat/1.jpg = val/cat/9.jpg", ">relabelled</span>",
            "bicycle to scooter [10, 20, 30, 40.5] to [13, 20, 30, 40.5]", ">+131</td>",
            "2 metrics unchanged", "3 folders with as many files as before",
        ] { #expect(source.contains(part), "\(part)") }
    }

    @Test func pagesAreAtMost5MiB() {
        let source = DiffPage(report: enormous).source
        #expect(source.utf8.count < 5 << 20 && source.utf8.count > 1 << 20)
        #expect(source.contains("more not shown") && source.contains("a|b`c&lt;d&gt;&amp;"))
        #expect(!source.unicodeScalars.contains("\u{202e}") && source.hasSuffix("</body></html>\n"))
    }
}

@Suite struct DiffMarkdownTests {
    @Test func commentsAreAtMost60KiB() {
        let text = DiffMarkdown(report: enormous).lines.joined(separator: "\n")
        #expect(text.utf8.count <= 60 << 10 && text.contains("are left out"))
        let details = text.split(separator: "\n").filter { $0.contains("details>") }
        #expect(details.count.isMultiple(of: 2))
    }

    @Test func commentsTellOfMetricsAndData() {
        let lines = DiffMarkdown(report: retrained).lines
        for line in [
            "| `val.map50` | 0.7100 | 0.7800 | +0.07000 | better |", "| `seconds` | NaN |  |  |  |",
            "| `train.json` | `val.json` | 0 | 3 |",
            "| `train.json` | boxes | 1728 | 1949 | 240 | 19 | 87 | 31 |", "| `scooter` | 0 | 131 | +131 |",
            "| `train/cat` | 120 | 160 | +40 |", "| `train and val` | 0 | 2 |",
        ] { #expect(lines.contains(line), "\(lines.joined(separator: "\n"))") }
    }

    @Test(
        arguments: [
            ("plain.txt", "`plain.txt`"), ("@everyone #1 [x](y)", "`@everyone #1 [x](y)`"),
            ("a`b", "<code>a&#96;b</code>"), ("a|b", "<code>a&#124;b</code>"), (" a", "<code> a</code>"),
            ("<b>`", "<code>&#60;b&#62;&#96;</code>"), ("", "<code></code>"),
        ] as [(String, String)])
    func namesAreCode(text: String, source: String) { #expect(Markdown.code(text) == source) }

    @Test func rowsHaveAsManyCellsAsTheirTable() {
        var columns: Int?
        for line in DiffMarkdown(report: enormous).lines {
            guard line.hasPrefix("|") else {
                columns = nil
                continue
            }
            let count = line.count { $0 == "|" }
            #expect(columns == nil || columns == count, "\(line)")
            columns = count
        }
    }

    @Test func whatIsTheSameIsToldInOneLine() {
        let same = DiffReport(
            old: "a", new: "b", isOfSets: false, artifacts: [], unchangedArtifactCount: 1, commits: nil,
            files: [],
            unchangedFileCount: 3, tensors: [], unchangedTensorCount: 0, configs: [], annotations: [],
            datasets: [],
            metrics: [], unchangedMetricCount: 0, sharedByteCount: 0,
            byteCountToFetch: 0, notes: [])
        #expect(DiffMarkdown(report: same).lines == ["### `a` → `b`", "", "No differences."])
    }
}

@Suite struct ShorteningTests {
    @Test func longTextsKeepBothEnds() {
        #expect(shortened("abc", to: 3) == "abc" && shortened("größer", to: 6) == "größer")
        let text = shortened(String(repeating: "a", count: 50) + "end", to: 20)
        #expect(text.count == 20 && text.hasPrefix("aaa") && text.hasSuffix("end") && text.contains("…"))
    }

    @Test(
        arguments: [
            ("layer.9", "layer.10"), ("a", "b"), ("a", "a.1"), ("layer.2.b", "layer.10.a"), ("01", "2"),
            ("x.99999999999999999999998", "x.99999999999999999999999"), ("1", "01"),
        ] as [(String, String)])
    func numbersInNamesCount(first: String, second: String) {
        #expect(isNaturallyBefore(first, second) != isNaturallyBefore(second, first))
        if first != "1" { #expect(isNaturallyBefore(first, second)) }
        #expect(!isNaturallyBefore(first, first))
    }
}
