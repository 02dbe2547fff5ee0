// SPDX-License-Identifier: Apache-2.0
internal import RegXML

/// The XML that S3 and STS answer with, and that labels are written in.
enum XMLTarget: FuzzTarget {
    static let name = "xml"

    static func run(_ input: [UInt8]) {
        guard let root = try? XMLReader.read(input), isWritable(root) else { return }
        claim(
            (try? XMLReader.read(Array(written(root).utf8))) == root,
            "what was read and written reads the same")
    }

    /// Whether names can be written: with their prefix they may have lost the part that stood for them.
    private static func isWritable(_ element: XMLElement) -> Bool {
        let isName =
            !element.name.isEmpty && element.name.utf8.count <= 255
            && !element.name.utf8.contains(UInt8(ascii: ":"))
            && element.name.utf8.first.map { !"!?".utf8.contains($0) } == true
        return isName && element.children.allSatisfy(isWritable)
    }

    /// The text of an element comes before its children, wherever it stood.
    private static func written(_ element: XMLElement) -> String {
        // NUL has no reference.
        let text = element.text.unicodeScalars.map { $0.value == 0 ? "\0" : "&#\($0.value);" }
        return "<\(element.name)>\(text.joined())\(element.children.map(written).joined())</\(element.name)>"
    }

    static func seeds() -> [[UInt8]] {
        [
            "<a/>",
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a b='c' d=\"e\"> f<g/>&lt;&#65;&#x41;</a>\n",
            "<a><!-- b --><![CDATA[<c>]]><?d?></a>", "<p:a xmlns:p=\"x\"><p:b>\u{e9}</p:b></p:a>",
            """
            <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><KeyCount>1</KeyCount>
            <IsTruncated>false</IsTruncated><Contents><Key>log%2F1</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>
            <ETag>&quot;d41d&quot;</ETag><Size>0</Size></Contents></ListBucketResult>
            """,
            "<Error><Code>SlowDown</Code><Message>Please reduce &amp; wait</Message></Error>",
            String(repeating: "<a>", count: 16) + String(repeating: "</a>", count: 16),
        ].map { Array($0.utf8) }
    }
}
