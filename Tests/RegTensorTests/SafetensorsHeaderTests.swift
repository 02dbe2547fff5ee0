// SPDX-License-Identifier: Apache-2.0

import RegJSON
import RegTensor
import RegTesting
import Testing

/// The first bytes of a file: the length of `json`, or the length given, and `json`.
func prefix(_ json: String, length: UInt64? = nil) -> [UInt8] {
    let length = length ?? UInt64(json.utf8.count)
    return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + Array(json.utf8)
}

/// The header of a file whose tensors take `data` bytes.
func parse(_ json: String, data: UInt64) throws(SafetensorsError) -> SafetensorsHeader {
    let bytes = prefix(json)
    return try SafetensorsHeader.parse(prefix: bytes, fileSize: UInt64(bytes.count) + data)
}

/// A description of one tensor.
func entry(_ name: String, _ shape: String, _ offsets: String, dtype: String = "U8") -> String {
    #""\#(name)":{"dtype":"\#(dtype)","shape":\#(shape),"data_offsets":\#(offsets)}"#
}

/// As `safetensors.numpy.save` of safetensors 0.8 wrote it, with 41 bytes of tensors.
let golden =
    #"{"__metadata__":{"format":"np"},"step":{"dtype":"I64","shape":[],"data_offsets":[0,8]},"#
    + #""w":{"dtype":"F32","shape":[2,3],"data_offsets":[8,32]},"bias":{"dtype":"F16","shape":[3],"#
    + #""data_offsets":[32,38]},"empty":{"dtype":"U8","shape":[0,4],"data_offsets":[38,38]},"#
    + #""mask":{"dtype":"BOOL","shape":[3],"data_offsets":[38,41]}}"#

@Suite struct SafetensorsHeaderTests {
    @Test func readsWhatTheLibraryWrites() throws {
        let header = try parse(golden, data: 41)
        #expect(header.byteCount == 328)
        #expect(header.tensors.map(\.name) == ["step", "w", "bias", "empty", "mask"])
        #expect(header.tensors.map(\.dtype) == ["I64", "F32", "F16", "U8", "BOOL"])
        #expect(header.tensors.map(\.shape) == [[], [2, 3], [3], [0, 4], [3]])
        #expect(header.tensors.map(\.range) == [328..<336, 336..<360, 360..<366, 366..<366, 366..<369])
        #expect(header.tensors.map(\.byteCount) == [8, 24, 6, 0, 3])
    }

    @Test func sortsTensorsByOffset() throws {
        let json =
            "{\(entry("b", "[2]", "[3,5]")),\(entry("c", "[0]", "[3,3]")),\(entry("a", "[3]", "[0,3]"))}"
        #expect(try parse(json, data: 5).tensors.map(\.name) == ["a", "c", "b"])
    }

    @Test(arguments: ["{}", "{}      ", #"{"__metadata__":{}}"#])
    func aHeaderWithoutTensorsIsSoundWhereTheFileEnds(json: String) throws {
        #expect(try parse(json, data: 0).tensors.isEmpty)
        #expect(throws: SafetensorsError.badEnd(UInt64(8 + json.utf8.count))) { try parse(json, data: 1) }
    }

    @Test func readsTheHeaderInFrontOfOtherBytes() throws {
        let bytes = prefix(golden)
        let header = try SafetensorsHeader.parse(
            prefix: bytes + [0x7b, 0xff], fileSize: UInt64(bytes.count) + 41)
        #expect(header.tensors.count == 5)
        #expect(try SafetensorsHeader.byteCount(prefix: bytes, fileSize: 1_000) == bytes.count)
    }

    @Test func namesThatUnicodeCallsEqualAreTwoTensors() throws {
        let json = "{\(entry("caf\u{e9}", "[1]", "[0,1]")),\(entry("cafe\u{301}", "[1]", "[1,2]"))}"
        #expect(try parse(json, data: 2).tensors.count == 2)
    }

    @Test(
        arguments: [
            ("F4", "[2,3]", 3), ("F6_E2M3", "[4]", 3), ("F6_E3M2", "[2,4]", 6), ("F8_E8M0", "[5]", 5),
            ("F8_E4M3", "[5]", 5), ("F8_E5M2FNUZ", "[5]", 5), ("BF16", "[5]", 10), ("C64", "[5]", 40),
            ("U64", "[1,1]", 8),
            ("NEW_TYPE", "[1000]", 7),
        ] as [(String, String, UInt64)])
    func sizesFollowFromDtypeAndShape(dtype: String, shape: String, size: UInt64) throws {
        let json = "{\(entry("t", shape, "[0,\(size)]", dtype: dtype))}"
        #expect(try parse(json, data: size).tensors.map(\.byteCount) == [size])
        let longer = "{\(entry("t", shape, "[0,\(size + 1)]", dtype: dtype))}"
        if dtype == "NEW_TYPE" {
            #expect(throws: Never.self) { try parse(longer, data: size + 1) }
        } else {
            #expect(throws: SafetensorsError.badSize(name: "t")) { try parse(longer, data: size + 1) }
        }
    }

    @Test(
        arguments: [
            ("F4", "[3]", 2), ("F4", "[3]", 1), ("F6_E2M3", "[1]", 1), ("F6_E2M3", "[3]", 2),
        ] as [(String, String, UInt64)])
    func packedElementsMustFillTheirBytes(dtype: String, shape: String, size: UInt64) {
        #expect(throws: SafetensorsError.badSize(name: "t")) {
            try parse("{\(entry("t", shape, "[0,\(size)]", dtype: dtype))}", data: size)
        }
    }
}
