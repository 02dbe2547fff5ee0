// SPDX-License-Identifier: Apache-2.0

package let hexDigits: [UInt8] = Array("0123456789abcdef".utf8)

/// Lower-case hex of `bytes`.
package func hex(_ bytes: some Sequence<UInt8>) -> String {
    var text: [UInt8] = []
    for byte in bytes {
        text.append(hexDigits[Int(byte >> 4)])
        text.append(hexDigits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
}

/// The bytes that lower-case hex names; nil for anything else.
package func bytes(hex text: some Sequence<UInt8>) -> [UInt8]? {
    var result: [UInt8] = []
    var high: UInt8?
    for character in text {
        let value: UInt8
        switch character {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): value = character - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): value = character - UInt8(ascii: "a") + 10
        default: return nil
        }
        if let first = high {
            result.append(first << 4 | value)
            high = nil
        } else {
            high = value
        }
    }
    return high == nil ? result : nil
}

/// `text` with everything made visible that could steer a terminal or hide in it.
///
/// Escaped as `\xNN` or `\u{…}`: control characters (C0, DEL, C1), format characters (bidirectional overrides and
/// marks, zero-width characters, tags), line separators, and the backslash itself; a repaired invalid byte shows as
/// U+FFFD.
package func printable(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
        switch scalar.value {
        case 0x5c: result += "\\\\"
        case 0..<0x20, 0x7f: result += "\\x" + hex([UInt8(scalar.value)])
        case 0x20..<0x7f: result.unicodeScalars.append(scalar)
        case _ where isInvisible(scalar): result += "\\u{" + String(scalar.value, radix: 16) + "}"
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result
}

private func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator: true
    default: false
    }
}

/// A path for people: UTF-8 as it is, every other byte as `\xNN`, nothing that steers a terminal.
package func printable(_ path: BytePath) -> String {
    if let text = path.utf8 { return printable(text) }
    var result = ""
    for byte in path.bytes {
        if byte < 0x20 || byte >= 0x7f || byte == 0x5c {
            result += "\\x" + hex([byte])
        } else {
            result.unicodeScalars.append(Unicode.Scalar(byte))
        }
    }
    return result
}
