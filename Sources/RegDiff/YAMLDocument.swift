// SPDX-License-Identifier: Apache-2.0
internal import CYAML
internal import RegJSON

/// A YAML file as one value; several documents are a list.
///
/// Plain scalars are typed by the core schema of YAML 1.2. Aliases are copies, which count towards the limit of values, so that a
/// few lines cannot become billions; `<<` merges maps. Other tags are passed over.
struct YAMLDocument {
    private static let valueLimit = 100_000
    private static let depthLimit = 64

    /// A map or list that is being read.
    fileprivate struct Open {
        var elements: [JSON] = []
        /// Of a map: keys, which wait for their values where there is one more than elements.
        var keys: [String]?
        var seen: Set<[UInt8]> = []
        let anchor: String?
        /// Values that were there before it.
        let countBefore: Int
    }

    private var documents: [JSON] = []
    private var stack: [Open] = []
    private var anchors: [String: (value: JSON, count: Int)] = [:]
    private var count = 0

    static func read(_ bytes: [UInt8]) throws(ConfigError) -> JSON {
        let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
        defer { parser.deallocate() }
        guard yaml_parser_initialize(parser) == 1 else { throw ConfigError("there is no memory to read it") }
        defer { yaml_parser_delete(parser) }
        var document = YAMLDocument()
        let outcome = bytes.withUnsafeBufferPointer { buffer -> Result<Void, ConfigError> in
            yaml_parser_set_input_string(parser, buffer.baseAddress, buffer.count)
            return Result { () throws(ConfigError) in try document.takeAll(from: parser) }
        }
        try outcome.get()
        switch document.documents.count {
        case 0: return .object(JSONObject())
        case 1: return document.documents[0]
        default: return .array(document.documents)
        }
    }

    private mutating func takeAll(from parser: UnsafeMutablePointer<yaml_parser_t>) throws(ConfigError) {
        while true {
            var event = yaml_event_t()
            guard yaml_parser_parse(parser, &event) == 1 else {
                let line = Int(clamping: parser.pointee.problem_mark.line) + 1
                throw ConfigError(
                    line: line, parser.pointee.problem.map { String(cString: $0) } ?? "it is no YAML")
            }
            defer { yaml_event_delete(&event) }
            if event.type == YAML_STREAM_END_EVENT { return }
            do throws(ConfigError) { try take(event) } catch {
                throw ConfigError(line: Int(clamping: event.start_mark.line) + 1, error.reason)
            }
        }
    }

    private mutating func take(_ event: yaml_event_t) throws(ConfigError) {
        switch event.type {
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            let text = String(
                decoding: UnsafeBufferPointer(
                    start: scalar.value, count: scalar.value == nil ? 0 : scalar.length),
                as: UTF8.self)
            let isPlain = scalar.style == YAML_PLAIN_SCALAR_STYLE && scalar.tag == nil
            try give(isPlain ? YAMLScalar.value(of: text) : .string(text), key: text, name(scalar.anchor), 1)
        case YAML_ALIAS_EVENT:
            guard let name = name(event.data.alias.anchor), let known = anchors[name] else {
                throw ConfigError("an alias has no anchor before it")
            }
            try give(known.value, key: nil, nil, known.count)
        case YAML_SEQUENCE_START_EVENT: try open(isMap: false, name(event.data.sequence_start.anchor))
        case YAML_MAPPING_START_EVENT: try open(isMap: true, name(event.data.mapping_start.anchor))
        case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: try close()
        case YAML_DOCUMENT_START_EVENT: anchors = [:]
        default: break
        }
    }

    private func name(_ anchor: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        anchor.map { String(cString: $0) }
    }

    private mutating func open(isMap: Bool, _ anchor: String?) throws(ConfigError) {
        guard stack.count < YAMLDocument.depthLimit else {
            throw ConfigError("it is nested more than \(YAMLDocument.depthLimit) deep")
        }
        if stack.last?.wantsKey == true { throw ConfigError("a key is no scalar") }
        stack.append(Open(keys: isMap ? [] : nil, anchor: anchor, countBefore: count))
    }

    private mutating func close() throws(ConfigError) {
        guard let closed = stack.popLast() else { return }
        let total = count - closed.countBefore + 1
        count = closed.countBefore
        try give(closed.value, key: nil, closed.anchor, total)
    }

    /// Puts a value of `size` values where it belongs; `key`: what it is as a key.
    private mutating func give(_ value: JSON, key: String?, _ anchor: String?, _ size: Int)
        throws(ConfigError)
    {
        // Keys are no values.
        if stack.last?.wantsKey != true { count += size }
        guard count <= YAMLDocument.valueLimit else {
            throw ConfigError("it has more than \(YAMLDocument.valueLimit) values")
        }
        if let anchor { anchors[anchor] = (value, size) }
        guard !stack.isEmpty else { return documents.append(value) }
        try stack[stack.count - 1].take(value, key: key)
    }
}

extension YAMLDocument.Open {
    /// Whether what comes next is a key.
    fileprivate var wantsKey: Bool { keys?.count == elements.count }

    fileprivate mutating func take(_ value: JSON, key: String?) throws(ConfigError) {
        guard wantsKey else { return elements.append(value) }
        guard let key = key ?? value.stringValue else { throw ConfigError("a key is no scalar") }
        guard seen.insert(Array(key.utf8)).inserted else { throw ConfigError("a key comes twice") }
        self.keys?.append(key)
    }

    fileprivate var value: JSON {
        guard let keys else { return .array(elements) }
        var members: [(key: String, value: JSON)] = []
        var merged: [JSON] = []
        for (key, value) in zip(keys, elements) {
            if key == "<<",
                value.objectValue != nil || value.arrayValue?.allSatisfy({ $0.objectValue != nil }) == true
            {
                merged = value.arrayValue ?? [value]
            } else {
                members.append((key, value))
            }
        }
        var known = Set(members.map { Array($0.key.utf8) })
        for (key, value) in merged.compactMap(\.objectValue).flatMap(\.members)
        where known.insert(Array(key.utf8)).inserted {
            members.append((key, value))
        }
        return .object(JSONObject(unique: members))
    }
}

/// Plain scalars by the core schema.
private enum YAMLScalar {
    static func value(of text: String) -> JSON {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .bool(true)
        case "false", "False", "FALSE": return .bool(false)
        case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF": return .number(.infinity)
        case "-.inf", "-.Inf", "-.INF": return .number(-.infinity)
        case ".nan", ".NaN", ".NAN": return .number(.nan)
        default: break
        }
        if text.hasPrefix("0x"), let number = Int64(text.dropFirst(2), radix: 16) { return .integer(number) }
        if text.hasPrefix("0o"), let number = Int64(text.dropFirst(2), radix: 8) { return .integer(number) }
        let digits = text.utf8.drop { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+") }
        guard digits.contains(where: { (48...57).contains($0) }),
            digits.allSatisfy({ (48...57).contains($0) || "+-.eE".utf8.contains($0) }),
            digits.first != UInt8(ascii: "e"), digits.first != UInt8(ascii: "E")
        else { return .string(text) }
        if let number = Int64(text) { return .integer(number) }
        return Double(text).map { .number($0) } ?? .string(text)
    }
}
