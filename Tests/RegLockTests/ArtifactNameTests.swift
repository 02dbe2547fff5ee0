// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegLock
import Testing

@Suite struct ArtifactNameTests {
    @Test(arguments: ["a", "0", "detector", "a.b_c-d", "9-", String(repeating: "a", count: 255)])
    func acceptsNames(text: String) {
        #expect(ArtifactName(text)?.text == text)
    }

    @Test(arguments: [
        "", "-a", ".a", "_a", "A", "aB", "a b", "a/b", "a@b", "a\0", "é", "a\u{301}", "a\n",
        String(repeating: "a", count: 256),
    ])
    func refusesOtherText(text: String) {
        #expect(ArtifactName(text) == nil)
    }

    @Test(arguments: [
        ("model.safetensors", "model"), ("weights/Model V2.bin", "model-v2"), ("data/", "data"),
        ("a/b/c", "c"),
        ("data.tar.gz", "data.tar"), (".env", "env"), (".env.local", "env"), ("Füße.csv", "f--e"),
        ("数据1", "1"), ("--x", "x"), ("a.", "a"), ("UPPER", "upper"), ("a+b", "a-b"),
    ])
    func proposesTheLastComponentWithoutSuffix(path: String, name: String) {
        #expect(ArtifactName.proposed(from: BytePath(path))?.text == name)
    }

    @Test(arguments: ["", "/", "...", "数据", "-_-"])
    func proposesNothingWhereNothingIsLeft(path: String) {
        #expect(ArtifactName.proposed(from: BytePath(path)) == nil)
    }

    @Test func proposesForBytesThatAreNoText() {
        #expect(ArtifactName.proposed(from: BytePath([0x61, 0xff, 0x62]))?.text == "a-b")
    }

    @Test func proposesAtMostTheLongestName() {
        let path = BytePath(String(repeating: "a", count: 400))
        #expect(ArtifactName.proposed(from: path)?.text.count == ArtifactName.maximumLength)
    }

    @Test func ordersByBytes() {
        let names = ["z", "a_b", "a-b", "a", "0", "a.b"].compactMap { ArtifactName($0) }
        #expect(names.sorted().map(\.text) == ["0", "a", "a-b", "a.b", "a_b", "z"])
    }
}

@Suite struct CommitIDTests {
    private static let sha1 = String(repeating: "0123456789", count: 4)
    private static let sha256 = String(repeating: "0123456789abcdef", count: 4)

    @Test func tellsTheFormatByTheLength() {
        #expect(CommitID(hex: CommitIDTests.sha1)?.objectFormat == .sha1)
        #expect(CommitID(hex: CommitIDTests.sha256)?.objectFormat == .sha256)
        #expect(CommitID(objectFormat: .sha1, hex: CommitIDTests.sha256) == nil)
    }

    @Test(arguments: [
        "", "0123", sha1 + "0", "A" + sha1.dropFirst(), "g" + sha1.dropFirst(), "-" + sha256.dropFirst(),
    ])
    func refusesWhatIsNoFullName(hex: String) {
        #expect(CommitID(hex: hex) == nil)
    }
}
