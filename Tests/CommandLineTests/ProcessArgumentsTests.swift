// SPDX-License-Identifier: Apache-2.0

import RegBytes
import Testing

@testable import reg

@Suite struct ProcessArgumentsTests {
    @Test(
        arguments: [
            [], Array("plain".utf8), Array("cafe\u{301} \u{1f600}".utf8), [0xff], [0x61, 0xff, 0x62], [0xc3],
            [0xf0, 0x9f],
            [0xed, 0xa0, 0x80], [0xc0, 0xaf], Array("\u{10fe80}\u{10feff}\u{10fe7f}".utf8),
            Array(0x80...0xff),
            Array("caf\u{e9}".utf8) + [0xe9], [0xf4, 0x8f, 0xb8],
        ] as [[UInt8]])
    func everyByteComesBack(bytes: [UInt8]) {
        #expect(argumentBytes(argument(bytes)).bytes == bytes)
    }

    @Test func ordinaryTextStaysAsItIs() {
        #expect(argument(Array("weights/größe.bin".utf8)).utf8.elementsEqual("weights/größe.bin".utf8))
    }

    @Test func argumentsThatDifferStayDifferent() {
        let standIn = argument([0xff])
        #expect(argument(Array(standIn.utf8)) != standIn)
    }

    @Test func messagesShowBytesThatAreNoText() {
        #expect(shown(argument([0x61, 0xff, 0x1b])) == "a\\xff\\x1b")
    }
}
