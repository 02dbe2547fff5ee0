// SPDX-License-Identifier: Apache-2.0

extension JSON {
    /// Reads one JSON value and nothing else but white space.
    ///
    /// Strict RFC 8259: UTF-8 without a byte order mark, no key twice, no lone surrogate, integers within
    /// ±(2^63 − 1), numbers finite. Takes time linear in the length, whatever the bytes.
    /// - SeeAlso: docs/format.md, "The log".
    package static func parse(
        _ bytes: [UInt8], limits: JSONLimits = .default, numbers: JSONNumbers = .strict
    ) throws(JSONError) -> JSON {
        var parser = JSONParser(bytes, limits: limits, numbers: numbers)
        return try parser.document()
    }
}

/// Which numbers a parser takes.
package enum JSONNumbers: Sendable {
    case strict
    /// Those of Python's `json` too: `NaN`, `Infinity` and `-Infinity`, integers of any size, and what is too large for a
    /// double is infinite.
    case python
}

/// A recursive-descent parser; the recursion is as deep as `limits.depth` at most.
struct JSONParser {
    let bytes: [UInt8]
    let limits: JSONLimits
    let numbers: JSONNumbers
    var offset = 0
    private var depth = 0
    private var valueCount = 0

    init(_ bytes: [UInt8], limits: JSONLimits, numbers: JSONNumbers) {
        self.bytes = bytes
        self.limits = limits
        self.numbers = numbers
    }

    mutating func document() throws(JSONError) -> JSON {
        guard bytes.count <= limits.byteCount else {
            throw error(.tooLong(limit: limits.byteCount), at: limits.byteCount)
        }
        if bytes.starts(with: [0xef, 0xbb, 0xbf]) { throw error(.byteOrderMark, at: 0) }
        let result = try value()
        skipWhiteSpace()
        guard offset == bytes.count else { throw error(.trailingBytes) }
        return result
    }

    private mutating func value() throws(JSONError) -> JSON {
        skipWhiteSpace()
        valueCount += 1
        guard valueCount <= limits.valueCount else {
            throw error(.tooManyValues(limit: limits.valueCount))
        }
        switch try peek() {
        case UInt8(ascii: "{"): return .object(try object())
        case UInt8(ascii: "["): return .array(try array())
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", meaning: .bool(true))
        case UInt8(ascii: "f"): return try word("false", meaning: .bool(false))
        case UInt8(ascii: "n"): return try word("null", meaning: .null)
        case UInt8(ascii: "N") where numbers == .python: return try word("NaN", meaning: .number(.nan))
        case UInt8(ascii: "I") where numbers == .python:
            return try word("Infinity", meaning: .number(.infinity))
        case UInt8(ascii: "-")
        where numbers == .python && bytes[offset...].dropFirst().first == UInt8(ascii: "I"):
            return try word("-Infinity", meaning: .number(-.infinity))
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        case let byte: throw error(.unexpectedByte(byte))
        }
    }

    private mutating func object() throws(JSONError) -> JSONObject {
        try open()
        var members: [(key: String, value: JSON)] = []
        var seen = SeenKeys()
        if try closes(with: UInt8(ascii: "}")) { return JSONObject() }
        repeat {
            skipWhiteSpace()
            let start = offset
            try check(UInt8(ascii: "\""))
            let key = try string()
            guard seen.insert(key, after: members) else { throw error(.duplicateKey(key), at: start) }
            skipWhiteSpace()
            try check(UInt8(ascii: ":"))
            offset += 1
            members.append((key: key, value: try value()))
        } while try continues(orEndsWith: UInt8(ascii: "}"))
        return JSONObject(unique: members)
    }

    private mutating func array() throws(JSONError) -> [JSON] {
        try open()
        var elements: [JSON] = []
        if try closes(with: UInt8(ascii: "]")) { return elements }
        repeat {
            elements.append(try value())
        } while try continues(orEndsWith: UInt8(ascii: "]"))
        return elements
    }

    private mutating func word(_ word: StaticString, meaning: JSON) throws(JSONError) -> JSON {
        for index in 0..<word.utf8CodeUnitCount {
            try check(word.utf8Start[index])
            offset += 1
        }
        return meaning
    }
}

// Punctuation.
extension JSONParser {
    /// Passes over the bracket that opens a container.
    private mutating func open() throws(JSONError) {
        guard depth < limits.depth else { throw error(.tooDeep(limit: limits.depth)) }
        depth += 1
        offset += 1
    }

    /// Passes over the closing bracket of a container that is empty; false if it is not.
    private mutating func closes(with bracket: UInt8) throws(JSONError) -> Bool {
        skipWhiteSpace()
        guard try peek() == bracket else { return false }
        depth -= 1
        offset += 1
        return true
    }

    /// Passes over a comma, or over the closing bracket; true for a comma.
    private mutating func continues(orEndsWith bracket: UInt8) throws(JSONError) -> Bool {
        skipWhiteSpace()
        if try peek() == UInt8(ascii: ",") {
            offset += 1
            return true
        }
        try check(bracket)
        depth -= 1
        offset += 1
        return false
    }

    private mutating func skipWhiteSpace() {
        while offset < bytes.count {
            switch bytes[offset] {
            case 0x20, 0x09, 0x0a, 0x0d: offset += 1
            default: return
            }
        }
    }

    func peek() throws(JSONError) -> UInt8 {
        guard offset < bytes.count else { throw error(.unexpectedEnd) }
        return bytes[offset]
    }

    func check(_ expected: UInt8) throws(JSONError) {
        let byte = try peek()
        guard byte == expected else { throw error(.unexpectedByte(byte)) }
    }

    func error(_ reason: JSONError.Reason, at place: Int? = nil) -> JSONError {
        JSONError(offset: place ?? offset, reason: reason)
    }
}
