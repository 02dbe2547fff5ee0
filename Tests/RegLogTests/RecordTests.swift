// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegHash
import RegLock
import RegLog
import RegMetrics
import RegTesting
import Testing

/// What reading `bytes` as record 1 after `registry.json` gives.
private func read(_ bytes: [UInt8], number: UInt64 = 1) throws(LogError) -> RecordReading {
    try RecordReading.read(bytes, number: number, prev: digest(0))
}

/// The line of a record with members replaced or, where nil, left out; by hand, after docs/format.md, section 10.
private func line(_ changes: [String: String?] = [:]) -> String {
    var members: [(String, String)] = [
        ("reg_record", "1"), ("id", "\"\(String(repeating: "ab", count: 16))\""), ("number", "1"),
        ("prev", "\"\(digest(0).text)\""), ("requires", "[]"),
        ("project", "\"\(String(repeating: "cd", count: 16))\""), ("author", "\"Ada\""), ("time", "\"now\""),
        ("operations", "[]"),
    ]
    members = members.compactMap { key, value in
        guard let change = changes[key] else { return (key, value) }
        return change.map { (key, $0) }
    }
    for (key, value) in changes where !members.contains(where: { $0.0 == key }) {
        if let value { members.append((key, value)) }
    }
    return "{" + members.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",") + "}"
}

private let soundPush =
    #"{"op":"push","name":"a","type":"dataset","version":1,"digest":"\#(digest(1).text)","#
    + #""manifest":"\#(digest(2).text)","bytes":5,"files":1}"#

@Suite struct RecordTests {
    @Test func allOperationsComeBack() throws {
        let first = try record(
            [
                try push("a", 1, message: "first \"words\" \u{1f98a}\n"), try push("b", 7, isShared: true),
                try bind(commit(1), ["a": 1, "b": 1]), try delete(manifests: [3, 4], packs: [5]),
            ])
        #expect(try read(first.encoded) == .record(first))
        let outside = try record(project: nil, [try push("a", 1)])
        #expect(try read(outside.encoded) == .record(outside))
    }

    @Test func operationsOfRunsComeBack() throws {
        let gate = Operation.Promote.Gate(
            name: "prod", commit: try commit(1).hex,
            conditions: [
                .init(text: "map >= 0.5", value: 0.1 + 0.2, bound: 0.5, isMet: false),
                .init(text: "loss <= 1", value: .nan, bound: nil, isMet: false),
            ])
        let pin = try pin(["a": 1])
        let first = try record([
            try push("a", 1), Operation.pin(pin), try run(1, 1, of: pin, .killed),
            try run(2, 1, of: pin, outputs: [("a", 1, 1)]),
            Operation.measure(.init(name: try artifact("a"), version: 1, metrics: Metrics())),
            try promote("a", from: nil, to: 1), try promote("a", from: 1, to: 2, gate: gate, reason: "why"),
            try promote("a", from: 2, to: 1, isRollback: true),
        ])
        guard case .record(let again) = try read(first.encoded) else {
            Issue.record("not read as a record")
            return
        }
        // NaN is not equal to itself: what is written again tells.
        #expect(again.encoded == first.encoded)
        #expect(again.operations.count == 8 && again.operations[1] == Operation.pin(pin))
    }

    @Test func aPinOfALaterVersionIsBeyondThisReader() throws {
        let pin = try pin([:])
        let text = String(decoding: try record([Operation.pin(pin)]).encoded.dropLast(73), as: UTF8.self)
        let later = text.replacing("\"reg_pin\":1", with: "\"reg_pin\":2")
        guard case .beyond = try read(sealed(later)) else {
            Issue.record("a later pin was read")
            return
        }
        let altered = text.replacing("\"seed\":1", with: "\"seed\":2")
        #expect(try read(sealed(altered)) == .void("a pin has the id of another"))
    }

    @Test(arguments: ["latest", "v7", "run-1", "1234567", "deadbeef", "Prod", "", "a b", "-x"])
    func whatCouldNameAVersionOtherwiseIsNoAlias(text: String) {
        #expect(Alias(text) == nil)
    }

