// SPDX-License-Identifier: Apache-2.0
internal import RegJSON

/// Why a text is no condition.
package struct GateError: Error, Equatable, Sendable {
    package let text: String
    /// Where, in characters from the beginning.
    package let column: Int
    package let message: String

    package init(text: String, column: Int, _ message: String) {
        self.text = text
        self.column = column
        self.message = message
    }

    /// The text, and below it a caret where it goes wrong: two lines, indented.
    package var drawing: String { "  \(text)\n  \(String(repeating: " ", count: column))^" }
}

/// Reads `EXPRESSION OPERATOR EXPRESSION`.
///
/// Words are of letters, digits, `_`, `-` and `.`: a `-` inside of one belongs to it, and a subtraction has a space before it.
struct GateParser {
    /// Bytes of a condition.
    static let textLimit = 1_000
    /// Parentheses and signs within each other.
    static let depthLimit = 32

    private enum Token: Equatable {
        case number(Double)
        case name(String)
        /// A comparison, or one character.
        case mark(String)
        case end
    }

    private let text: String
    private let bytes: [UInt8]
    private var offset = 0
    private var token = Token.end
    /// Where `token` begins.
    private var start = 0
    private var depth = 0

    init(_ text: String) throws(GateError) {
        self.text = text
        bytes = Array(text.utf8)
        guard bytes.count <= GateParser.textLimit else {
            throw GateError(
                text: String(text.prefix(60)) + "…", column: 60,
                "it is longer than \(GateParser.textLimit) bytes")
        }
        try advance()
    }

    mutating func condition() throws(GateError) -> GateCondition {
        let left = try expression()
        guard case .mark(let mark) = token, let comparison = GateCondition.Comparison(rawValue: mark) else {
            throw error("a comparison is missing here: >=, >, <=, <, == or !=")
        }
        try advance()
        let right = try expression()
        guard token == .end else { throw error("the condition should end here") }
        if left.metrics.isEmpty && right.metrics.isEmpty {
            throw GateError(text: text, column: 0, "it has no metric")
        }
        return GateCondition(text: text, left: left, comparison: comparison, right: right)
    }

    private mutating func expression() throws(GateError) -> GateExpression {
        var result = try product()
        while true {
            switch token {
            case .mark("+"):
                try advance()
                result = .sum(result, try product())
            case .mark("-"):
                try advance()
                result = .difference(result, try product())
            default: return result
            }
        }
    }

    private mutating func product() throws(GateError) -> GateExpression {
        var result = try operand()
        while token == .mark("*") {
            try advance()
            result = .product(result, try operand())
        }
        return result
    }

    private mutating func operand() throws(GateError) -> GateExpression {
        switch token {
        case .number(let value):
            try advance()
            return .number(value)
        case .mark("-"):
            return .negative(try nested { (parser) throws(GateError) in try parser.operand() })
        case .mark("("):
            return try nested { (parser) throws(GateError) in
                let inner = try parser.expression()
                try parser.close()
                return inner
            }
        case .name(let name):
            try advance()
            guard let which = GateExpression.Which(rawValue: name), which != .last, token == .mark("(") else {
                return metric(name, .last)
            }
            return try nested { (parser) throws(GateError) in
                guard case .name(let name) = parser.token else {
                    throw parser.error("the name of a metric is missing here")
                }
                try parser.advance()
                try parser.close()
                return parser.metric(name, which)
            }
        case .end, .mark: throw error("a number or a metric is missing here")
        }
    }

    private func metric(_ name: String, _ which: GateExpression.Which) -> GateExpression {
        let prefix = "current."
        return name.hasPrefix(prefix)
            ? .metric(String(name.dropFirst(prefix.count)), which, .holder) : .metric(name, which, .candidate)
    }

    /// Reads what follows the mark at hand, which nests it.
    private mutating func nested(
        _ body: (inout GateParser) throws(GateError) -> GateExpression
    ) throws(GateError) -> GateExpression {
        depth += 1
        guard depth <= GateParser.depthLimit else { throw error("it is nested too deeply") }
        try advance()
        let result = try body(&self)
        depth -= 1
        return result
    }

