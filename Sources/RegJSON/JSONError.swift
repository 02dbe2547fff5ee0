// SPDX-License-Identifier: Apache-2.0

internal import RegBytes

/// Why bytes are not the JSON that this project accepts.
package struct JSONError: Error, Equatable, Sendable {
    /// Where, in bytes from the beginning.
    package let offset: Int
    package let reason: Reason

    package init(offset: Int, reason: Reason) {
        self.offset = offset
        self.reason = reason
    }

    package enum Reason: Equatable, Sendable {
        case tooLong(limit: Int)
        case tooManyValues(limit: Int)
        case tooDeep(limit: Int)
        case byteOrderMark
        case unexpectedEnd
        case unexpectedByte(UInt8)
        case trailingBytes
        case duplicateKey(String)
        case controlCharacter(UInt8)
        case badEscape
        case loneSurrogate
        case invalidUTF8
        case badNumber
        /// An integer outside ±(2^63 − 1), or `-0`, which no integer can hold.
        case integerOutOfRange
        /// A number with a fraction or exponent that no finite double is near.
        case numberOutOfRange
    }
}

extension JSONError: CustomStringConvertible {
    package var description: String { "JSON, byte \(offset): \(reason)" }
}

extension JSONError.Reason: CustomStringConvertible {
    package var description: String {
        switch self {
        case .tooLong(let limit): "longer than \(limit) bytes"
        case .tooManyValues(let limit): "more than \(limit) values"
        case .tooDeep(let limit): "nested deeper than \(limit)"
        case .byteOrderMark: "begins with a byte order mark"
        case .unexpectedEnd: "ends too early"
        case .unexpectedByte(let byte): "unexpected byte 0x\(hex([byte]))"
        case .trailingBytes: "bytes after the end of the value"
        case .duplicateKey(let key): "key \"\(printable(key))\" occurs twice in one object"
        case .controlCharacter(let byte): "control character 0x\(hex([byte])) in a string"
        case .badEscape: "unknown escape in a string"
        case .loneSurrogate: "half of a surrogate pair in a string"
        case .invalidUTF8: "a string is not UTF-8"
        case .badNumber: "not a number"
        case .integerOutOfRange: "integer outside ±(2^63 − 1)"
        case .numberOutOfRange: "number too large"
        }
    }
}
