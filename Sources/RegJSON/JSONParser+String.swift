// SPDX-License-Identifier: Apache-2.0

extension JSONParser {
    /// A string at `offset`, which is its opening quote.
    mutating func string() throws(JSONError) -> String {
        offset += 1
        let start = offset
        try skipPlainText()
        if try peek() == UInt8(ascii: "\"") {
            offset += 1
            return try text(bytes[start..<offset - 1], at: start)
        }
        return try escapedString(from: start)
    }

    /// The rest of a string whose first escape is at `offset`.
    ///
    /// An escape stands for whole UTF-8 sequences, so checking the joined bytes checks the parts between escapes.
    private mutating func escapedString(from start: Int) throws(JSONError) -> String {
        var result = Array(bytes[start..<offset])
        while try peek() == UInt8(ascii: "\\") {
            result.append(contentsOf: String(try escape()).utf8)
            let plain = offset
            try skipPlainText()
            result.append(contentsOf: bytes[plain..<offset])
        }
        offset += 1
        return try text(result[...], at: start)
    }

    /// Moves to the next quote or backslash.
    private mutating func skipPlainText() throws(JSONError) {
        while true {
            let byte = try peek()
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return }
            if byte < 0x20 { throw error(.controlCharacter(byte)) }
            offset += 1
        }
    }

    private func text(_ bytes: ArraySlice<UInt8>, at start: Int) throws(JSONError) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw error(.invalidUTF8, at: start)
        }
        return text
    }

    private mutating func escape() throws(JSONError) -> Unicode.Scalar {
        let start = offset
        offset += 1
        let letter = try peek()
        offset += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(letter)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try unicodeEscape(from: start)
        default: throw error(.badEscape, at: start)
        }
    }

    /// What follows `\u`: four hex digits, or two such escapes that are a surrogate pair.
    private mutating func unicodeEscape(from start: Int) throws(JSONError) -> Unicode.Scalar {
        let first = try fourHexDigits(from: start)
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xdc00, offset < bytes.count, bytes[offset...].starts(with: [0x5c, 0x75]) else {
            throw error(.loneSurrogate, at: start)
        }
        offset += 2
        let second = try fourHexDigits(from: start)
        guard (0xdc00..<0xe000).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xd800) << 10 + (second - 0xdc00))
        else { throw error(.loneSurrogate, at: start) }
        return scalar
    }

    private mutating func fourHexDigits(from start: Int) throws(JSONError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = hexDigit(try peek()) else { throw error(.badEscape, at: start) }
            value = value << 4 | digit
            offset += 1
        }
        return value
    }

    private func hexDigit(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte - UInt8(ascii: "A") + 10)
        default: nil
        }
    }
}
