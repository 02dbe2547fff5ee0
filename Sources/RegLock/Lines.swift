// SPDX-License-Identifier: Apache-2.0

/// The lines of a file one by one, so that a file of nothing but newlines costs no memory.
struct Lines {
    struct Line {
        /// Counted from 1.
        let number: Int
        /// Without its newline.
        let text: ArraySlice<UInt8>
    }

    private var rest: ArraySlice<UInt8>
    private var number = 0

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    /// The next line that is not empty.
    mutating func nextFilled() -> Line? {
        while !rest.isEmpty {
            number += 1
            let text = rest.prefix { $0 != UInt8(ascii: "\n") }
            rest = rest[text.endIndex...].dropFirst()
            if !text.isEmpty { return Line(number: number, text: text) }
        }
        return nil
    }
}
