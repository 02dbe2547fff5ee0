// SPDX-License-Identifier: Apache-2.0
internal import RegBytes

/// An element of a document: names without their prefix, no attributes.
package struct XMLElement: Equatable, Sendable {
    package let name: String
    package fileprivate(set) var children: [XMLElement] = []
    package fileprivate(set) var text = ""

    package init(name: String) { self.name = name }

    /// The first child of that name.
    package subscript(_ name: String) -> XMLElement? { children.first { $0.name == name } }

    package func all(_ name: String) -> [XMLElement] { children.filter { $0.name == name } }
}

/// Why a document was not taken.
package struct XMLError: Error, Equatable {
    package let reason: String
    /// Where, in bytes from the start.
    package let offset: Int

    package init(reason: String, offset: Int) {
        self.reason = reason
        self.offset = offset
    }
}

/// Reads documents from elsewhere: no document types, no entities but the five of the language, nothing nested deeply.
package struct XMLReader {
    /// The longest document, in bytes.
    package static let byteLimit = 16 << 20
    package static let depthLimit = 16
    /// The most elements of a document: a page of an S3 listing has some ten thousand.
    package static let elementLimit = 200_000

    private let bytes: [UInt8]
    private var offset = 0
    private var elementCount = 0

    /// The root element of a document.
    package static func read(_ bytes: [UInt8]) throws(XMLError) -> XMLElement {
        var reader = XMLReader(bytes)
        return try reader.document()
    }

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    private func failure(_ reason: String) -> XMLError { XMLError(reason: reason, offset: offset) }

    private mutating func document() throws(XMLError) -> XMLElement {
        guard bytes.count <= XMLReader.byteLimit else { throw failure("it is longer than it may be") }
        _ = skip(Array("\u{feff}".utf8))
        try skipMisc()
        let root = try element(depth: 1)
        try skipMisc()
        guard offset == bytes.count else { throw failure("something follows the root element") }
        return root
    }

    // MARK: Elements

    private mutating func element(depth: Int) throws(XMLError) -> XMLElement {
        guard depth <= XMLReader.depthLimit else { throw failure("it is nested too deeply") }
        elementCount += 1
        guard elementCount <= XMLReader.elementLimit else { throw failure("it has too many elements") }
        guard skip("<") else { throw failure("an element is missing") }
        // A document type, whose entities could grow without bound.
        guard !skip("!") else { throw failure("it has a declaration") }
        let name = try self.name()
        var element = XMLElement(name: XMLReader.localPart(of: name))
        if try skipAttributes() { return element }
        var text: [UInt8] = []
        while true {
            guard offset < bytes.count else { throw failure("\(printable(element.name)) has no end") }
            if skip("</") {
                guard try self.name() == name else { throw failure("another element ends than began") }
                skipBlanks()
                guard skip(">") else { throw failure("an end tag has no end") }
                break
            }
            if try skipComment() { continue }
            if skip("<![CDATA[") {
                text += try taken(until: "]]>")
            } else if bytes[offset] == UInt8(ascii: "<") {
                if !skipInstructionStart() {
                    element.children.append(try self.element(depth: depth + 1))
                } else {
                    _ = try taken(until: "?>")
                }
            } else {
                try takeText(into: &text)
            }
        }
        guard let valid = String(validating: text, as: UTF8.self) else { throw failure("it is not UTF-8") }
        element.text = valid
        return element
    }

    private mutating func skipInstructionStart() -> Bool { skip("<?") }

    private mutating func name() throws(XMLError) -> [UInt8] {
        let start = offset
        while offset < bytes.count, !" \t\r\n/><=".utf8.contains(bytes[offset]) { offset += 1 }
        guard offset > start, offset - start <= 255 else { throw failure("a name is missing or too long") }
        return Array(bytes[start..<offset])
    }

    private static func localPart(of name: [UInt8]) -> String {
        let local = name.lastIndex(of: UInt8(ascii: ":")).map { name[($0 + 1)...] } ?? name[...]
        return String(decoding: local, as: UTF8.self)
    }

    /// To the end of a start tag; whether the element is empty.
    private mutating func skipAttributes() throws(XMLError) -> Bool {
        while true {
            skipBlanks()
            if skip("/>") { return true }
            if skip(">") { return false }
            _ = try name()
            skipBlanks()
            guard skip("=") else { throw failure("an attribute has no value") }
            skipBlanks()
            guard offset < bytes.count, "'\"".utf8.contains(bytes[offset]) else {
                throw failure("an attribute's value is not quoted")
            }
            let quote = bytes[offset]
            offset += 1
            guard let end = bytes[offset...].firstIndex(of: quote) else {
                throw failure("an attribute's value has no end")
            }
            offset = end + 1
        }
    }

    // MARK: Text

    private mutating func takeText(into text: inout [UInt8]) throws(XMLError) {
        while offset < bytes.count, bytes[offset] != UInt8(ascii: "<") {
            if bytes[offset] != UInt8(ascii: "&") {
                text.append(bytes[offset])
                offset += 1
                continue
            }
            offset += 1
            guard let end = bytes[offset...].prefix(12).firstIndex(of: UInt8(ascii: ";")) else {
                throw failure("an entity has no end")
            }
            let name = String(decoding: bytes[offset..<end], as: UTF8.self)
            guard let scalar = XMLReader.scalar(ofEntity: name) else {
                throw failure("it has an unknown entity")
            }
            offset = end + 1
            text += Array(String(Character(scalar)).utf8)
        }
    }

    private static func scalar(ofEntity name: String) -> Unicode.Scalar? {
        switch name {
        case "lt": return "<"
        case "gt": return ">"
        case "amp": return "&"
        case "apos": return "'"
        case "quot": return "\""
        default:
            guard name.hasPrefix("#") else { return nil }
            let digits = name.dropFirst()
            guard digits.utf8.first != UInt8(ascii: "+"), !digits.hasPrefix("x+") else { return nil }
            let code = digits.hasPrefix("x") ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
            return code.flatMap { $0 == 0 ? nil : Unicode.Scalar($0) }
        }
    }

    // MARK: What is passed over

    private mutating func skipMisc() throws(XMLError) {
        while true {
            skipBlanks()
            if try skipComment() { continue }
            guard skipInstructionStart() else { return }
            _ = try taken(until: "?>")
        }
    }

    private mutating func skipComment() throws(XMLError) -> Bool {
        guard skip("<!--") else { return false }
        _ = try taken(until: "-->")
        return true
    }

    private mutating func skipBlanks() {
        while offset < bytes.count, " \t\r\n".utf8.contains(bytes[offset]) { offset += 1 }
    }

    private mutating func taken(until end: StaticString) throws(XMLError) -> ArraySlice<UInt8> {
        let start = offset
        while offset < bytes.count {
            let stop = offset
            if skip(end) { return bytes[start..<stop] }
            offset += 1
        }
        throw failure("something has no end")
    }

    private mutating func skip(_ text: StaticString) -> Bool {
        text.withUTF8Buffer { wanted in
            guard bytes[offset...].starts(with: wanted) else { return false }
            offset += wanted.count
            return true
        }
    }

    private mutating func skip(_ wanted: [UInt8]) -> Bool {
        guard bytes[offset...].starts(with: wanted) else { return false }
        offset += wanted.count
        return true
    }
}
