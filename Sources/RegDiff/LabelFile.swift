// SPDX-License-Identifier: Apache-2.0
internal import RegXML

/// Boxes of one image in a file of their own: YOLO text, or Pascal VOC XML.
package struct LabelFile {
    struct Box {
        let label: String
        let x: Double
        let y: Double
        let width: Double
        let height: Double
        let rest: UInt64
    }

    /// Longer files are no labels of one image.
    package static let byteLimit = 1 << 20
    private static let boxLimit = 20_000
    private static let fieldLimit = 4_096

    let boxes: [Box]

    /// What the bytes of a file say.
    package static func read(_ bytes: [UInt8], _ format: AnnotationFormat) throws(ContentError) -> LabelFile {
        guard bytes.count <= byteLimit else { throw ContentError("it is longer than 1 MiB") }
        let boxes = try format == .voc ? readVOC(bytes) : readYOLO(bytes)
        guard boxes.count <= boxLimit else { throw ContentError("it has more than \(boxLimit) boxes") }
        return LabelFile(boxes: boxes)
    }

    // MARK: YOLO

    /// A line for each box: the number of its class, its centre and its size; or its class and the corners of a polygon, which stands
    /// for the box around it.
    private static func readYOLO(_ bytes: [UInt8]) throws(ContentError) -> [Box] {
        var boxes: [Box] = []
        for (number, line) in bytes.split(omittingEmptySubsequences: false, whereSeparator: { $0 == 0x0a })
            .enumerated()
        {
            let words = line.split(maxSplits: fieldLimit) { $0 == 0x20 || $0 == 0x09 || $0 == 0x0d }
            guard let label = words.first else { continue }
            func failure(_ reason: String) -> ContentError { ContentError("line \(number + 1): \(reason)") }
            guard boxes.count <= boxLimit, words.count <= fieldLimit else { throw failure("it is too long") }
            guard words.count >= 5, label.count <= 100, let name = String(validating: label, as: UTF8.self)
            else {
                throw failure("it is no class and box")
            }
            var values: [Double] = []
            for word in words.dropFirst() {
                guard let value = Double(String(decoding: word, as: UTF8.self)), value.isFinite else {
                    throw failure("a number is not sound")
                }
                // Not -0, which would be another box.
                values.append(value + 0)
            }
            boxes.append(box(name, values))
        }
        return boxes
    }

    private static func box(_ label: String, _ values: [Double]) -> Box {
        var hash = ContentHash()
        let isPolygon = values.count >= 6 && values.count.isMultiple(of: 2)
        for value in isPolygon ? values[...] : values.dropFirst(4) { hash.add(value.bitPattern) }
        guard isPolygon else {
            let (width, height) = (values[2], values[3])
            return Box(
                label: label, x: values[0] - width / 2, y: values[1] - height / 2, width: width,
                height: height,
                rest: hash.value)
        }
        var (left, right, top, bottom) = (values[0], values[0], values[1], values[1])
        for place in stride(from: 2, to: values.count, by: 2) {
            (left, right) = (min(left, values[place]), max(right, values[place]))
            (top, bottom) = (min(top, values[place + 1]), max(bottom, values[place + 1]))
        }
        return Box(
            label: label, x: left, y: top, width: right - left, height: bottom - top, rest: hash.value)
    }

    // MARK: Pascal VOC

    private static func readVOC(_ bytes: [UInt8]) throws(ContentError) -> [Box] {
        let root: XMLElement
        do { root = try XMLReader.read(bytes) } catch {
            throw ContentError("\(error.reason), at byte \(error.offset)")
        }
        guard root.name == "annotation" else { throw ContentError("it is no annotation of Pascal VOC") }
        var boxes: [Box] = []
        for object in root.children where object.name == "object" {
            guard let label = object["name"]?.trimmedText, let corners = object["bndbox"],
                let left = corners.number("xmin"), let top = corners.number("ymin"),
                let right = corners.number("xmax"), let bottom = corners.number("ymax")
            else { throw ContentError("an object has no name, or no box") }
            guard label.utf8.count <= JSONReader.textLimit else { throw ContentError("a name is too long") }
            var hash = ContentHash()
            for child in object.children where child.name != "name" && child.name != "bndbox" {
                child.add(to: &hash)
            }
            boxes.append(
                Box(
                    label: label, x: left, y: top, width: right - left, height: bottom - top, rest: hash.value
                ))
        }
        return boxes
    }
}

extension XMLElement {
    fileprivate var trimmedText: String {
        var text = text[...]
        while let first = text.first, first.isWhitespace { text = text.dropFirst() }
        while let last = text.last, last.isWhitespace { text = text.dropLast() }
        return String(text)
    }

    fileprivate func number(_ name: String) -> Double? {
        guard let value = self[name].flatMap({ Double($0.trimmedText) }), value.isFinite else { return nil }
        return value + 0
    }

    fileprivate func add(to hash: inout ContentHash) {
        hash.add(name)
        hash.add(UInt64(children.count))
        hash.add(trimmedText)
        for child in children { child.add(to: &hash) }
    }
}

/// Compares label files, image by image.
package struct LabelDifference {
    private let recorder: ChangeRecorder
    private let format: AnnotationFormat
    private var labels: [String: UInt32] = [:]
    private var names: [String] = []
    /// Images with too many boxes that differ to compare each with each.
    package private(set) var crowdedImageCount = 0

    package init(_ format: AnnotationFormat) {
        self.format = format
        recorder = ChangeRecorder(format, [.image, .box])
    }

    package var difference: AnnotationDifference { recorder.finish() }

    /// Takes the labels of the next image; nil where a side has no file for it.
    package mutating func add(image: String, old: LabelFile?, new: LabelFile?) {
        recorder.count(.image, old: old == nil ? 0 : 1, new: new == nil ? 0 : 1)
        if old == nil { recorder.add(.image, .added) { AnnotationChange(.image, .added, name: image) } }
        if new == nil { recorder.add(.image, .removed) { AnnotationChange(.image, .removed, name: image) } }
        var (olds, news) = (records(old, isOld: true), records(new, isOld: false))
        recorder.count(.box, old: olds.count, new: news.count)
        let names = names
        func shown(_ box: BoxRecord) -> AnnotationChange.Box {
            AnnotationChange.Box(
                label: names[Int(box.label)], x: box.x, y: box.y, width: box.width, height: box.height)
        }
        var matching = BoxMatching(hasIDs: false) { [recorder] status, before, after in
            recorder.add(.box, status) {
                var change = AnnotationChange(.box, status, name: image)
                change.image = image
                change.old = before.map(shown)
                change.new = after.map(shown)
                if let before, let after { change.overlap = before.overlap(with: after) }
                return change
            }
        }
        matching.match(&olds, &news)
        crowdedImageCount += matching.crowdedImageCount
    }

    private mutating func records(_ file: LabelFile?, isOld: Bool) -> [BoxRecord] {
        (file?.boxes ?? []).map { box in
            recorder.count(class: box.label, old: isOld ? 1 : 0, new: isOld ? 0 : 1)
            return BoxRecord(
                id: 0, x: box.x, y: box.y, width: box.width, height: box.height, rest: box.rest, image: 0,
                label: number(of: box.label))
        }
    }

    private mutating func number(of label: String) -> UInt32 {
        if let number = labels[label] { return number }
        labels[label] = UInt32(names.count)
        names.append(label)
        return UInt32(names.count - 1)
    }
}
