// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegDiff
import RegJSON
import Testing

@testable import RegKit
@testable import reg

/// A report with far more in it than a page or a comment has room for.
private let enormous: DiffReport = {
    let name = "a|b`c<d>&\u{202e}@everyone [x](y) " + String(repeating: "n", count: 300)
    func file(_ number: Int) -> DiffReport.File {
        DiffReport.File(
            artifact: "data", status: .added, old: nil,
            new: ShowReport.File(
                path: BytePath("\(number) \(name)"), byteCount: 1,
                kind: .file(hash: digest, isExecutable: false)))
    }
    let difference = ConfigDifference(key: name, old: .string(name), new: .string(name))
    return DiffReport(
        old: name, new: name, isOfSets: true,
        artifacts: (0..<2_000).map { _ in Sample.compared.artifacts[0] }, unchangedArtifactCount: 0,
        commits: nil,
        files: (0..<20_000).map(file), unchangedFileCount: 0,
        tensors: (0..<20_000).map { _ in Sample.compared.tensors[0] }, unchangedTensorCount: 0,
        configs: (0..<20_000).map { number in
            DiffReport.ConfigChange(
                artifact: "cfg", file: BytePath("\(number / 3).yaml"), difference: difference)
        }, sharedByteCount: 0, byteCountToFetch: 0, notes: [String](repeating: name, count: 1_000))
}()

@Suite struct DiffPageTests {
    @Test func hostileNamesAreNothingButText() {
        let source = DiffPage(report: Sample.compared).source
        #expect(source.contains("red \\x1b[31m text") && !source.unicodeScalars.contains("\u{1b}"))
        #expect(source.contains("id=\"tensors\"") && source.contains("id=\"commits\""))
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
            unchangedFileCount: 3, tensors: [], unchangedTensorCount: 0, configs: [], sharedByteCount: 0,
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
