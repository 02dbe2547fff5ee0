// SPDX-License-Identifier: Apache-2.0
internal import RegDiff

/// COCO annotations that are compared: two files with a record separator between.
enum COCOTarget: FuzzTarget {
    static let name = "coco"

    static func run(_ input: [UInt8]) {
        let sides = input.split(separator: 0x1e, maxSplits: 1, omittingEmptySubsequences: false).map {
            Array($0)
        }
        let (old, new) = (sides.first ?? [], sides.last ?? [])
        // However it comes, it is the same.
        let pieces = ByteStream(pieces: old, of: 1 + old.count % 7)
        let same = try? COCODifference.between(ByteStream(old), pieces)
        claim(same?.difference.changeCount ?? 0 == 0, "nothing differs from itself")
        guard let found = try? COCODifference.between(ByteStream(old), ByteStream(new)) else {
            return
        }
        claim(same != nil, "what is compared with another is sound")
        found.difference.checkCounts()
    }

    static func seeds() -> [[UInt8]] {
        let old = """
            {"info": {"x": [1.5e3, -0, true, null]}, "images": [{"id": 1, "file_name": "a\\u00e9\\ud83d\\ude00", "width": 4, "height": 5},
            {"id": 2, "file_name": "b"}], "categories": [{"id": 1, "name": "cat"}, {"id": 3, "name": "dog"}],
            "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [0, 0, 10.5, 10]},
            {"id": 2, "image_id": 1, "category_id": 3, "bbox": [20, 0, 10, 10], "segmentation": [[1, 2, 3.25]]},
            {"id": 3, "image_id": 9, "bbox": []}]}
            """
        let new = """
            {"annotations": [{"id": 2, "image_id": 2, "category_id": 1, "bbox": [1, 0, 10.5, 10], "iscrowd": NaN},
            {"id": 5, "image_id": 2, "category_id": 8, "bbox": [20, 1, 10, 10]}, {"id": 1, "image_id": 2}],
            "categories": [{"id": 1, "name": "lynx"}, {"id": 2, "name": "dog"}],
            "images": [{"id": 2, "file_name": "a\u{e9}\u{1f600}"}, {"id": 1, "file_name": "c", "width": 4, "height": 5}]}
            """
        return [old, new, old + "\u{1e}" + new, new + "\u{1e}" + old, "[]", "{}"].map { Array($0.utf8) }
    }
}

extension ByteStream {
    /// Bytes that come piece by piece.
    init(pieces bytes: [UInt8], of count: Int) {
        self.init(byteCount: UInt64(bytes.count), windowByteCount: UInt64(count)) {
            Array(bytes[Int($0.lowerBound)..<Int($0.upperBound)])
        }
    }
}

extension AnnotationDifference {
    /// What was there, what came and what went must come out even.
    func checkCounts() {
        for total in totals {
            claim(total.old + total.added == total.new + total.removed, "what comes and goes comes out even")
        }
        claim(examples.count <= AnnotationDifference.exampleLimit, "there are few examples")
        claim(UInt64(examples.count) <= changeCount, "examples are of what changed")
    }
}
