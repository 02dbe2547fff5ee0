// SPDX-License-Identifier: Apache-2.0
internal import RegDiff

/// Label files that are compared, YOLO or Pascal VOC: the first byte says which, a record separator lies between both.
enum LabelTarget: FuzzTarget {
    static let name = "labels"

    static func run(_ input: [UInt8]) {
        guard let choice = input.first else { return }
        let format: AnnotationFormat = choice.isMultiple(of: 2) ? .yolo : .voc
        let sides = input.dropFirst().split(separator: 0x1e, maxSplits: 1, omittingEmptySubsequences: false)
            .map { Array($0) }
        guard let old = try? LabelFile.read(sides.first ?? [], format) else { return }
        var same = LabelDifference(format)
        same.add(image: "a", old: old, new: old)
        claim(same.difference.changeCount == 0, "nothing differs from itself")
        guard let new = try? LabelFile.read(sides.last ?? [], format) else { return }
        var found = LabelDifference(format)
        found.add(image: "a", old: old, new: new)
        found.add(image: "b", old: nil, new: old)
        found.add(image: "c", old: new, new: nil)
        found.difference.checkCounts()
    }

    static func seeds() -> [[UInt8]] {
        let yolo = [
            "0 .5 .5 .2 .2\n1 .1 .1 .1 .1 0.9\n\u{1e}1 .51 .5 .2 .2\r\n\n2 0 0 1 0 1 1 0 1\n",
            "0 1e308 -1e308 1e308 1e308\n",
        ]
        let voc = """
            <?xml version="1.0"?><annotation><filename>a.jpg</filename><object><name>cat</name><pose>Left</pose>
            <bndbox><xmin>1</xmin><ymin>2.5</ymin><xmax>11</xmax><ymax>12</ymax></bndbox></object></annotation>
            """
        let other = voc.split(separator: "cat").joined(separator: "d&#111;g")
        return yolo.map { [0] + Array($0.utf8) } + [voc, voc + "\u{1e}" + other].map { [1] + Array($0.utf8) }
    }
}
