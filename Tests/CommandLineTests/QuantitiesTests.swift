// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import reg

@Suite struct QuantitiesTests {
    @Test(
        arguments: [
            (0, "0 B"), (1_023, "1023 B"), (1_024, "1.0 KiB"), (1_536, "1.5 KiB"), (1_048_524, "1023.9 KiB"),
            (1_048_525, "1.0 MiB"), (90_868_376, "86.7 MiB"), (3 << 30, "3.0 GiB"), (.max, "16.0 EiB"),
        ] as [(UInt64, String)])
    func sizesAreInTheUnitThatSuits(byteCount: UInt64, text: String) {
        #expect(sizeText(byteCount) == text)
    }

    @Test func aPartIsInTheUnitOfTheWhole() {
        #expect(SizeText(3 << 30).number(of: 100 << 20) == "0.1")
        #expect(SizeText(1_000).number(of: 7) == "7")
    }

    @Test(arguments: [(0, "0:00"), (7, "0:07"), (754, "12:34"), (3_723, "1:02:03"), (-1, "0:00")])
    func durationsAreMinutesAndSeconds(seconds: Int, text: String) {
        #expect(durationText(.seconds(seconds)) == text)
    }

    @Test(arguments: [(0, "0 files"), (1, "1 file"), (2, "2 files")])
    func countsAgreeWithTheirNoun(count: Int, text: String) {
        #expect(countText(count, "file") == text)
    }

    @Test(arguments: [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")])
    func base64IsThatOfRFC4648(text: String, encoded: String) {
        #expect(base64(Array(text.utf8)) == encoded)
    }
}
