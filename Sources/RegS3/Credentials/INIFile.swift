// SPDX-License-Identifier: Apache-2.0

/// A file in the syntax of `~/.aws/config`, as the AWS CLI reads it: sections of keys, some of which have keys of
/// their own below them.
///
/// Lines that are nothing of the kind are passed over. Where a section or a key comes twice, the later value counts.
package struct INIFile: Equatable, Sendable {
    /// The longest file that is read, in bytes.
    package static let byteLimit = 1 << 20

    /// What stands between the brackets of a section, and its keys in lower case.
    package private(set) var sections: [String: Section] = [:]

    package struct Section: Equatable, Sendable {
        package fileprivate(set) var values: [String: String] = [:]

        /// The value of a key; nil where it is missing or empty.
        package subscript(_ key: String) -> String? {
            values[key].flatMap { $0.isEmpty || $0.utf8.first == 0x0a ? nil : $0 }
        }

        /// The value of `key = value` among the lines indented below `outer =`.
        package subscript(_ outer: String, _ key: String) -> String? {
            guard let block = values[outer], block.utf8.first == 0x0a else { return nil }
            let pairs = block.utf8.split(separator: 0x0a).compactMap { pair(Substring($0), at: "=") }
            return pairs.last { $0.key == key && !$0.value.isEmpty }?.value
        }

        /// These values, and those of `other` where it has any.
        func overlaid(by other: Section) -> Section {
            Section(values: values.merging(other.values) { $1 })
        }
    }

    package init() {}

    /// Reads `bytes`, of any kind.
    package init(_ bytes: [UInt8]) {
        var reader = LineReader()
        var lines = bytes[...]
        if lines.starts(with: [0xef, 0xbb, 0xbf]) { lines = lines.dropFirst(3) }
        for line in lines.split(whereSeparator: { $0 == 0x0a || $0 == 0x0d }) { reader.take(line) }
        reader.endKey()
        sections = reader.sections
    }
}

/// What the lines so far have said.
private struct LineReader {
    var sections: [String: INIFile.Section] = [:]
    private var section: String?
    private var key: String?
    private var keyIndent = 0
    /// The lines of the key's value, the first one beside the key.
    private var value: [String] = []

    mutating func take(_ line: ArraySlice<UInt8>) {
        let indent = line.prefix(while: isBlank).count
        let bare = line.trimmed()
        guard let first = bare.first, first != UInt8(ascii: "#"), first != UInt8(ascii: ";") else { return }
        guard let text = String(validating: bare, as: UTF8.self) else { return }
        if key != nil, indent > keyIndent {
            value.append(text)
        } else if first == UInt8(ascii: "[") {
            begin(bare)
        } else if section != nil, let (key, value) = pair(text[...], at: "=:") {
            endKey()
            self.key = key
            self.value = [value]
            keyIndent = indent
        }
    }

    private mutating func begin(_ line: ArraySlice<UInt8>) {
        endKey()
        section = nil
        guard let end = line.firstIndex(of: UInt8(ascii: "]")) else { return }
        let name = String(decoding: line[..<end].dropFirst(), as: UTF8.self)
        section = name
        sections[name] = sections[name] ?? INIFile.Section()
    }

    mutating func endKey() {
        guard let section, let key else { return }
        sections[section]?.values[key] = value.joined(separator: "\n")
        self.key = nil
    }
}

private func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

/// What stands before and after the first of `separators`, without blanks around it, the key in lower case.
private func pair(_ text: Substring, at separators: String) -> (key: String, value: String)? {
    let bytes = Array(text.utf8)
    guard let middle = bytes.firstIndex(where: separators.utf8.contains) else { return nil }
    let key = String(decoding: bytes[..<middle].trimmed(), as: UTF8.self).lowercased()
    let value = String(decoding: bytes[(middle + 1)...].trimmed(), as: UTF8.self)
    return key.isEmpty ? nil : (key, value)
}

extension ArraySlice<UInt8> {
    fileprivate func trimmed() -> ArraySlice<UInt8> {
        var rest = self
        while let first = rest.first, isBlank(first) { rest.removeFirst() }
        while let last = rest.last, isBlank(last) { rest.removeLast() }
        return rest
    }
}
