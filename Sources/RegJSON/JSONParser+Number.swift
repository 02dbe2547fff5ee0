// SPDX-License-Identifier: Apache-2.0

extension JSONParser {
    /// A number at `offset`: an integer unless it has a fraction or an exponent.
    mutating func number() throws(JSONError) -> JSON {
        let start = offset
        if bytes[offset] == UInt8(ascii: "-") { offset += 1 }
        try integerPart(from: start)
        let integerEnd = offset
        if takeByte(UInt8(ascii: "."), or: UInt8(ascii: ".")) { try digits(from: start) }
        if takeByte(UInt8(ascii: "e"), or: UInt8(ascii: "E")) {
            _ = takeByte(UInt8(ascii: "+"), or: UInt8(ascii: "-"))
            try digits(from: start)
        }
        let text = String(decoding: bytes[start..<offset], as: UTF8.self)
        return offset == integerEnd ? try integer(text, at: start) : try double(text, at: start)
    }

    /// One zero, or digits that do not begin with zero.
    private mutating func integerPart(from start: Int) throws(JSONError) {
        if takeByte(UInt8(ascii: "0"), or: UInt8(ascii: "0")) {
            if offset < bytes.count, isDigit(bytes[offset]) { throw error(.badNumber, at: start) }
            return
        }
        try digits(from: start)
    }

    private mutating func digits(from start: Int) throws(JSONError) {
        guard offset < bytes.count else { throw error(.unexpectedEnd) }
        guard isDigit(bytes[offset]) else { throw error(.badNumber, at: start) }
        while offset < bytes.count, isDigit(bytes[offset]) { offset += 1 }
    }

    private mutating func takeByte(_ one: UInt8, or other: UInt8) -> Bool {
        guard offset < bytes.count, bytes[offset] == one || bytes[offset] == other else { return false }
        offset += 1
        return true
    }

    private func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

    /// The range is symmetric, so that a reader in any language can negate what it read.
    private func integer(_ text: String, at start: Int) throws(JSONError) -> JSON {
        if text != "-0", let value = Int64(text), value != .min { return .integer(value) }
        if numbers == .python, let value = Double(text) { return .number(value) }
        throw error(.integerOutOfRange, at: start)
    }

    private func double(_ text: String, at start: Int) throws(JSONError) -> JSON {
        guard let value = Double(text), value.isFinite || numbers == .python else {
            throw error(.numberOutOfRange, at: start)
        }
        return .number(value)
    }
}
