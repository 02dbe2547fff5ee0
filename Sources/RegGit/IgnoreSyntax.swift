// SPDX-License-Identifier: Apache-2.0
package import RegBytes

/// The two dialects of ignore files.
package enum IgnoreSyntax: CaseIterable, Sendable {
    /// `.gitignore` and `.git/info/exclude`.
    case git
    /// `.dockerignore`, whose patterns become regular expressions over text.
    case docker

    /// The line that ignores just `path`, relative to the file's directory; nil for that directory itself.
    ///
    /// The slash in front anchors it, and keeps `#` and `!` from meaning anything.
    package func pattern(for path: BytePath, isDirectory: Bool) -> [UInt8]? {
        guard !path.isEmpty else { return nil }
        var result = [UInt8(ascii: "/")]
        for character in characters(of: path) { result += pattern(for: character) }
        if isDirectory { return result + [UInt8(ascii: "/")] }
        // Spaces at the end of a line are dropped; a class of one is none.
        guard result.last == UInt8(ascii: " ") else { return result }
        return result.dropLast() + Array("[ ]".utf8)
    }

    /// What `*` and its like are matched against: bytes for git, characters for Docker.
    private func characters(of path: BytePath) -> [[UInt8]] {
        guard self == .docker else { return path.bytes.map { [$0] } }
        return path.lossy.unicodeScalars.map { Array(String($0).utf8) }
    }

    private func pattern(for character: [UInt8]) -> [UInt8] {
        guard character.count == 1, let byte = character.first else {
            // What is not UTF-8 reads as the replacement character in Docker, which then matches it in no other way.
            return character == Array("\u{fffd}".utf8) ? [UInt8(ascii: "?")] : character
        }
        // No line can hold a newline, and a carriage return at its end is lost.
        if byte < 0x20 || byte == 0x7f { return Array("[[:cntrl:]]".utf8) }
        return special.contains(byte) ? [UInt8(ascii: "\\"), byte] : [byte]
    }

    /// Characters that mean themselves only behind a backslash.
    private var special: String.UTF8View {
        switch self {
        case .git: "\\*?[".utf8
        case .docker: "\\*?[]+(){}^$|".utf8
        }
    }
}
