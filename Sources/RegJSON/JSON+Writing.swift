// SPDX-License-Identifier: Apache-2.0

internal import RegBytes

extension JSON {
    /// The value on one line without spaces, members in order.
    ///
    /// Doubles are the shortest text that reads back the same; those that JSON cannot hold are the strings `NaN`,
    /// `Infinity` and `-Infinity`. Characters that could steer a terminal are escaped, so printing is safe.
    package var compact: String {
        var writer = JSONWriter(indentation: nil)
        writer.write(self, level: 0)
        return String(decoding: writer.text, as: UTF8.self)
    }

    /// The same with one member or element a line, indented by two spaces; no newline at the end.
    package var pretty: String {
        var writer = JSONWriter(indentation: 2)
        writer.write(self, level: 0)
        return String(decoding: writer.text, as: UTF8.self)
    }
}

private struct JSONWriter {
    /// Spaces a level; nil for one line.
    let indentation: Int?
    var text: [UInt8] = []

    mutating func write(_ value: JSON, level: Int) {
        switch value {
        case .null: append("null")
        case .bool(let value): append(value ? "true" : "false")
        case .integer(let value): append(String(value))
        case .number(let value): write(value)
        case .string(let value): write(value)
        case .array(let elements): write(elements, level: level)
        case .object(let object): write(object, level: level)
        }
    }

    private mutating func write(_ value: Double) {
        if value.isFinite {
            append(value.description)
        } else if value.isNaN {
            append("\"NaN\"")
        } else {
            append(value < 0 ? "\"-Infinity\"" : "\"Infinity\"")
        }
    }

    private mutating func write(_ elements: [JSON], level: Int) {
        append("[")
        for (index, element) in elements.enumerated() {
            if index > 0 { append(",") }
            newLine(level: level + 1)
            write(element, level: level + 1)
        }
        if !elements.isEmpty { newLine(level: level) }
        append("]")
    }

    private mutating func write(_ object: JSONObject, level: Int) {
        append("{")
        for (index, member) in object.members.enumerated() {
            if index > 0 { append(",") }
            newLine(level: level + 1)
            write(member.key)
            append(indentation == nil ? ":" : ": ")
            write(member.value, level: level + 1)
        }
        if !object.members.isEmpty { newLine(level: level) }
        append("}")
    }

    private mutating func newLine(level: Int) {
        guard let indentation else { return }
        append("\n")
        text.append(contentsOf: repeatElement(UInt8(ascii: " "), count: indentation * level))
    }

    private mutating func append(_ more: String) { text.append(contentsOf: more.utf8) }
}

// Strings.
extension JSONWriter {
    private mutating func write(_ string: String) {
        append("\"")
        for scalar in string.unicodeScalars {
            switch scalar.value {
            case 0x22: append("\\\"")
            case 0x5c: append("\\\\")
            case 0x20..<0x7f: text.append(UInt8(truncatingIfNeeded: scalar.value))
            default: writeUnusual(scalar)
            }
        }
        append("\"")
    }

    /// A character outside printable ASCII; escaped where RFC 8259 asks for it or ``printable(_:)`` would hide it.
    private mutating func writeUnusual(_ scalar: Unicode.Scalar) {
        switch scalar.value {
        case 0x08: append("\\b")
        case 0x09: append("\\t")
        case 0x0a: append("\\n")
        case 0x0c: append("\\f")
        case 0x0d: append("\\r")
        case 0..<0x20, 0x7f..<0xa0, 0x200b...0x200f, 0x2028...0x202e, 0x2060...0x206f, 0xfeff:
            append("\\u")
            append(hex([UInt8(scalar.value >> 8), UInt8(scalar.value & 0xff)]))
        default:
            append(String(scalar))
        }
    }
}
