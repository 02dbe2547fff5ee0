// SPDX-License-Identifier: Apache-2.0

/// The lines that reg keeps in a file of the user's, between two markers.
///
/// `.gitignore` and its like belong to the user: outside the block no byte changes.
package enum ManagedBlock {
    package static let beginMarker = "# >>> reg"
    package static let endMarker = "# <<< reg"

    /// `text` with exactly `lines` in its block: replaced where it is, else put at the end, gone for no lines.
    ///
    /// The block takes the file's line ends, and no newline behind it where the file had none; taking a block out
    /// again then gives back the file as it was. What people and merges do to markers is put right: of several
    /// blocks one stays, and a marker without its partner goes alone, since the lines around it may be the user's.
    package static func updating(_ text: [UInt8], lines: [[UInt8]]) -> [UInt8] {
        precondition(lines.allSatisfy { !$0.contains(newline) }, "a line holds a newline")
        let parts = Parts(text)
        let lineEnd = Array(parts.usesCarriageReturns(text) ? "\r\n".utf8 : "\n".utf8)
        let bareBlock = Array(block(of: lines).joined(separator: lineEnd))
        guard parts.isBare(text) else {
            return parts.before + bareBlock + (bareBlock.isEmpty ? [] : lineEnd) + parts.after
        }
        if bareBlock.isEmpty { return parts.hasBlock ? without(lineEnd, parts.before) : parts.before }
        return parts.before + (parts.hasBlock ? [] : lineEnd) + bareBlock
    }

    private static func block(of lines: [[UInt8]]) -> [[UInt8]] {
        lines.isEmpty ? [] : [Array(beginMarker.utf8)] + lines + [Array(endMarker.utf8)]
    }

    /// What of a file is the user's, before and after the (first) block.
    private struct Parts {
        private(set) var before: [UInt8] = []
        private(set) var after: [UInt8] = []
        private(set) var hasBlock = false

        init(_ text: [UInt8]) {
            // What follows a begin marker whose end marker has not come yet.
            var open: [UInt8]?
            var rest = text[...]
            while !rest.isEmpty {
                let end = rest.firstIndex(of: newline).map { $0 + 1 } ?? rest.endIndex
                let line = rest[..<end]
                rest = rest[end...]
                switch marker(line) {
                case beginMarker:
                    keep(open ?? [])
                    open = []
                case endMarker:
                    if open != nil { hasBlock = true }
                    open = nil
                default:
                    if open == nil { keep(line) } else { open?.append(contentsOf: line) }
                }
            }
            keep(open ?? [])
        }

        private mutating func keep(_ lines: some Sequence<UInt8>) {
            if hasBlock { after += lines } else { before += lines }
        }

        /// Whether the user's first line ends as on Windows; where there is none, the file's.
        ///
        /// Not always the file's: that may be a marker, which goes. A line that ends the file counts, since it gets
        /// a newline when a block follows.
        func usesCarriageReturns(_ text: [UInt8]) -> Bool {
            let first = [before, after].first { !$0.isEmpty } ?? text
            return first.prefix { $0 != newline }.last == carriageReturn
        }

        /// Whether the file ends without a newline, and the block comes last.
        func isBare(_ text: [UInt8]) -> Bool {
            guard !text.isEmpty, text.last != newline, after.isEmpty else { return false }
            return hasBlock || (!before.isEmpty && before.last != newline)
        }
    }

    /// The marker that a line is; spaces and line ends behind it do not count.
    private static func marker(_ line: ArraySlice<UInt8>) -> String? {
        let blanks = Array(" \t\r\n".utf8)
        var text = line
        while let last = text.last, blanks.contains(last) { text.removeLast() }
        return [beginMarker, endMarker].first { text.elementsEqual($0.utf8) }
    }
}

private let newline = UInt8(ascii: "\n")
private let carriageReturn = UInt8(ascii: "\r")

private func without(_ end: [UInt8], _ text: [UInt8]) -> [UInt8] {
    text.suffix(end.count).elementsEqual(end) ? text.dropLast(end.count) : text
}
