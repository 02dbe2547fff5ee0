// SPDX-License-Identifier: Apache-2.0
import RegS3
import RegTesting
import Testing

@Suite struct INIFileTests {
    private func read(_ text: String) -> INIFile { INIFile(bytes(text)) }

    @Test func readsSectionsKeysAndValues() {
        let file = read(
            "# note\n[default]\nregion = eu-west-1\nAWS_Access_Key_ID=AK=IA ; x\n\n[profile a b]\nk : v\n")
        #expect(file.sections["default"]?["region"] == "eu-west-1")
        // As the AWS CLI does: no comment begins within a line, and keys have no case.
        #expect(file.sections["default"]?["aws_access_key_id"] == "AK=IA ; x")
        #expect(file.sections["profile a b"]?["k"] == "v")
        #expect(file.sections.count == 2)
    }

    @Test func readsWhatIsIndented() {
        let file = read(
            "[services x]\r\ns3 =\r\n  # note\r\n  endpoint_url = http://h:1/\r\n\r\n\tADDRESSING_STYLE=path\r\n"
                + "sts =\r\n  endpoint_url = https://t\r\nregion = r\r\n")
        let section = file.sections["services x"]
        #expect(section?["s3", "endpoint_url"] == "http://h:1/")
        #expect(section?["s3", "addressing_style"] == "path")
        #expect(section?["sts", "endpoint_url"] == "https://t")
        #expect(section?["region"] == "r")
        #expect(section?["s3"] == nil)
        #expect(section?["region", "endpoint_url"] == nil)
    }

    @Test func goesOnWithAValueOnIndentedLines() {
        let file = read("  [a]\n  command = one\n    two\n    [three]\n  next = 4\n")
        #expect(file.sections["a"]?["command"] == "one\ntwo\n[three]")
        #expect(file.sections["a"]?["next"] == "4")
        #expect(file.sections.count == 1)
    }

    @Test func passesOverWhatIsNone() {
        let file = read("lost = 1\n[a] ; note\nnonsense\n= 2\n[broken\ngone = 3\n[b]\n;k = 1\nk =\n")
        #expect(file.sections["a"]?["nonsense"] == nil)
        #expect(file.sections["b"]?["k"] == nil)
        #expect(file.sections.count == 2)
        var damaged = bytes("[a]\nx = ")
        damaged += [0xff, 0xfe] + bytes("\ny = 1\n")
        #expect(INIFile(damaged).sections["a"]?["x"] == nil)
        #expect(INIFile(damaged).sections["a"]?["y"] == "1")
    }

    @Test func laterValuesCount() {
        let file = read("\u{feff}[a]\nk = 1\nm = 2\n[b]\n[a]\nk = 3\n")
        #expect(file.sections["a"]?["k"] == "3")
        #expect(file.sections["a"]?["m"] == "2")
    }

    @Test func takesAnyBytesInTime() {
        let size = INIFile.byteLimit / 4
        let shapes = ["[a]\n", "[a]\nk=\n v", "k=v\n", "[a]\nk=v", " ", "=", "\n", "[", "\0"]
        for shape in shapes {
            let unit = bytes(shape)
            _ = INIFile(Array((0..<size / unit.count).map { _ in unit }.joined()))
        }
        _ = INIFile(bytes("[a]\nk=\n") + Array(repeating: UInt8(ascii: " "), count: size))
        for seed in 0..<50 { _ = INIFile(seededBytes(count: 5000, seed: UInt64(seed))) }
    }

    @Test(arguments: [
        ("a b", ["a", "b"]), ("  a\t\nb  ", ["a", "b"]), ("'a b' \"c d\"", ["a b", "c d"]),
        ("a'b'\"c\"d", ["abcd"]), (#"a\ b \$c"#, ["a b", "$c"]), (#""a\"b\\c\d""#, [#"a"b\c\d"#]),
        (#"'a\b'"#, [#"a\b"#]), ("''", [""]), ("", []), ("$(x) `y` ;|&", ["$(x)", "`y`", ";|&"]),
    ]) func partsWordsAsAShell(text: String, words: [String]) { #expect(commandWords(text) == words) }

    @Test(arguments: ["'a", "\"a", "a\\", "\"a\\"]) func refusesWhatIsNotClosed(text: String) {
        #expect(commandWords(text) == nil)
    }
}
