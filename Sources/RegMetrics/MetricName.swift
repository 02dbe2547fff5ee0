// SPDX-License-Identifier: Apache-2.0
internal import RegJSON

/// How names of metrics are written: parts with `.` between, those of other characters than letters, digits, `_` and `-` as JSON
/// strings.
package enum MetricName {
    /// The longest name, in bytes.
    static let byteLimit = 256

    package static func joined(_ parts: some Sequence<String>) -> String {
        parts.map(part).joined(separator: ".")
    }

    static func part(_ text: String) -> String {
        !text.isEmpty && text.utf8.allSatisfy(isPlain) ? text : JSON.string(text).compact
    }

    /// Whether a byte may stand in a part without quotes.
    static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    /// A name without its quotes: what people mean who do not know where a name has its parts.
    static func loose(_ name: String) -> String {
        var text: [UInt8] = []
        var rest = Array(name.utf8)[...]
        while let byte = rest.first {
            guard byte == UInt8(ascii: "\""), let end = endOfString(rest),
                case .string(let part)? = try? JSON.parse(Array(rest[..<end]))
            else {
                text.append(rest.removeFirst())
                continue
            }
            text += part.utf8
            rest = rest[end...]
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The index after the JSON string that `bytes` begin with.
    static func endOfString(_ bytes: ArraySlice<UInt8>) -> Int? {
        var index = bytes.startIndex + 1
        while index < bytes.endIndex {
            switch bytes[index] {
            case UInt8(ascii: "\""): return index + 1
            case UInt8(ascii: "\\"): index += 2
            default: index += 1
            }
        }
        return nil
    }
}

extension Metrics {
    /// What was measured under a name; where none is spelled so, under the only one that is the same but for its quotes.
    package func value(named name: String) -> Value? {
        if let value = self[name] { return value }
        let loose = MetricName.loose(name)
        let matches = values.filter { MetricName.loose($0.key) == loose }
        return matches.count == 1 ? matches.first?.value : nil
    }
}
