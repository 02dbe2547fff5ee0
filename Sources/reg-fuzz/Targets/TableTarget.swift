// SPDX-License-Identifier: Apache-2.0
internal import RegDiff

/// CSV and JSON lines that are compared: the first byte says which, a record separator lies between both files.
enum TableTarget: FuzzTarget {
    static let name = "table"

    static func run(_ input: [UInt8]) {
        guard let choice = input.first else { return }
        let format: AnnotationFormat = choice.isMultiple(of: 2) ? .csv : .jsonLines
        let key = choice & 2 == 0 ? [] : ["a", "b"]
        let sides = input.dropFirst().split(separator: 0x1e, maxSplits: 1, omittingEmptySubsequences: false)
            .map { Array($0) }
        let (old, new) = (sides.first ?? [], sides.last ?? [])
        let pieces = ByteStream(pieces: old, of: 1 + old.count % 7)
        let same = try? TableDifference.between(ByteStream(old), pieces, format, key: key)
        claim(same?.difference.changeCount ?? 0 == 0, "nothing differs from itself")
        guard let found = try? TableDifference.between(ByteStream(old), ByteStream(new), format, key: key)
        else {
            return
        }
        claim(same != nil, "what is compared with another is sound")
        found.difference.checkCounts()
        let back = try? TableDifference.between(ByteStream(new), ByteStream(old), format, key: key)
        claim(back?.difference.changeCount == found.difference.changeCount, "both ways have as many changes")
    }

    static func seeds() -> [[UInt8]] {
        let tables = [
            "id,file,label,x\r\n1,a.jpg,cat,3\r\n2,\"b, \"\"q\"\"\",dog,4\r\n\u{1e}file,id,label,x,y\n,2,cat,4,\n\"a\nb\",1,cat,3,u\n",
            "\u{feff}a;b\n1;2\n1;3\n\u{1e}a;b\n1;2\n1;2;3\n", "a\tb\n", "",
        ]
        let lines = [
            #"{"id": 1, "label": "cat", "bbox": [1, 2.50]}"# + "\n" + #"{"id": "x", "a": {"b": "\u00e9"}}"#
                + "\u{1e}"
                + #"{"label": "dog", "id": 1, "bbox": [1, 2.5]} {"id": 2}"#,
            #"{"a": 1, "b": NaN}"# + "\n" + #"{"a": 1, "b": 2}"# + "\n\u{1e}" + #"{"b": 2, "a": 1.0}"#,
        ]
        return [0, 2].flatMap { key in
            tables.map { [UInt8(key)] + Array($0.utf8) } + lines.map { [UInt8(key + 1)] + Array($0.utf8) }
        }
    }
}
