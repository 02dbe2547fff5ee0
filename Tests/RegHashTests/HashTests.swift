// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegHash
import RegTesting
import Testing

@Suite struct SHA256Tests {
    /// From FIPS 180-4's examples and NIST's SHA256ShortMsg and SHA256LongMsg vectors.
    @Test(
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
            (
                "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
                "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
            ),
        ])
    func isThatOfTheStandard(message: String, digest: String) {
        #expect(SHA256.digest(of: Array(message.utf8)).hex == digest)
    }

    @Test func aMillionBytesInPieces() {
        let hasher = SHA256()
        let piece = [UInt8](repeating: UInt8(ascii: "a"), count: 999)
        for _ in 0..<1_001 { hasher.update(piece) }
        hasher.update([UInt8](repeating: UInt8(ascii: "a"), count: 1))
        #expect(hasher.finish().hex == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }

    @Test func oneHasherServesManyMessages() {
        let hasher = SHA256()
        for message in ["abc", "", "abc"] {
            hasher.update(Array(message.utf8))
            #expect(hasher.finish() == SHA256.digest(of: Array(message.utf8)))
        }
    }

    /// All lengths around a block, in every order that three at one time meet them in.
    @Test(arguments: SHA256.Kernel.allCases) func manyAtOneTimeAreEachTheirOwn(kernel: SHA256.Kernel) {
        // What this processor cannot run is not asked of it.
        guard kernel == .single || SHA256.Kernel.best == .interleaved else { return }
        let lengths = Array(0...200) + [1_000, 4_095, 4_096, 65_537, 0, 1 << 20, 3, 64]
        for order in [lengths, lengths.reversed(), lengths.shuffled()] {
            let messages = order.map { seededBytes(count: $0, seed: UInt64($0)) }
            let buffers = messages.map { message in
                let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: message.count, alignment: 1)
                copy.copyBytes(from: message)
                return copy
            }
            defer { for buffer in buffers { buffer.deallocate() } }
            let found = SHA256.digests(of: buffers.map { UnsafeRawBufferPointer($0) }, by: kernel)
            #expect(found == messages.map { SHA256.digest(of: $0) })
        }
        #expect(SHA256.digests(of: [], by: kernel).isEmpty)
    }

    @Test func threadsDoNotDisturbEachOther() throws {
        let digests = try onThreads(4) { _ in
            (0..<200).map { SHA256.digest(of: seededBytes(count: $0, seed: 5)) }
        }
        #expect(Set(digests).count == 1)
    }

    @Test func eachKindHasItsOwnNameSpace() {
        let bytes = Array("x".utf8)
        #expect(
            SHA256.digest(kind: "page", of: bytes) == SHA256.digest(of: Array("reg:page:v1\0x".utf8)))
        let all =
            [SHA256.digest(of: bytes)] + ["page", "set", "tree"].map { SHA256.digest(kind: $0, of: bytes) }
        #expect(Set(all).count == all.count)
    }
}

@Suite struct DigestTests {
    private let hexText = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

    @Test func allFormsNameTheSame() throws {
        let digest = try #require(Digest(hex: hexText))
        #expect(digest == SHA256.digest(of: Array("abc".utf8)))
        #expect(digest.hex == hexText)
        #expect(digest.text == "sha256:" + hexText)
        #expect(digest.short == "ba7816bf8f01")
        #expect(digest.prefix16 == 0xba78)
        #expect(Digest(text: digest.text) == digest)
        #expect(Digest(digest.bytes) == digest)
    }

    @Test func anythingElseIsNoDigest() {
        for text in [
            "", hexText, "sha256:", "sha256:" + hexText.uppercased(), "sha256:" + hexText.dropLast(),
            "sha256:" + hexText + "0", "SHA256:" + hexText, " sha256:" + hexText, "sha256:" + hexText + "\n",
            "sha512:" + hexText, "sha256:g" + hexText.dropFirst(),
        ] {
            #expect(Digest(text: text) == nil, "\(text)")
        }
        for count in [0, 31, 33] { #expect(Digest([UInt8](repeating: 0, count: count)) == nil) }
    }

    @Test func orderIsThatOfTheBytes() {
        print("seed 3")
        let digests = (0..<500).map { SHA256.digest(of: seededBytes(count: 8, seed: 3 + $0)) }
        let sorted = digests.sorted()
        #expect(sorted.map(\.hex) == digests.map(\.hex).sorted())
    }

    @Test func digestsThatAgreeInEightBytesDoNotCrowdATable() throws {
        let hashes = try (0..<256).map { last in
            try #require(Digest([UInt8](repeating: 7, count: 31) + [UInt8(last)])).hashValue
        }
        #expect(Set(hashes).count > 250)
    }
}

@Suite struct RandomNameTests {
    @Test func bytesAndTextComeBack() throws {
        let name = try #require(RandomName(hex: "000102030405060708090a0b0c0d0e0f"))
        #expect(name.bytes == Array(0...15))
        #expect(RandomName(name.bytes) == name)
        #expect(name.hex == "000102030405060708090a0b0c0d0e0f")
        for text in ["", "00", name.hex + "00", name.hex.uppercased()] {
            #expect(RandomName(hex: text) == nil)
        }
    }

    @Test func orderIsThatOfTheBytes() {
        let names = (0..<200).map { _ in RandomName.random() }
        #expect(names.sorted().map(\.hex) == names.map(\.hex).sorted())
        #expect(Set(names).count == names.count)
    }
}
