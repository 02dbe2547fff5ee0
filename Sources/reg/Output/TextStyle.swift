// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import RegHash

/// How text for people is written.
struct TextStyle {
    /// What a colour says.
    enum Paint: String {
        case plain = ""
        case bold = "1"
        case dim = "2"
        case good = "32"
        case warning = "33"
        case bad = "31"
    }

    var isColored = false
    var isVerbose = false

    static var ofStandardOutput: TextStyle { TextStyle(isColored: Terminal.hasColors(STDOUT_FILENO)) }
    static var ofStandardError: TextStyle { TextStyle(isColored: Terminal.hasColors(STDERR_FILENO)) }

    func paint(_ text: String, _ paint: Paint) -> String {
        isColored && paint != .plain && !text.isEmpty ? "\u{1b}[\(paint.rawValue)m\(text)\u{1b}[0m" : text
    }

    /// A digest: its beginning, or all of it where much is asked for.
    func digest(_ digest: Digest) -> String { isVerbose ? digest.text : digest.short }

    /// The full name of a commit, shortened in the same way.
    func commit(_ hex: String) -> String { isVerbose ? hex : String(hex.prefix(12)) }
}
