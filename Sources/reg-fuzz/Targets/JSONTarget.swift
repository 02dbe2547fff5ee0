// SPDX-License-Identifier: Apache-2.0
internal import RegJSON

enum JSONTarget: FuzzTarget {
    static let name = "json"

    static func run(_ input: [UInt8]) {
        guard let value = try? JSON.parse(input) else { return }
        let compact = value.compact
        let again = try? JSON.parse(Array(compact.utf8))
        claim(again == value, "what was read and written reads the same")
        claim(again?.compact.utf8.elementsEqual(compact.utf8) == true, "a value has one way of writing")
        claim((try? JSON.parse(Array(value.pretty.utf8))) == value, "the long form is the same value")
    }

    static func seeds() -> [[UInt8]] {
        [
            "{}", "[]", "null", "true", "false", "0", "-1", "9223372036854775807", "1.5e-300", "-0.0", "1E2",
            #"{"a":1,"b":[1,2,{"c":null}]}"#, #""\u00e9\ud83d\ude00\"\\\/\b\f\n\r\t""#, "\"caf\u{e9}\"",
            " [ 1 , 2 ] \n", #"{"dtype":"F32","shape":[2,3],"data_offsets":[8,32]}"#,
            "[" + (0..<20).map { "{\"k\($0)\":\($0)}" }.joined(separator: ",") + "]",
            "{" + (0..<20).map { "\"k\($0)\":\($0)" }.joined(separator: ",") + "}",
            String(repeating: "[", count: 64) + String(repeating: "]", count: 64),
            String(repeating: #"{"a":"#, count: 63) + "1" + String(repeating: "}", count: 63),
        ].map { Array($0.utf8) }
    }
}
