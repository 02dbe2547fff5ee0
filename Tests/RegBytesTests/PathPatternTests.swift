// SPDX-License-Identifier: Apache-2.0
import RegBytes
import Testing

struct PathPatternTests {
    @Test(arguments: [
        ("*.tmp", "x.tmp"), ("*.tmp", "a/b/x.tmp"), ("x", "a/x"), ("a/*", "a/x"), ("/x", "x"),
        ("a/**/x", "a/x"),
        ("a/**/x", "a/b/c/x"), ("**/x", "x"), ("**/x", "a/b/x"), ("a/**", "a/b/c"),
        ("img_[0-4]?.png", "img_37.png"),
        ("[!a]b", "cb"), ("[]]", "]"), ("\\*", "*"), ("*a*a*b", "xaayaab"), ("**", "a/b"),
        ("caf?", "caf\u{7f}"),
    ])
    func fits(pattern: String, path: String) throws {
        #expect(try #require(PathPattern(pattern)).matches(BytePath(path), isDirectory: false))
    }

    @Test(arguments: [
        ("*.tmp", "x.tmp2"), ("a/*", "a/b/c"), ("/x", "a/x"), ("a/b", "x/a/b"), ("*", ""), ("?", "ab"),
        ("x/", "x"),
        ("[a-c]", "d"), ("*a*b", "ba"), ("a/**/x", "a/b"), ("a*", "b/c"), ("a/**", "a"), ("[!a]", "a"),
    ])
    func doesNotFit(pattern: String, path: String) throws {
        #expect(try !#require(PathPattern(pattern)).matches(BytePath(path), isDirectory: false))
    }

    @Test func slashAtTheEndFitsDirectoriesOnly() throws {
        let pattern = try #require(PathPattern("cache/"))
        #expect(pattern.matches(BytePath("a/cache"), isDirectory: true))
        #expect(!pattern.matches(BytePath("a/cache"), isDirectory: false))
        #expect(pattern.covers(BytePath("a/cache/x/y")))
        #expect(!pattern.covers(BytePath("a/cached/x")))
    }

    @Test(arguments: ["", "[a", "a\\", "a//b", "\0", "/"])
    func isNoPattern(text: String) { #expect(PathPattern(text) == nil) }

    /// A matcher that tried every way to divide the path would not end.
    @Test func manyStarsTakeNoLongTime() throws {
        let pattern = try #require(PathPattern(String(repeating: "*a", count: 100) + "b"))
        #expect(!pattern.matches(BytePath(String(repeating: "a", count: 250)), isDirectory: false))
        let deep = try #require(PathPattern(String(repeating: "**/a/", count: 60) + "b"))
        let path = BytePath(Array(repeating: "a", count: 200).joined(separator: "/"))
        #expect(!deep.matches(path, isDirectory: false))
    }
}
