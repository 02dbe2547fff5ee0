// SPDX-License-Identifier: Apache-2.0

import RegJSON
import Testing

@Suite struct JSONWritingTests {
    @Test(
        arguments: [
            (JSON.null, "null"), (true, "true"), (-5, "-5"), (1.0, "1.0"), (.number(-0.0), "-0.0"),
            (0.1, "0.1"), (1e300, "1e+300"), (.number(.leastNonzeroMagnitude), "5e-324"),
            (.number(.nan), "\"NaN\""),
            (.number(.infinity), "\"Infinity\""), (.number(-.infinity), "\"-Infinity\""),
            ("a\"\\/é😀", "\"a\\\"\\\\/é😀\""), ("\u{8}\t\n\u{c}\r\u{0}\u{1f}", #""\b\t\n\f\r\u0000\u001f""#),
            ("\u{1b}[2J\u{7f}\u{9b}\u{2028}\u{2029}\u{202e}", #""\u001b[2J\u007f\u009b\u2028\u2029\u202e""#),
            (.array([]), "[]"), (.object([:]), "{}"),
            (["z": [1, 2], "a": nil, "é": ""], #"{"z":[1,2],"a":null,"é":""}"#),
        ] as [(JSON, String)])
    func writesCompactly(value: JSON, expected: String) {
        #expect(value.compact == expected)
    }

    @Test func writesPrettily() {
        let value: JSON = ["a": [1, ["b": []]], "c": .object([:]), "d": "e"]
        let expected = """
            {
              "a": [
                1,
                {
                  "b": []
                }
              ],
              "c": {},
              "d": "e"
            }
            """
        #expect(value.pretty == expected)
    }

    @Test func readsBackWhatItWrote() throws {
        let doubles: [JSON] = [0.1, 1e-7, 123_456_789.125, .number(.greatestFiniteMagnitude), 2.0]
        let scalars = String(String.UnicodeScalarView((0...0x3000).compactMap(Unicode.Scalar.init)))
        let value: JSON = [
            "doubles": .array(doubles), "text": .string(scalars), "n": .integer(.max), "o": nil,
        ]
        #expect(try JSON.parse(Array(value.compact.utf8)) == value)
        #expect(try JSON.parse(Array(value.pretty.utf8)) == value)
    }
}

@Suite struct JSONObjectTests {
    @Test func settingReplacesInPlaceAppendsOrRemoves() {
        var object: JSONObject = ["a": 1, "b": 2]
        object["c"] = 3
        object["a"] = .null
        object["b"] = nil
        object["x"] = nil
        #expect(JSON.object(object).compact == #"{"a":null,"c":3}"#)
        #expect(object["b"] == nil)
        #expect(object["a"] == .some(.null))
    }

    @Test func aLiteralKeepsItsOrderAndTheLastOfEqualKeys() {
        let value: JSON = ["b": 1, "a": 2, "b": 3]
        #expect(value.compact == #"{"b":3,"a":2}"#)
    }

    @Test func equalityKnowsTheOrder() {
        #expect(JSON.object(["a": 1, "b": 2]) != ["b": 2, "a": 1])
        #expect(JSON.object(["a": 1, "b": 2]) == ["a": 1, "b": 2])
        #expect(JSON.integer(1) != .number(1))
    }

    @Test func accessorsAnswerForTheirKindOnly() {
        let value: JSON = ["s": "t", "i": 1, "b": true, "a": [nil], "o": ["k": 1]]
        #expect(value["s"]?.stringValue == "t" && value["s"]?.integerValue == nil)
        #expect(value["i"]?.integerValue == 1 && value["i"]?.boolValue == nil)
        #expect(value["b"]?.boolValue == true && value["b"]?.stringValue == nil)
        #expect(value["a"]?.arrayValue == [.null] && value["a"]?.objectValue == nil)
        #expect(value["o"]?["k"] == 1 && value["o"]?.arrayValue == nil && value["i"]?["k"] == nil)
    }
}
