// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegGit

/// A file with a managed block: the first line of the input is the block's only line to be, the rest the file.
enum IgnoreTarget: FuzzTarget {
    static let name = "ignore"

    static func run(_ input: [UInt8]) {
        let newline = UInt8(ascii: "\n")
        let path = BytePath(input.prefix { $0 != newline })
        let text = Array(input.dropFirst(path.bytes.count + 1))
        var lines: [[UInt8]] = []
        for syntax in IgnoreSyntax.allCases {
            for isDirectory in [true, false] {
                if let line = syntax.pattern(for: path, isDirectory: isDirectory) { lines.append(line) }
            }
        }
        claim(lines.allSatisfy { !$0.contains(newline) }, "a pattern is one line")
        let updated = ManagedBlock.updating(text, lines: lines)
        claim(ManagedBlock.updating(updated, lines: lines) == updated, "a block is written once")
        let without = ManagedBlock.updating(updated, lines: [])
        claim(ManagedBlock.updating(without, lines: []) == without, "and taken out once")
        if ManagedBlock.updating(text, lines: []) == text {
            claim(without == text, "taking it out gives back the file")
        }
    }

    static func seeds() -> [[UInt8]] {
        let texts = [
            "", "*.o\n", "*.o", "*.o\r\nbuild/\r\n", "# >>> reg\n/data/\n# <<< reg\n",
            "a\n# >>> reg\n/data/\n# <<< reg\nb\n", "a\n# >>> reg\n/data/\n# <<< reg", "# <<< reg\na\n",
            "# >>> reg\na\n# >>> reg\nb\n# <<< reg\nc", "# >>> reg \t\r\nx\r\n# <<< reg\r\n", "\n\n\n",
        ]
        return texts.flatMap { text in
            ["data", "", "a b*[x]?\\\u{e9} "].map { Array("\($0)\n\(text)".utf8) }
        }
    }
}
