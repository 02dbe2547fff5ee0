// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegHash
import RegJSON
import RegLock
import RegPin
import Testing

private func digest(_ text: String) -> Digest { SHA256.digest(of: Array(text.utf8)) }

private func lock() throws -> Lock {
    func entry(_ name: String, _ path: String, isDirectory: Bool) throws -> LockEntry {
        LockEntry(
            name: try #require(ArtifactName(name)), type: .dataset, path: BytePath(path),
            isDirectory: isDirectory, content: .stored(digest: digest(name), bytes: 5, files: 2))
    }
    return try Lock([
        try entry("coco", "data/coco set", isDirectory: true),
        try entry("weights", "w/\u{e9}.bin", isDirectory: false),
    ])
}

private func pin(
    command: [String] = ["python3", "train.py", "--note", "a \"b\"\n\u{1f}\u{7f}é"],
    environment: [String] = ["SEED", "CUDA_VISIBLE_DEVICES", "SEED"],
    image: String? = "team/train@\(digest("image").text)", seed: UInt64? = 42, hasPatch: Bool = false
) throws -> Pin {
    try Pin(
        project: try #require(RandomName(hex: String(repeating: "ab", count: 16))),
        commit: try #require(CommitID(hex: String(repeating: "12", count: 20))),
        code: Pin.Tree(digest: digest("code"), byteCount: 100, fileCount: 3),
        patch: hasPatch ? Pin.Tree(digest: digest("patch"), byteCount: 7, fileCount: 1) : nil,
        lock: try lock(), command: command, environment: environment, image: image, seed: seed)
}

private func problem(of text: String) -> PinError? {
    do { _ = try Pin.parse(file: Array(text.utf8)) } catch { return error }
    return nil
}

@Suite struct PinTests {
    @Test func comesBackFromItsFile() throws {
        for pin in [
            try pin(), try pin(command: [], environment: [], image: nil, seed: nil), try pin(hasPatch: true),
        ] {
            #expect(try Pin.parse(file: pin.file) == pin)
        }
    }

    /// By hand, after docs/format.md, section 14.
    @Test func theIdIsThatOfTheCanonicalText() throws {
        let pin = try pin(command: ["a \"b\"\n\u{1f}\u{7f}é"], environment: ["B", "A"], image: nil, seed: 42)
        let coco =
            #"{"bytes":5,"digest":"\#(digest("coco").text)","files":2,"path":"data/coco\\x20set/","type":"dataset"}"#
        let weights =
            #"{"bytes":5,"digest":"\#(digest("weights").text)","files":2,"path":"w/\\xc3\\xa9.bin","type":"dataset"}"#
        let text =
            #"{"artifacts":{"coco":\#(coco),"weights":\#(weights)},"#
            + #""code":{"bytes":100,"digest":"\#(digest("code").text)","files":3},"#
            + "\"command\":[\"a \\\"b\\\"\\n\\u001f\u{7f}é\"],"
            + #""commit":"\#(String(repeating: "12", count: 20))","environment":["A","B"],"#
            + #""object_format":"sha1","project":"\#(String(repeating: "ab", count: 16))","#
            + #""reg_pin":1,"seed":42}"#
        #expect(pin.canonical == text)
        #expect(pin.id == SHA256.digest(of: Array("reg:pin:v1\0\(text)".utf8)))
        #expect(String(decoding: pin.file, as: UTF8.self) == "{\"id\":\"\(pin.id.text)\",\"pin\":\(text)}\n")
    }

    @Test func everyAlteredByteIsRefused() throws {
        // Without an escape of which the case is free.
        let file = try pin(command: ["train", "é"], hasPatch: true).file
        for position in file.indices.dropLast() {
            for bit in [0, 5, 7] {
                var altered = file
                altered[position] ^= 1 << UInt8(bit)
                #expect(throws: PinError.self, "bit \(bit) of byte \(position)") {
                    try Pin.parse(file: altered)
                }
            }
        }
        for count in file.indices.dropLast() where count % 7 == 0 {
            #expect(throws: PinError.self, "\(count) bytes") { try Pin.parse(file: Array(file[..<count])) }
        }
    }

    @Test func spacesAndOrderMakeNoOtherPin() throws {
        let pin = try pin()
        let json = try JSON.parse(pin.file)
        let object = try #require(json["pin"]?.objectValue)
        let turned = JSON.object([
            "pin": .object(JSONObject(unique: object.members.reversed())), "id": .string(pin.id.text),
        ])
        #expect(try Pin.parse(file: Array(turned.pretty.utf8)) == pin)
    }

    @Test func whatIsNoPinIsNamed() throws {
        let sound = String(decoding: try pin().file, as: UTF8.self)
        func replacing(_ old: String, _ new: String) throws -> PinError? {
            try #require(sound.contains(old))
            return problem(of: sound.replacing(old, with: new, maxReplacements: 1))
        }
        #expect(try replacing("\"reg_pin\":1", "\"reg_pin\":2") == .unknownVersion("2"))
        #expect(try replacing("\"seed\":42", "\"seed\":43") == .altered)
        #expect(try replacing("\"seed\":42", "\"seed\":9007199254740992") == .seed)
        #expect(try replacing("\"seed\":42", "\"seed\":42,\"more\":1")?.message.contains("'more'") == true)
        #expect(try replacing("\"seed\":42", "\"seed\":-1") == .malformed("'seed' is not of its form"))
        #expect(try replacing("data/coco", "data/../coco")?.message.contains("no lock") == true)
        #expect(try replacing("\"w/", "\"data/coco\\\\x20set/")?.message.contains("lies in that of") == true)
        #expect(try replacing("\"coco\"", "\"weights\"")?.message.contains("not JSON") == true)
        #expect(try replacing("\"coco\"", "\"x y\"") != nil)
        #expect(try replacing("team/train@sha256:", "team/train:latest@") != nil)
        #expect(problem(of: "{}") != nil && problem(of: "") != nil && problem(of: "[1]") != nil)
    }

    @Test func whatCannotBePinnedIsRefused() throws {
        #expect(throws: PinError.image("train:latest")) { try pin(image: "train:latest") }
        #expect(throws: PinError.variableName("A=B")) { try pin(environment: ["A=B"]) }
        #expect(throws: PinError.variableName("")) { try pin(environment: [""]) }
        #expect(throws: PinError.seed) { try pin(seed: 1 << 53) }
        #expect(throws: PinError.tooLarge) { try pin(command: [String(repeating: "a", count: 1 << 20)]) }
        #expect(throws: PinError.self) { try pin(command: ["a\0b"]) }
    }
}
