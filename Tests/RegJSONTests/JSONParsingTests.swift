// SPDX-License-Identifier: Apache-2.0

import RegJSON
import Testing

private func parse(_ text: String, limits: JSONLimits = .default) throws(JSONError) -> JSON {
    try JSON.parse(Array(text.utf8), limits: limits)
}

@Suite struct JSONParsingTests {
    @Test(
        arguments: [
            ("null", .null), (" true ", true), ("\t\r\nfalse", false), ("0", 0), ("-1", -1),
            ("9223372036854775807", .integer(.max)), ("-9223372036854775807", .integer(-.max)),
            ("1.0", .number(1)), ("1e0", .number(1)), ("-0.0", .number(-0.0)), ("1E+2", .number(100)),
            ("5e-324", .number(.leastNonzeroMagnitude)), ("1e-999", .number(0)), ("\"\"", ""), ("[]", []),
            ("{}", .object([:])),
            ("[1,[2],{}]", [1, [2], .object([:])]), ("{\"b\":1,\"a\":[null]}", ["b": 1, "a": [nil]]),
            (#""\"\\\/\b\f\n\r\t\u0041\u00e9\uD83D\uDE00""#, "\"\\/\u{8}\u{c}\n\r\tAé😀"),
            (#""\u0000""#, "\0"), ("\"é😀\u{7f}\"", "é😀\u{7f}"),
        ] as [(String, JSON)])
    func readsWhatTheStandardAllows(text: String, expected: JSON) throws {
        #expect(try parse(text) == expected)
    }

    @Test(
        arguments: [
            ("", 0, .unexpectedEnd), ("  ", 2, .unexpectedEnd), ("[1,]", 3, .unexpectedByte(0x5d)),
            ("[1", 2, .unexpectedEnd), ("[1 2]", 3, .unexpectedByte(0x32)), ("nul", 3, .unexpectedEnd),
            ("nulL", 3, .unexpectedByte(0x4c)), ("1 1", 2, .trailingBytes), ("{}x", 2, .trailingBytes),
            ("{1:2}", 1, .unexpectedByte(0x31)), ("{\"a\" 1}", 5, .unexpectedByte(0x31)),
            ("{\"a\":1,}", 7, .unexpectedByte(0x7d)), ("{\"a\":1,\"\\u0061\":2}", 7, .duplicateKey("a")),
            ("01", 0, .badNumber), ("-", 1, .unexpectedEnd), ("-a", 0, .badNumber),
            ("+1", 0, .unexpectedByte(0x2b)),
            (".5", 0, .unexpectedByte(0x2e)), ("1.", 2, .unexpectedEnd), ("[1.]", 1, .badNumber),
            ("1e", 2, .unexpectedEnd), ("1e+", 3, .unexpectedEnd), ("-0", 0, .integerOutOfRange),
            ("9223372036854775808", 0, .integerOutOfRange), ("-9223372036854775808", 0, .integerOutOfRange),
            ("1e400", 0, .numberOutOfRange), ("-1e400", 0, .numberOutOfRange),
            ("NaN", 0, .unexpectedByte(0x4e)),
            ("\"", 1, .unexpectedEnd), ("\"a\nb\"", 2, .controlCharacter(0x0a)), (#""\x""#, 1, .badEscape),
            (#""\u12g4""#, 1, .badEscape), (#""\ud800""#, 1, .loneSurrogate),
            (#""\udc00""#, 1, .loneSurrogate),
            (#""\ud800\u0041""#, 1, .loneSurrogate), (#""\ud800\ud800""#, 1, .loneSurrogate),
            (#""\ud800\n""#, 1, .loneSurrogate), ("\u{feff}1", 0, .byteOrderMark),
            ("'a'", 0, .unexpectedByte(0x27)),
            ("/**/1", 0, .unexpectedByte(0x2f)), ("\u{a0}1", 0, .unexpectedByte(0xc2)),
        ] as [(String, Int, JSONError.Reason)])
    func refusesWithPlaceAndReason(text: String, offset: Int, reason: JSONError.Reason) {
        #expect(throws: JSONError(offset: offset, reason: reason)) { try parse(text) }
    }

    @Test(
        arguments: [
            [0x80], [0xc3], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xff],
            [0xc3, 0x5c, 0x75, 0x30, 0x30, 0x61, 0x39],
        ] as [[UInt8]])
    func refusesStringsThatAreNotUTF8(content: [UInt8]) {
        #expect(throws: JSONError(offset: 1, reason: .invalidUTF8)) {
            try JSON.parse([0x22] + content + [0x22])
        }
    }

    @Test func keysAreComparedByBytes() throws {
        let object = try #require(try parse("{\"caf\u{e9}\":1,\"cafe\u{301}\":2}").objectValue)
        #expect(object.members.count == 2)
        #expect(object["caf\u{e9}"] == 1)
        #expect(object["cafe\u{301}"] == 2)
        #expect(JSON.string("caf\u{e9}") != .string("cafe\u{301}"))
    }

    @Test func findsARepeatedKeyAnywhere() throws {
        for count in [1, 2, 11, 12, 13, 14, 40] {
            for repeated in 0..<count {
                let members = (0..<count).map { "\"k\($0)\":0" } + ["\"k\(repeated)\":0"]
                let text = "{" + members.joined(separator: ",") + "}"
                let error = #expect(throws: JSONError.self) { try parse(text) }
                #expect(error?.reason == .duplicateKey("k\(repeated)"))
            }
        }
    }

    @Test func readsAnObjectOfAHundredThousandKeys() throws {
        let text = "{" + (0..<100_000).map { "\"key \($0)\":\($0)" }.joined(separator: ",") + "}"
        let object = try #require(try parse(text).objectValue)
        #expect(object.members.count == 100_000)
        #expect(object["key 99999"] == 99_999)
    }
}

@Suite struct JSONLimitTests {
    @Test func nestsSixtyFourDeepAndNoDeeper() throws {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let deepest = String(repeating: open, count: 63) + "[]" + String(repeating: close, count: 63)
            #expect(throws: Never.self) { try parse(deepest) }
            let deeper = open + deepest + close
            #expect(
                throws: JSONError(offset: 63 * open.utf8.count + open.utf8.count, reason: .tooDeep(limit: 64))
            ) {
                try parse(deeper)
            }
        }
        let error = #expect(throws: JSONError.self) { try parse(String(repeating: "[", count: 1_000_000)) }
        #expect(error?.reason == .tooDeep(limit: 64))
    }

    @Test func depthCountsWhatIsOpenNotWhatWas() throws {
        let text = "[" + String(repeating: "[[]],", count: 200) + "[]]"
        #expect(throws: Never.self) { try parse(text) }
    }

    @Test func boundsLengthAndValues() throws {
        #expect(try parse("[1,2]", limits: JSONLimits(byteCount: 5, valueCount: 3)) == [1, 2])
        #expect(throws: JSONError(offset: 4, reason: .tooLong(limit: 4))) {
            try parse("[1,2]", limits: JSONLimits(byteCount: 4))
        }
        #expect(throws: JSONError(offset: 3, reason: .tooManyValues(limit: 2))) {
            try parse("[1,2]", limits: JSONLimits(valueCount: 2))
        }
    }
}

@Suite struct JSONHostileTests {
    private static let sample =
        #"{"a":[1,-2.5e3,"x\u00e9\ud83d\ude00 é",null,true],"b":{"c":{},"d":[[]]},"e":"\\"}"#

    @Test func everyTruncationIsRefused() {
        let bytes = Array(Self.sample.utf8)
        for count in 0..<bytes.count {
            #expect(throws: JSONError.self) { try JSON.parse(Array(bytes[..<count])) }
        }
    }

    /// Whatever a damaged text still says, it must survive being written and read again.
    @Test func everyBitFlipIsRefusedOrReadConsistently() throws {
        let bytes = Array(Self.sample.utf8)
        for index in bytes.indices {
            for bit in 0..<8 {
                var damaged = bytes
                damaged[index] ^= 1 << bit
                guard let value = try? JSON.parse(damaged) else { continue }
                #expect(try JSON.parse(Array(value.compact.utf8)) == value)
            }
        }
    }
}