    @Test(arguments: ["prod", "v", "v7b", "beef", "stage-2", "running", "1.0"])
    func otherNamesAreAliases(text: String) { #expect(Alias(text)?.text == text) }

    @Test func theStoredBytesAreALineAndItsSeal() throws {
        let bytes = try record([try push("a", 1)]).encoded
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        #expect(lines.count == 3 && lines[2].isEmpty)
        #expect(lines[0].starts(with: Array(#"{"reg_record":1,"#.utf8)))
        #expect(lines[1].elementsEqual(SHA256.digest(of: Array(lines[0])).text.utf8))
    }

    @Test func isReadFromBytesMadeByHand() throws {
        let text = line(["operations": "[\(soundPush)]", "unknown": "{\"a\":[null]}"])
        guard case .record(let record) = try read(sealed(text)) else {
            Issue.record("not read as a record")
            return
        }
        #expect(record.operations == [try push("a", 1)])
        #expect(record.author == "Ada" && record.number == 1 && record.prev == digest(0))
        #expect(record.id.bytes == [UInt8](repeating: 0xab, count: 16))
        #expect(record.project?.bytes == [UInt8](repeating: 0xcd, count: 16))
    }

    @Test func everyFlippedBitIsDamage() throws {
        let bytes = try record([try push("a", 1), try bind(commit(1), ["a": 1])]).encoded
        let opening = #"{"reg_record":"#.utf8.count
        for position in bytes.indices {
            for bit in [0, 3, 7] {
                var flipped = bytes
                flipped[position] ^= 1 << UInt8(bit)
                #expect(throws: LogError.self, "bit \(bit) of byte \(position)") { try read(flipped) }
            }
        }
        for count in opening..<bytes.count {
            #expect(throws: LogError.self, "\(count) bytes") { try read(Array(bytes[..<count])) }
        }
        #expect(throws: LogError.self) { try read(bytes + [UInt8(ascii: "\n")]) }
    }

    @Test(arguments: ["", "{", "{\"reg_recor", "{\"reg_record\":"])
    func beginningsOfARecordAreDamaged(text: String) throws {
        #expect(throws: LogError.self) { try read(Array(text.utf8)) }
    }

    @Test(arguments: ["{}", "hello\n", "[]\n", String(repeating: "x", count: 500)])
    func whatNeverWasARecordIsVoid(text: String) throws {
        guard case .void = try read(Array(text.utf8)) else {
            Issue.record("not void")
            return
        }
    }

    @Test func aRecordThatFollowsAnotherIsDamage() throws {
        let bytes = try record(prev: digest(7)).encoded
        #expect(throws: LogError.self) { try read(bytes) }
        let later = line(["requires": "[\"x\"]", "prev": "\"\(digest(7).text)\""])
        #expect(throws: LogError.self) { try read(sealed(later)) }
    }

    @Test func aSealBelongsToTheFirstLineAlone() throws {
        // Sealed as a whole; its first line is not what the seal sums up.
        let text = line().replacingFirstComma
        #expect(text.contains("\n"))
        #expect(throws: LogError.self) { try read(sealed(text)) }
    }

    @Test(
        arguments: [
            ["id": nil], ["id": "\"ab\""], ["id": "1"], ["number": "2"], ["number": nil], ["number": "1.0"],
            ["number": "\"1\""], ["number": "-1"], ["prev": nil], ["prev": "\"00\""], ["requires": nil],
            ["requires": "null"], ["requires": "{}"], ["requires": "[1]"], ["requires": "\"\""],
            ["project": nil], ["project": "\"x\""], ["project": "0"], ["author": nil], ["author": "null"],
            ["time": "0"], ["operations": nil], ["operations": "{}"], ["operations": "[1]"],
            ["operations": "[{}]"], ["operations": "[{\"op\":1}]"], ["operations": "[{\"op\":\"push\"}]"],
            ["operations": "[{\"op\":\"bind\"}]"], ["operations": "[{\"op\":\"gc-delete\"}]"],
            ["operations": "[{\"op\":\"repack\"},{\"op\":\"push\"}]"],
            ["operations": "[{\"op\":\"repack\"}]", "id": nil], ["reg_record": "\"1\""],
            ["reg_record": "1.0"], ["reg_record": " 1"], ["reg_record": nil],
        ] as [[String: String?]])
    func whatIsNotAsTheTableSaysIsVoid(changes: [String: String?]) throws {
        guard case .void = try read(sealed(line(changes))) else {
            Issue.record("not void")
            return
        }
    }

    @Test(arguments: [
        ("{\"reg_record\":1,\"reg_record\":1}"), ("{\"reg_record\":1"), ("{\"reg_record\":1,} "),
        ("{\"reg_record\":1,\"id\":\"\u{1}\"}"), ("[{\"reg_record\":1}]"),
    ])
    func jsonThatIsNotStrictIsVoid(text: String) throws {
        guard case .void = try read(sealed(text)) else {
            Issue.record("not void")
            return
        }
    }

    @Test func aRecordThatDoesNotBeginAsOneIsVoid() throws {
        let moved = line().replacing("{\"reg_record\":1,", with: "{\"first\":0,\"reg_record\":1,")
        let spaced = line().replacing("{\"reg_record\":1,", with: "{\"reg_record\": 1,")
        let other = line(["reg_record": nil, "x": "1"]).replacing(
            "{", with: "{\"reg_recorder\":2,", maxReplacements: 1)
        for text in [moved, spaced, other] {
            guard case .void = try read(sealed(text)) else {
                Issue.record("not void: \(text)")
                return
            }
        }
    }

    @Test(
        arguments: [
            ["version": "0x1"], ["name": "\"A\""], ["type": "\"model\""], ["version": "1.0"],
            ["version": "-1"],
            ["digest": "\"\""], ["manifest": "null"], ["bytes": "-1"], ["bytes": "9223372036854775808"],
            ["files": nil], ["message": "1"], ["message": "null"], ["shared": "\"yes\""], ["shared": "1"],
        ] as [[String: String?]])
    func aPushThatIsNotOfItsFormIsVoid(changes: [String: String?]) throws {
        var text = soundPush
        for (key, value) in changes {
            if let range = text.firstRange(of: try Regex("\"\(key)\":(\"[^\"]*\"|[0-9]+),?")) {
                text.replaceSubrange(range, with: value.map { "\"\(key)\":\($0)," } ?? "")
            } else if let value {
                text = text.dropLast() + ",\"\(key)\":\(value)}"
            }
        }
        text = text.replacing(",}", with: "}")
        guard case .void = try read(sealed(line(["operations": "[\(text)]"]))) else {
            Issue.record("not void: \(text)")
            return
        }
    }

    @Test func aSetThatIsNotItsLocksIsVoid() throws {
        let sound = try record([try bind(commit(1), ["a": 1])])
        let text = String(decoding: sound.encoded.dropLast(73), as: UTF8.self)
        guard case .record = try read(sealed(text)) else {
            Issue.record("the sound one is read")
            return
        }
        let set = try #require(try lock(["a": 1]).setDigest)
        for lie in [
            text.replacing(set.text, with: digest(9).text), text.replacing(" 5 1", with: " 6 1"),
            text.replacing("reg-lock 1\\n\\n", with: "reg-lock 1\\n"), text.replacing("sha1", with: "sha256"),
        ] {
            #expect(lie != text)
            guard case .void = try read(sealed(lie)) else {
                Issue.record("not void: \(lie)")
                return
            }
        }
    }

    @Test(
        arguments: [
            (["reg_record": "2"], "version 2"), (["reg_record": "0"], "version 0"),
            (["requires": "[\"lanes\\u001b\"]"], #"lanes\x1b"#),
            (["operations": "[{\"op\":\"retract\"}]"], "retract"),
            (["reg_record": "2", "id": nil], "version 2"), (["requires": "[\"x\"]", "operations": nil], "x"),
            (["operations": "[\(soundPush),{\"op\":\"repack\",\"new\":1}]"], "repack"),
        ] as [([String: String?], String)])
    func whatOnlyALaterVersionKnowsIsBeyond(changes: [String: String?], word: String) throws {
        guard case .beyond(let what) = try read(sealed(line(changes))) else {
            Issue.record("not beyond")
            return
        }
        #expect(what.contains(word))
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func noBytesTrap(seed: UInt64) throws {
        print("seed \(seed)")
        var random = SeededRandom(seed: seed)
        let sound = Array(line(["operations": "[\(soundPush)]"]).utf8)
        var counts: [String: Int] = [:]
        for _ in 0..<1_000 {
            var bytes = sound
            for _ in 0..<Int.random(in: 1...2, using: &random) {
                bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(
                    in: 0..<128, using: &random)
            }
            let whole = bytes + Array("\n\(SHA256.digest(of: bytes).text)\n".utf8)
            do {
                switch try read(whole) {
                case .record: counts["record", default: 0] += 1
                case .void: counts["void", default: 0] += 1
                case .beyond: counts["beyond", default: 0] += 1
                }
            } catch { counts["damaged", default: 0] += 1 }
        }
        #expect(counts["void", default: 0] > 300 && counts["record", default: 0] > 20, "\(counts)")
    }
}

extension String {
    /// With a line break after the first comma, which JSON allows.
    fileprivate var replacingFirstComma: String { replacing(",", with: ",\n", maxReplacements: 1) }
}
