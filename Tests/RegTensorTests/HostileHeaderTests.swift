// SPDX-License-Identifier: Apache-2.0

import RegJSON
import RegTensor
import RegTesting
import Testing

@Suite struct HostileHeaderTests {
    @Test(arguments: [0, 1, 21, (8 << 20) + 1, 1 << 40, .max, .max - 7] as [UInt64])
    func lyingLengthsAreRefused(length: UInt64) {
        #expect(throws: SafetensorsError.badHeaderLength(length)) {
            try SafetensorsHeader.parse(prefix: prefix("{}", length: length), fileSize: 28)
        }
    }

    @Test(
        arguments: [
            ("{a}", .badJSON(JSONError(offset: 1, reason: .unexpectedByte(0x61)))),
            (" {}", .notAnObject), ("[]", .notAnObject), ("\0\0", .notAnObject),
            (#"{"__metadata__":1}"#, .badMetadata), (#"{"__metadata__":{"a":1}}"#, .badMetadata),
        ] as [(String, SafetensorsError)])
    func otherJSONIsRefused(json: String, error: SafetensorsError) {
        #expect(throws: error) { try parse(json, data: 3) }
    }

    @Test(arguments: [
        "1", "{}", #"{"dtype":"U8","shape":[1]}"#,
        #"{"dtype":"U8","shape":[1],"data_offsets":[0,1],"more":0}"#,
        #"{"dtype":8,"shape":[1],"data_offsets":[0,1]}"#, #"{"dtype":"U8","shape":1,"data_offsets":[0,1]}"#,
        #"{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}"#,
        #"{"dtype":"U8","shape":[1.0],"data_offsets":[0,1]}"#,
        #"{"dtype":"U8","shape":[1],"data_offsets":[-1,0]}"#,
        #"{"dtype":"U8","shape":[1],"data_offsets":[0]}"#,
        #"{"dtype":"U8","shape":[1],"data_offsets":[0,1,2]}"#,
        #"{"dtype":"U8","shape":[1],"data_offsets":["0",1]}"#,
    ])
    func tensorsOfAnotherFormAreRefused(description: String) {
        #expect(throws: SafetensorsError.badTensor(name: "t")) {
            try parse("{\"t\":\(description)}", data: 3)
        }
    }

    @Test(
        arguments: [
            (["[1,0]"], .badRange(name: "0")), (["[1,2]"], .badRange(name: "0")), (["[0,2]"], .badEnd(2)),
            (["[0,4]"], .badEnd(4)), ([], .badEnd(0)), (["[0,1]", "[0,1]"], .badRange(name: "1")),
            (["[0,2]", "[1,3]"], .badRange(name: "1")), (["[0,1]", "[2,3]"], .badRange(name: "1")),
            (["[0,3]", "[1,1]"], .badRange(name: "1")), (["[0,3]", "[4,4]"], .badRange(name: "1")),
            (["[0,9223372036854775807]"], .badEnd(9_223_372_036_854_775_807)),
        ] as [([String], SafetensorsError)])
    func rangesThatDoNotCoverTheFileAreRefused(offsets: [String], error: SafetensorsError) {
        let entries = offsets.enumerated().map { entry("\($0)", "[]", $1, dtype: "NEW") }
        let json = "{\(entries.joined(separator: ","))}"
        let expected =
            if case .badEnd(let place) = error {
                SafetensorsError.badEnd(place + 8 + UInt64(json.utf8.count))
            } else {
                error
            }
        #expect(throws: expected) { try parse(json, data: 3) }
    }

    @Test(arguments: [
        ("U8", "[2]"), ("U8", "[]"), ("F16", "[3]"), ("U8", "[3,0]"), ("F32", "[4294967296,4294967296]"),
        ("F64", "[2305843009213693952,8]"), ("U8", "[9223372036854775807,9223372036854775807,0]"),
        ("U8", "[9223372036854775807,2]"),
    ])
    func shapesOfAnotherSizeAreRefused(dtype: String, shape: String) {
        let json = "{\(entry("t", shape, "[0,3]", dtype: dtype))}"
        #expect(throws: SafetensorsError.badSize(name: "t")) { try parse(json, data: 3) }
    }

    @Test func duplicateNamesAreRefused() {
        let json = "{\(entry("t", "[1]", "[0,1]")),\(entry("t", "[1]", "[1,2]"))}"
        #expect(throws: SafetensorsError.badJSON(JSONError(offset: 53, reason: .duplicateKey("t")))) {
            try parse(json, data: 2)
        }
    }

    @Test func deepAndHugeHeadersAreRefused() {
        let deep = "{\"t\":" + String(repeating: "[", count: 100_000)
        #expect(throws: SafetensorsError.badJSON(JSONError(offset: 68, reason: .tooDeep(limit: 64)))) {
            try parse(deep, data: 0)
        }
        let huge = "{\"t\":[0" + String(repeating: ",0", count: 1_100_000) + "]}"
        let error = #expect(throws: SafetensorsError.self) { try parse(huge, data: 0) }
        guard case .badJSON(let inner) = error else {
            Issue.record("not JSON's fault")
            return
        }
        #expect(inner.reason == .tooManyValues(limit: 1_000_000))
    }

    @Test func everyTruncationIsRefused() {
        let bytes = prefix(golden)
        let fileSize = UInt64(bytes.count) + 41
        for count in 0..<bytes.count {
            let cut = Array(bytes[..<count])
            #expect(throws: SafetensorsError.truncated(needed: count < 8 ? 8 : bytes.count)) {
                try SafetensorsHeader.parse(prefix: cut, fileSize: fileSize)
            }
            #expect(throws: SafetensorsError.self) {
                try SafetensorsHeader.parse(prefix: cut, fileSize: UInt64(count))
            }
        }
    }

    /// A damaged header may still be one, but it never traps, and what it gives covers the file.
    @Test func bitFlipsNeverTrap() {
        let bytes = prefix(golden)
        let fileSize = UInt64(bytes.count) + 41
        for index in bytes.indices {
            for bit in 0..<8 {
                var damaged = bytes
                damaged[index] ^= 1 << bit
                guard let header = try? SafetensorsHeader.parse(prefix: damaged, fileSize: fileSize) else {
                    continue
                }
                #expect(header.byteCount + header.tensors.reduce(0) { $0 + $1.byteCount } == fileSize)
            }
        }
    }

    @Test func noiseNeverTraps() {
        var random = SeededRandom(seed: 1)
        let pieces = [
            "{", "}", "[", "]", ",", ":", "0", "1", "-1", #""t""#, #""dtype""#, #""U8""#, #""shape""#,
            #""data_offsets""#,
        ]
        for _ in 0..<5_000 {
            let count = Int(random.next() % 20)
            let json = "{" + (0..<count).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
            _ = try? parse(json, data: random.next() % 4)
        }
    }
}
