// SPDX-License-Identifier: Apache-2.0

extension JSON {
    /// The canonical text (RFC 8785): no spaces, members sorted by name, as few escapes as may be.
    ///
    /// Nil where a number is not a whole one from −(2^53 − 1) to 2^53 − 1: others would need the rules of a script
    /// language for their digits.
    package var canonical: String? {
        var text = ""
        return appendCanonical(to: &text) ? text : nil
    }

    private func appendCanonical(to text: inout String) -> Bool {
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .integer(let value):
            guard value.magnitude < 1 << 53 else { return false }
            text += String(value)
        case .number: return false
        case .string(let value): text += canonicalString(value)
        case .array(let elements):
            return appendList(elements, "[", "]", to: &text) { $0.appendCanonical(to: &$1) }
        case .object(let object):
            let members = object.members.sorted { $0.key.utf16.lexicographicallyPrecedes($1.key.utf16) }
            return appendList(members, "{", "}", to: &text) { member, text in
                text += canonicalString(member.key) + ":"
                return member.value.appendCanonical(to: &text)
            }
        }
        return true
    }
}

private func appendList<Element>(
    _ elements: [Element], _ opening: String, _ closing: String, to text: inout String,
    _ append: (Element, inout String) -> Bool
) -> Bool {
    text += opening
    for (index, element) in elements.enumerated() {
        if index > 0 { text += "," }
        guard append(element, &text) else { return false }
    }
    text += closing
    return true
}

private func canonicalString(_ string: String) -> String {
    var text = "\""
    for scalar in string.unicodeScalars {
        switch scalar {
        case "\"": text += "\\\""
        case "\\": text += "\\\\"
        case "\u{8}": text += "\\b"
        case "\t": text += "\\t"
        case "\n": text += "\\n"
        case "\u{c}": text += "\\f"
        case "\r": text += "\\r"
        case _ where scalar.value < 0x20:
            let digits = String(scalar.value, radix: 16)
            text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        default: text.unicodeScalars.append(scalar)
        }
    }
    return text + "\""
}
