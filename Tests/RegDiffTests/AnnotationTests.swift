// SPDX-License-Identifier: Apache-2.0

import RegDiff
import RegTesting
import Testing

private func stream(_ text: String) -> ByteStream { ByteStream(Array(text.utf8)) }

/// What changed, as `status subject name`.
private func changes(_ difference: AnnotationDifference) -> [String] {
    difference.examples.map { "\($0.status) \($0.subject) \($0.name)" }.sorted()
}

private func coco(_ old: String, _ new: String) throws -> AnnotationDifference {
    try #require(try COCODifference.between(stream(old), stream(new))).difference
}

/// A COCO file of one image; boxes as `id, class, [x, y, w, h]`.
private func coco(_ boxes: [(Int, Int, [Double])], more: String = "", categories: String? = nil) -> String {
    let annotations = boxes.map {
        #"{"id": \#($0), "image_id": 7, "category_id": \#($1), "bbox": \#($2)\#(more)}"#
    }
    let names = categories ?? #"[{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]"#
    return """
        {"images": [{"id": 7, "file_name": "a.jpg", "width": 100, "height": 80}],
         "annotations": [\(annotations.joined(separator: ", "))], "categories": \(names)}
        """
}

@Suite struct COCOTests {
    @Test func boxesAreMatchedByIDs() throws {
        let old = coco([(1, 1, [0, 0, 10, 10]), (2, 1, [20, 0, 10, 10]), (3, 2, [40, 0, 10, 10])])
        let new = coco([(3, 1, [40, 0, 10, 10]), (2, 1, [70, 60, 10, 10]), (4, 2, [0, 40, 5, 5])])
        let found = try coco(old, new)
        #expect(
            changes(found) == ["added box 4", "moved box 2", "relabelled box 3", "removed box 1"])
        #expect(
            found.classes == [
                ClassCount(name: "cat", old: 2, new: 2), ClassCount(name: "dog", old: 1, new: 1),
            ])
        let moved = try #require(found.examples.first { $0.status == .moved })
        #expect(moved.old?.x == 20 && moved.new?.x == 70 && moved.overlap == 0 && moved.image == "a.jpg")
    }

    @Test func otherIDsAreMatchedByOverlap() throws {
        let old = coco([(1, 1, [0, 0, 10, 10]), (2, 1, [0, 1, 10, 10]), (3, 1, [50, 0, 10, 10])])
        let new = coco([(11, 1, [0, 2, 10, 10]), (12, 1, [0, 0, 10, 10]), (13, 2, [50, 2, 10, 10])])
        #expect(changes(try coco(old, new)) == ["moved box 11", "relabelled box 13"])
        let far = coco([(14, 1, [0, 5.1, 10, 10])])
        #expect(changes(try coco(coco([(1, 1, [0, 0, 10, 10])]), far)) == ["added box 14", "removed box 1"])
    }

    @Test func orderSpacesNumbersAndNewIDsDoNotCount() throws {
        let old = coco(
            [(1, 1, [0, 0, 10, 10]), (2, 1, [5, 5, 10.5, 10])], more: #", "s": [1.0, "\u00e9"]"#)
        let new = coco([(8, 1, [5.0, 5, 10.50, 1e1]), (1, 1, [-0.0, 0, 10, 10])], more: #","s":[1,"é"]"#)
        #expect(try coco(old, new).changeCount == 0)
        #expect(
            changes(try coco(old, coco([(1, 1, [0, 0, 10, 10]), (2, 1, [5, 5, 10.5, 10])]))) == [
                "changed box 1", "changed box 2",
            ])
    }

    @Test func categoriesAreMatchedByNamesThenIDs() throws {
        let boxes = [(1, 1, [0.0, 0, 10, 10]), (2, 2, [20.0, 0, 10, 10])]
        let swapped = [(1, 2, [0.0, 0, 10, 10]), (2, 1, [20.0, 0, 10, 10])]
        let renumbered = coco(swapped, categories: #"[{"id": 2, "name": "cat"}, {"id": 1, "name": "dog"}]"#)
        #expect(
            changes(try coco(coco(boxes), renumbered)) == ["changed category cat", "changed category dog"])
        let renamed = coco(boxes, categories: #"[{"id": 1, "name": "lynx"}, {"id": 2, "name": "dog"}]"#)
        let found = try coco(coco(boxes), renamed)
        #expect(changes(found) == ["changed category lynx"])
        #expect(found.classes.contains(ClassCount(name: "cat", old: 1, new: 0)))
        #expect(
            changes(try coco(coco(boxes), coco(boxes, categories: "[]"))) == [
                "removed category cat", "removed category dog",
            ])
    }

    @Test func imagesAreMatchedByNamesThenIDs() throws {
        func file(_ images: String) -> String { #"{"images": \#(images), "annotations": []}"# }
        let old = file(
            #"[{"id": 1, "file_name": "a", "width": 4, "height": 4}, {"id": 2, "file_name": "b", "width": 5, "height": 5}, {"id": 3, "file_name": "c"}]"#
        )
        let new = file(
            #"[{"id": 9, "file_name": "a", "width": 4, "height": 4}, {"id": 2, "file_name": "B", "width": 5, "height": 5}, {"id": 3, "file_name": "d"}]"#
        )
        #expect(changes(try coco(old, new)) == ["added image d", "changed image B", "removed image c"])
    }

    @Test func otherJSONIsNoAnnotations() throws {
        for text in [
            #"{"images": ["a"], "steps": 3}"#, "[1]", "", "3", #"{"annotations": {}, "images": []}"#,
        ] {
            #expect(try COCODifference.between(stream(text), stream(text)) == nil)
        }
    }

    @Test func unsoundFilesAreRefused() throws {
        let sound = coco([(1, 1, [0, 0, 1, 1])])
        let start = #"{"images": [], "annotations": "#
        let deep = String(repeating: "[", count: 100_000)
        for text in [
            start + "[{", start + "[3]}", start + #"[{"id": 1}]}"#,
            start + #"[{"id": 1.5, "image_id": 1}]}"#,
            start + #"[{"id": 1, "image_id": 1, "bbox": [1]}]}"#,
            start + #"[{"id": 1, "image_id": 1, "x": \#(deep)"#,
            start + #"[{"id": 1, "image_id": 1, "bbox": [NaN, 1, 2, 3]}]}"#, sound + "x",
            start + #"[{"id": 1, "image_id": 1, "a": "\x"}]}"#,
            start + #"[{"id": 1, "image_id": 1, "a": 01}]}"#,
        ] {
            #expect(throws: ContentError.self) { try COCODifference.between(stream(sound), stream(text)) }
        }
    }

    @Test func anyCutIsRefusedOrNoAnnotations() throws {
        let sound = Array(coco([(1, 1, [0, 0, 1.5, 1])], more: #", "a\n": "\ud83d\ude00"}"#).utf8)
        for count in sound.indices {
            let cut = ByteStream(Array(sound.prefix(count)))
            #expect((try? COCODifference.between(cut, cut)) == nil)
        }
    }

    @Test func windowsOfTheStreamDoNotCount() throws {
        let old = coco(
            [(1, 1, [0, 0, 10, 10]), (2, 1, [20, 0, 10, 10])], more: #", "t": "\u00e9\ud83d\ude00""#)
        let bytes = Array(old.utf8)
        for count in [1, 2, 3, 5, 7, 64] {
            let pieces = ByteStream(byteCount: UInt64(bytes.count), windowByteCount: UInt64(count)) {
                Array(bytes[Int($0.lowerBound)..<Int($0.upperBound)])
            }
            #expect(try COCODifference.between(ByteStream(bytes), pieces)?.difference.changeCount == 0)
        }
    }

    @Test func failuresOfReadingPass() {
        struct Failure: Error {}
        let broken = ByteStream(byteCount: 10) { _ in throw Failure() }
        #expect(throws: Failure.self) { try COCODifference.between(broken, broken) }
        #expect(throws: Failure.self) { try TableDifference.between(broken, broken, .csv, key: []) }
        #expect(throws: Failure.self) { try MetricFile.read(broken) }
    }
}

private func table(
    _ format: AnnotationFormat, _ old: String, _ new: String, key: [String] = []
) throws -> TableDifference {
    try TableDifference.between(stream(old), stream(new), format, key: key)
}

@Suite struct TableTests {
    private static let csv =
        "id,file,label,x\r\n1,a.jpg,cat,3\r\n2,\"b, \"\"q\"\".jpg\",dog,4\r\n3,c.jpg,dog,5\r\n4,d,dog,1\r\n"
    private static let lines = """
        {"id": 1, "file": "a.jpg", "label": "cat", "x": 3}
        {"id": 2, "file": "b, \\"q\\".jpg", "label": "dog", "x": 4}

        {"id": 3, "file": "c.jpg", "label": "dog", "x": 5}
        {"id": 4, "file": "d", "label": "dog", "x": 1}
        """

    @Test(
        arguments: [
            (.csv, csv, "file,id,x,label\nc.jpg,3,6,dog\n\"b, \"\"q\"\".jpg\",2,4,cat\ne,1,3,cat\n7,7,7,7\n"),
            (
                .jsonLines, lines,
                """
                {"x": 6, "id": 3, "file": "c.jpg", "label": "dog"} {"id": 2, "label": "cat", "file": "b, \\"q\\".jpg", "x": 4}
                {"id": 1, "file": "e", "label": "cat", "x": 3.0}
                {"id": 7, "file": "7", "label": "7", "x": 7}
                """
            ),
        ] as [(AnnotationFormat, String, String)])
    func recordsAreMatchedByTheirKey(format: AnnotationFormat, old: String, new: String) throws {
        let found = try table(format, old, new).difference
        #expect(found.key == ["id"])
        #expect(
            changes(found) == [
                "added record 7", "changed record 1", "moved record 3", "relabelled record 2",
                "removed record 4",
            ])
        let changed = try #require(found.examples.first { $0.status == .changed })
        #expect(changed.fields == [.init(name: "file", old: "a.jpg", new: "e")])
        #expect(found.classes.first { $0.name == "dog" } == ClassCount(name: "dog", old: 3, new: 1))
        #expect(found.totals.first?.old == 4 && found.totals.first?.new == 4)
        #expect(try table(format, old, old).difference.changeCount == 0)
    }

    @Test func keysMustBeUnique() throws {
        let old = "image,label\na,cat\na,dog\nb,cat\n"
        let new = "image,label\na,cat\na,cow\nb,cat\n"
        let whole = try table(.csv, old, new)
        #expect(whole.difference.key == [] && whole.isByWantedKey)
        #expect(changes(whole.difference) == ["added record record 2", "removed record record 2"])
        #expect(try !table(.csv, old, new, key: ["image"]).isByWantedKey)
        #expect(try !table(.csv, old, new, key: ["no"]).isByWantedKey)
        let both = try table(.csv, old, new, key: ["image", "label"])
        #expect(both.isByWantedKey && both.difference.key == ["image", "label"])
        #expect(changes(both.difference) == ["added record a, cow", "removed record a, dog"])
    }

    @Test func oddLinesOfCSV() throws {
        let mark = "\u{feff}"
        #expect(
            try table(.csv, mark + "id;x\n1;\"a\nb\"\n", "id;x\r\r\n1;\"a\nb\"").difference.changeCount == 0)
        #expect(try table(.csv, "id\tx\n1\t,", "id\tx\n1\t;").difference.changeCount == 1)
        #expect(try table(.csv, "", "").difference.changeCount == 0)
        #expect(
            changes(try table(.csv, "id,x\n1", "id,x\n1,2,3").difference)
                == ["changed record 1"])
    }

    @Test(
        arguments: [
            (.csv, "a,b\n1,\"2\n"), (.csv, "a,b\n1,\0\n"),
            (.csv, "a\n" + String(repeating: "x", count: 2 << 20)),
            (.csv, String(repeating: "a,", count: 10_000)), (.jsonLines, "{\"a\": 1}\n3\n"),
            (.jsonLines, "{\"a\": \n"),
            (.jsonLines, "{\"a\": " + String(repeating: "[", count: 100_000)),
        ] as [(AnnotationFormat, String)])
    func unsoundTablesAreRefused(format: AnnotationFormat, text: String) {
        #expect(throws: ContentError.self) { try table(format, text, text) }
    }
}

@Suite struct LabelTests {
    private func file(_ text: String, _ format: AnnotationFormat = .yolo) throws -> LabelFile {
        try LabelFile.read(Array(text.utf8), format)
    }

    @Test func boxesAreMatchedByOverlap() throws {
        var labels = LabelDifference(.yolo)
        labels.add(
            image: "a", old: try file("0 .5 .5 .2 .2\n1 .1 .1 .1 .1\n2 .8 .8 .1 .1\n"),
            new: try file("0 .51 .5 .2 .2\r\n\r\n3 .1 .1 .1 .1\n2 .2 .8 .1 .1"))
        labels.add(image: "b", old: nil, new: try file("0 .5 .5 .2 .2 .9"))
        labels.add(image: "c", old: try file("0 0 0 1 0 1 1"), new: try file("0 0.5 0.5 1 1"))
        let found = labels.difference
        #expect(
            changes(found) == [
                "added box a", "added box b", "added image b", "changed box c", "moved box a",
                "relabelled box a",
                "removed box a",
            ])
        #expect(found.classes.contains(ClassCount(name: "0", old: 2, new: 3)))
    }

    private static let voc = """
        <annotation><folder>f</folder><filename>a.jpg</filename><size><width>9</width></size>
        <object><name>cat</name><difficult>0</difficult>
        <bndbox><xmin>1</xmin><ymin>2</ymin><xmax>11</xmax><ymax>12.5</ymax></bndbox></object></annotation>
        """

    @Test func vocIsRead() throws {
        var labels = LabelDifference(.voc)
        labels.add(
            image: "a", old: try file(Self.voc, .voc),
            new: try file(Self.voc.replacing("<name>cat<", with: "<name> d&#111;g <"), .voc))
        #expect(changes(labels.difference) == ["relabelled box a"])
        #expect(labels.difference.examples.first?.new?.label == "dog")
        #expect(labels.difference.examples.first?.new?.height == 10.5)
    }

    @Test(
        arguments: [
            (.yolo, "0 .1 .1 .1"), (.yolo, "0 a .1 .1 .1"), (.yolo, "0 nan .1 .1 .1"),
            (.yolo, String(repeating: "x", count: 2 << 20)),
            (.yolo, String(repeating: "0 1 1 1 1\n", count: 30_000)), (.voc, ""), (.voc, "<a/>"),
            (.voc, "<!DOCTYPE a [<!ENTITY b \"c\">]><annotation>&b;</annotation>"),
            (.voc, "<annotation><object><name>a</name></object></annotation>"),
            (.voc, String(repeating: "<annotation>", count: 100)),
        ] as [(AnnotationFormat, String)])
    func unsoundLabelsAreRefused(format: AnnotationFormat, text: String) {
        #expect(throws: ContentError.self) { try file(text, format) }
    }

    @Test func crowdedImagesAreNotMatchedByOverlap() throws {
        let boxes = (0..<3_000).map { "0 \($0) 0 1 1" }.joined(separator: "\n")
        var labels = LabelDifference(.yolo)
        labels.add(
            image: "a", old: try file(boxes), new: try file(boxes.replacing(" 0 1 1", with: " 0 1 0.9")))
        #expect(labels.crowdedImageCount == 1)
        #expect(
            labels.difference.totals.last?.added == 3_000 && labels.difference.totals.last?.removed == 3_000)
    }
}