    private mutating func close() throws(GateError) {
        guard token == .mark(")") else { throw error("a closing parenthesis is missing here") }
        try advance()
    }

    private func error(_ message: String) -> GateError { error(message, at: start) }

    private func error(_ message: String, at offset: Int) -> GateError {
        GateError(text: text, column: String(decoding: bytes[..<offset], as: UTF8.self).count, message)
    }
}

// Tokens.
extension GateParser {
    private mutating func advance() throws(GateError) {
        while offset < bytes.count, bytes[offset] == UInt8(ascii: " ") { offset += 1 }
        start = offset
        guard offset < bytes.count else {
            token = .end
            return
        }
        switch bytes[offset] {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."): token = .number(try number())
        case UInt8(ascii: "\""), UInt8(ascii: "_"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"):
            token = .name(try name())
        case let byte: token = .mark(try mark(byte))
        }
    }

    private mutating func mark(_ byte: UInt8) throws(GateError) -> String {
        let isComparison = [UInt8(ascii: ">"), UInt8(ascii: "<"), UInt8(ascii: "="), UInt8(ascii: "!")]
            .contains(byte)
        let isLong = isComparison && offset + 1 < bytes.count && bytes[offset + 1] == UInt8(ascii: "=")
        let mark = String(decoding: bytes[offset..<(offset + (isLong ? 2 : 1))], as: UTF8.self)
        guard ["+", "-", "*", "(", ")"].contains(mark) || GateCondition.Comparison(rawValue: mark) != nil
        else {
            throw error(
                mark == "=" ? "an equality is written ==" : "names with such characters are quoted: \"…\"")
        }
        offset += mark.utf8.count
        return mark
    }

    /// A number takes the whole word, with the sign of an exponent.
    private mutating func number() throws(GateError) -> Double {
        while offset < bytes.count {
            let isSign =
                bytes[offset] == UInt8(ascii: "+")
                && [UInt8(ascii: "e"), UInt8(ascii: "E")].contains(bytes[offset - 1])
            guard isSign || isPartOfWord(bytes[offset]) else { break }
            offset += 1
        }
        let word = String(decoding: bytes[start..<offset], as: UTF8.self)
        let digits = word.utf8.allSatisfy {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                || [".", "-", "+", "e", "E"].map { UInt8(ascii: $0) }.contains($0)
        }
        guard digits, let value = Double(word), value.isFinite else {
            throw error(
                "no number; a name that begins with a digit is quoted, and a subtraction has a space before it"
            )
        }
        return value
    }

    private func isPartOfWord(_ byte: UInt8) -> Bool { MetricName.isPlain(byte) || byte == UInt8(ascii: ".") }

    /// The name of a metric, as `Metrics` has it: its parts may be quoted.
    private mutating func name() throws(GateError) -> String {
        var parts: [String] = []
        repeat {
            if !parts.isEmpty { offset += 1 }
            parts.append(try part())
        } while offset < bytes.count && bytes[offset] == UInt8(ascii: ".")
        return parts.joined(separator: ".")
    }

    private mutating func part() throws(GateError) -> String {
        let first = offset
        if offset < bytes.count, bytes[offset] == UInt8(ascii: "\"") {
            guard let end = MetricName.endOfString(bytes[offset...]) else {
                throw error("the quotes do not end", at: first)
            }
            guard case .string(let text)? = try? JSON.parse(Array(bytes[first..<end])) else {
                throw error("no text as in JSON", at: first)
            }
            offset = end
            // Quoted, `current` is the name of a metric.
            return text == "current" && start == first ? JSON.string(text).compact : MetricName.part(text)
        }
        while offset < bytes.count, MetricName.isPlain(bytes[offset]) { offset += 1 }
        guard offset > first else { throw error("a part of the name is missing here", at: first) }
        return String(decoding: bytes[first..<offset], as: UTF8.self)
    }
}
