// SPDX-License-Identifier: Apache-2.0
import RegBytes
import Testing

@Suite struct PathSafetyTests {
    @Test(arguments: [
        "a", "a/b/c", "...", "a..b/.c", "~/x", "-rf", "a\rb", "a b", "*", ".gitignore", ".github/x", ".gi",
        ".gitx",
        "git", "reg", "x.git", ".reg.toml", "a:b", "1:", "a/C:", "Cc:", "é", ".g\u{e9}t", "\u{200d}", "\n",
        String(repeating: "a", count: 255),
    ])
    func acceptsOrdinaryNames(path: String) {
        #expect(BytePath(path).hazard == nil)
    }

    @Test(
        arguments: [
            ("", .empty), ("/", .absolute), ("/x", .absolute), ("//x", .absolute), ("a/", .trailingSlash),
            ("a//b", .emptyComponent), (".", .dotComponent), ("..", .dotComponent),
            ("a/../../x", .dotComponent),
            ("a/./b", .dotComponent), ("a\0b", .nul), ("..\\x", .backslash), ("\\\\h\\s", .backslash),
            ("C:\\x", .backslash), ("C:/x", .drive), ("z:", .drive),
            (".git/config", .reserved), ("a/.git", .reserved), (".GIT/x", .reserved), (".git./x", .reserved),
            (".git . .", .reserved), (".g\u{200c}it/x", .reserved), ("\u{feff}.git", .reserved),
            (".git\u{202e}.", .reserved), (".g\u{206a}\u{206f}it", .reserved), (".git.\u{200f}", .reserved),
            (".reg/x", .reserved), ("a/.ReG", .reserved),
        ] as [(String, PathHazard)])
    func namesTheHazard(path: String, hazard: PathHazard) {
        #expect(BytePath(path).hazard == hazard)
    }

    @Test func boundsLengths() {
        let component = String(repeating: "a", count: 255)
        #expect(BytePath(component + "a").hazard == .longComponent)
        let longest = Array(repeating: component, count: 16).joined(separator: "/")
        #expect(BytePath(longest).hazard == nil)
        #expect(longest.utf8.count == PathHazard.maximumByteCount)
        #expect(BytePath(longest + "/").hazard == .tooLong)
        let deepest = Array(repeating: "a", count: 255).joined(separator: "/")
        #expect(BytePath(deepest).hazard == nil)
        #expect(BytePath(deepest + "/a").hazard == .tooDeep)
    }

    @Test func acceptsBytesThatAreNoText() {
        #expect(BytePath([0x61, 0xff, 0xe2, 0x80]).hazard == nil)
        #expect(BytePath([0xe2, 0x80]).hazard == nil)
    }
}