@Suite struct MetricTests {
    private func metrics(_ text: String) throws -> MetricFile { try MetricFile.read(stream(text)) }

    private func shown(_ old: String, _ new: String) throws -> [String] {
        try MetricFile.differences(from: metrics(old), to: metrics(new)).differences.map { metric in
            let values = [metric.old, metric.new].map { $0.map { "\($0)" } ?? "-" }
            return "\(metric.name): \(values.joined(separator: " -> "))"
        }
    }

    @Test func namesAreDottedAndNumbersMayBeNone() throws {
        let old =
            #"{"val": {"map": 0.5, "per class": 2}, "loss": 1, "note": "x", "n": NaN, "ok": true, "same": 1}"#
        let new =
            #"{"val": {"map": 0.6, "per class": 3}, "loss": "NaN", "n": "NaN", "i": -Infinity, "same": 1.0}"#
        #expect(
            try shown(old, new) == [
                "i: - -> -inf", "loss: 1.0 -> nan", #"val."per class": 2.0 -> 3.0"#, "val.map: 0.5 -> 0.6",
            ])
        let found = try MetricFile.differences(from: metrics(old), to: metrics(new))
        #expect(found.unchangedCount == 2)
        #expect(try MetricFile.differences(from: nil, to: metrics(new)).differences.count == 6)
    }

    @Test func theLastStepCounts() throws {
        let old = """
            {"step": 1, "loss": 3.0, "val": {"acc": 0.1}}
            {"step": 2, "loss": 2.0}
            {"step": 3, "loss": 2.5, "val": {"acc": 0.3}}
            """
        let new = """
            {"step": 1, "loss": 3.0, "val": {"acc": 0.1}}
            {"step": 3, "loss": 1.5, "val": {"acc": 0.4}}
            """
        #expect(try shown(old, new) == ["loss: 2.5 -> 1.5", "val.acc: 0.3 -> 0.4"])
        let differences = try MetricFile.differences(from: metrics(old), to: metrics(new)).differences
        let loss = try #require(differences.first)
        #expect(loss.oldSeries?.minimum == 2 && loss.oldSeries?.maximum == 3 && loss.oldSeries?.count == 3)
        #expect(
            loss.newSeries?.points.map(\.step) == [1, 3] && loss.isBetter == true && loss.difference == -1)
        #expect(try shown(#"{"step": 5, "a": 1}"#, #"{"step": 5, "a": 2}"#) == ["a: 1.0 -> 2.0"])
    }

    @Test func seriesAreThinned() throws {
        let lines = (0..<100_001).map { #"{"step": \#($0), "loss": \#($0)}"# }.joined(separator: "\n")
        let found = try MetricFile.differences(from: nil, to: metrics(lines)).differences
        let series = try #require(found.first?.newSeries)
        #expect(series.count == 100_001 && series.points.count <= MetricSeries.pointLimit)
        #expect(series.points.count > MetricSeries.pointLimit / 4)
        #expect(series.points.first?.step == 0 && series.points.last?.step == 100_000)
    }

    @Test(
        arguments: [
            ("map", .higher), ("val.map50_95", .higher), ("metrics/mAP50(B)", .higher), ("top1", .higher),
            ("test.f1_macro", .higher), ("loss", .lower), ("val_loss", .lower), ("val/box_loss", .lower),
            ("latency_ms", .lower), ("accuracy.loss", .lower), ("wer", .lower), ("epoch", nil), ("lr", nil),
            ("", nil),
        ] as [(String, MetricDifference.Direction?)])
    func directionsFollowFromNames(name: String, direction: MetricDifference.Direction?) {
        #expect(MetricDifference(name: name, old: 1, new: 2).direction == direction)
    }

    @Test(arguments: [
        "3", "{", #"{"a": 1} x"#, #"{"a": 1}, {"a": 2}"#,
        #"{"a": "# + String(repeating: "[", count: 100_000),
        "{" + (0..<2_000).map { #""\#($0)": 1"# }.joined(separator: ",") + "}",
    ])
    func unsoundMetricsAreRefused(text: String) {
        #expect(throws: ContentError.self) { try metrics(text) }
    }
}
