// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegJSON

/// Configs of one key a line, whose values are texts.
enum LineConfig {
    private static let lineLimit = 100_000

    /// Sections in brackets; keys and values with `=` or `:` between; comments are lines that begin with `#` or `;`; a line that is
    /// indented goes on with the value before it.
    static func readINI(_ bytes: [UInt8]) throws(ConfigError) -> JSON {
        var sections: [(name: String?, values: Values)] = [(nil, Values())]
        var named: [String: Int] = [:]
        var current = 0
        var last: String?
        for (number, line) in try lines(bytes) {
            let text = trimmed(line)
            if text.isEmpty {
                last = nil
                continue
            }
            if text.hasPrefix("#") || text.hasPrefix(";") { continue }
            if let key = last, line.first == " " || line.first == "\t" {
                sections[current].values.append("\n" + text, to: key)
                continue
            }
            if text.hasPrefix("[") {
                guard text.hasSuffix("]") else { throw ConfigError(line: number, "a section has no end") }
                let name = String(text.dropFirst().dropLast())
                current = named[name] ?? sections.count
                named[name] = current
                if current == sections.count { sections.append((name, Values())) }
                last = nil
                continue
            }
            guard let mark = text.firstIndex(where: { $0 == "=" || $0 == ":" }) else {
                throw ConfigError(line: number, "it has no '='")
            }
            let key = String(trimmed(text[..<mark]))
            sections[current].values.set(
                String(trimmed(text[text.index(after: mark)...])), for: key)
            last = key
        }
        var root = sections[0].values.texts.mapValues { JSON.string($0) }
        for section in sections { if let name = section.name { root[name] = section.values.json } }
        return .object(JSONObject(unique: root.map { ($0.key, $0.value) }))
    }

    /// `KEY=VALUE`, also after `export`; values may be quoted; comments begin with `#`.
    static func readEnvironment(_ bytes: [UInt8]) throws(ConfigError) -> JSON {
        var values = Values()
        for (number, line) in try lines(bytes) {
            var text = trimmed(line)
            if text.isEmpty || text.hasPrefix("#") { continue }
            if text.hasPrefix("export ") { text = trimmed(text.dropFirst(7)) }
            guard let mark = text.firstIndex(of: "=") else {
                throw ConfigError(line: number, "it has no '='")
            }
            values.set(
                unquoted(trimmed(text[text.index(after: mark)...])), for: String(trimmed(text[..<mark])))
        }
        return values.json
    }

    private static func unquoted(_ text: Substring) -> String {
        if let quote = text.first, quote == "\"" || quote == "'",
            let end = text.dropFirst().firstIndex(of: quote)
        {
            return String(text[text.index(after: text.startIndex)..<end])
        }
        var previous: Character = " "
        let end = text.indices.first { index in
            defer { previous = text[index] }
            return text[index] == "#" && (previous == " " || previous == "\t")
        }
        return String(trimmed(text[..<(end ?? text.endIndex)]))
    }

    private static func lines(_ bytes: [UInt8]) throws(ConfigError) -> [(number: Int, text: Substring)] {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ConfigError("it is not UTF-8")
        }
        let lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }
        guard lines.count <= lineLimit else { throw ConfigError("it has more than \(lineLimit) lines") }
        return lines.enumerated().map { ($0 + 1, $1) }
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop { $0 == " " || $0 == "\t" }
        while text.last == " " || text.last == "\t" { text = text.dropLast() }
        return text
    }

    /// Texts by key; of a key that comes twice the last.
    private struct Values {
        private(set) var texts: [String: String] = [:]

        mutating func set(_ text: String, for key: String) { texts[key] = text }

        mutating func append(_ text: String, to key: String) { texts[key, default: ""] += text }

        var json: JSON { .object(JSONObject(unique: texts.map { ($0.key, .string($0.value)) })) }
    }
}
