// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegTesting
import Testing

@Suite struct PrintableTests {
    @Test(
        arguments: [
            ("\u{1b}[31m", #"\x1b[31m"#), ("\u{1b}]52;c;AAAA\u{7}", #"\x1b]52;c;AAAA\x07"#), ("\0", #"\x00"#),
            ("a\r\nb\t", #"a\x0d\x0ab\x09"#), ("\u{7f}", #"\x7f"#),
            ("\u{9b}31m", #"\u{9b}31m"#), ("\u{85}", #"\u{85}"#),
            ("\u{202e}gpj.exe", #"\u{202e}gpj.exe"#), ("\u{2066}a\u{2069}", #"\u{2066}a\u{2069}"#),
            ("\u{61c}", #"\u{61c}"#), ("\u{200e}\u{200f}", #"\u{200e}\u{200f}"#),
            ("a\u{200b}b\u{2060}c\u{feff}", #"a\u{200b}b\u{2060}c\u{feff}"#), ("a\u{ad}b", #"a\u{ad}b"#),
            ("\u{2028}\u{2029}", #"\u{2028}\u{2029}"#), ("\u{e0041}", #"\u{e0041}"#),
            ("\u{180e}", #"\u{180e}"#), ("\u{fff9}", #"\u{fff9}"#),
        ])
    func nothingSteersATerminalOrHides(text: String, shown: String) {
        #expect(printable(text) == shown)
    }

    @Test(arguments: ["", "a b~", "café", "cafe\u{301}", "日本語", "🦊", "\u{a0}", "-rf", "~/x"])
    func everythingElseStays(text: String) {
        #expect(printable(text).utf8.elementsEqual(text.utf8))
    }

    @Test func aBackslashCannotForgeAnEscape() {
        #expect(printable(#"a\x1b"#) == #"a\\x1b"#)
        #expect(printable(BytePath(#"a\x1b"#)) == #"a\\x1b"#)
    }

    @Test(
        arguments: [
            ([0x66, 0xff, 0x2e], #"f\xff."#), ([0xc3], #"\xc3"#), ([0x5c, 0xff], #"\x5c\xff"#),
            ([0x1b, 0x80], #"\x1b\x80"#),
            ([0xed, 0xa0, 0x80], #"\xed\xa0\x80"#), ([0xc0, 0xaf], #"\xc0\xaf"#),
            (Array("é".utf8) + [0xff], #"\xc3\xa9\xff"#),
        ] as [([UInt8], String)])
    func aPathThatIsNotTextShowsItsBytes(bytes: [UInt8], shown: String) {
        #expect(printable(BytePath(bytes)) == shown)
    }

    @Test func noPathLeavesARawControlByte() {
        print("seed 11")
        var random = SeededRandom(seed: 11)
        for _ in 0..<3_000 {
            let bytes = (0..<Int.random(in: 1...12, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            let shown = printable(BytePath(bytes)).unicodeScalars
            #expect(shown.allSatisfy { $0.properties.generalCategory != .control }, "\(bytes)")
        }
    }
}

@Suite struct HexTests {
    @Test func allBytesComeBack() {
        let all = Array(UInt8.min...UInt8.max)
        #expect(hex(all).hasPrefix("000102") && hex(all).hasSuffix("fdfeff"))
        #expect(bytes(hex: hex(all).utf8) == all)
    }

    @Test(arguments: ["0", "000", "0g", "AB", "0x", " 00", "é"])
    func anythingElseIsNoHex(text: String) {
        #expect(bytes(hex: text.utf8) == nil)
    }
}
