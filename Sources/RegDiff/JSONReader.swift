// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// Reads JSON from a stream, value by value, as whoever reads it asks for them; nothing of it is kept.
///
/// Takes as well what writers of annotations and metrics give out for a number: `NaN`, `Infinity` and `-Infinity`.
struct JSONReader {
    enum Kind { case object, array, text, number, bool, null }

    /// Values within each other.
    private static let depthLimit = 64
    /// Bytes of a number.
    private static let numberLimit = 400
    /// Bytes of a text that is kept.
    static let textLimit = 4096

    private(set) var stream: ByteStream
    private var depth = 0
    /// What was decoded of a text.
    private var decoded: [UInt8] = []

    init(_ stream: ByteStream) { self.stream = stream }

    /// For messages: what is wrong, and where.
    func failure(_ reason: String) -> ContentError { ContentError("\(reason), at byte \(stream.offset)") }

    /// What the next value is; nil at the end of the file.
    mutating func kind() throws(ContentError) -> Kind? {
        skipBlanks()
        guard let byte = stream.peek() else { return nil }
        switch byte {
        case UInt8(ascii: "{"): return .object
        case UInt8(ascii: "["): return .array
        case UInt8(ascii: "\""): return .text
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool
        case UInt8(ascii: "n"): return .null
        case UInt8(ascii: "-"), UInt8(ascii: "N"), UInt8(ascii: "I"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            return .number
        default: throw failure("a value is missing")
        }
    }

    /// Makes sure that nothing follows.
    mutating func end() throws(ContentError) {
        skipBlanks()
        if stream.peek() != nil { throw failure("something follows the end") }
    }

    private mutating func skipBlanks() {
        while let byte = stream.peek(), byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 {
            stream.place += 1
        }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard stream.peek() == byte else { return false }
        stream.place += 1
        return true
    }

    // MARK: Containers

    /// Gives each key of the object that comes next to `body`, which reads the value.
    mutating func members(
        _ body: (inout JSONReader, String) throws(ContentError) -> Void
    ) throws(ContentError) {
        try enter(UInt8(ascii: "{"), "an object is missing")
        skipBlanks()
        if !take(UInt8(ascii: "}")) {
            repeat {
                skipBlanks()
                let key = try text()
                skipBlanks()
                guard take(UInt8(ascii: ":")) else { throw failure("a ':' is missing") }
                try body(&self, key)
                skipBlanks()
            } while take(UInt8(ascii: ","))
            guard take(UInt8(ascii: "}")) else { throw failure("an object has no end") }
        }
        depth -= 1
    }

    /// Calls `body` for each element of the array that comes next; it reads the element.
    mutating func elements(
        _ body: (inout JSONReader) throws(ContentError) -> Void
    ) throws(ContentError) {
        try enter(UInt8(ascii: "["), "an array is missing")
        skipBlanks()
        if !take(UInt8(ascii: "]")) {
            repeat {
                try body(&self)
                skipBlanks()
            } while take(UInt8(ascii: ","))
            guard take(UInt8(ascii: "]")) else { throw failure("an array has no end") }
        }
        depth -= 1
    }

    private mutating func enter(_ byte: UInt8, _ reason: String) throws(ContentError) {
        skipBlanks()
        guard take(byte) else { throw failure(reason) }
        depth += 1
        guard depth <= JSONReader.depthLimit else { throw failure("it is nested too deeply") }
    }

    // MARK: Texts

    /// The text that comes next, no longer than ``textLimit``.
    mutating func text() throws(ContentError) -> String {
        skipBlanks()
        stream.ensure(1)
        // Most have no escapes and end in the window.
        let start = stream.place + 1
        if start <= stream.window.count, stream.window[start - 1] == UInt8(ascii: "\"") {
            var end = start
            let limit = min(stream.window.count, start + JSONReader.textLimit)
            while end < limit, stream.window[end] != UInt8(ascii: "\""),
                stream.window[end] != UInt8(ascii: "\\"),
                stream.window[end] >= 0x20
            {
                end += 1
            }
            if end < limit, stream.window[end] == UInt8(ascii: "\"") {
                stream.place = end + 1
                return try text(stream.window[start..<end])
            }
        }
        _ = try scanText(keeping: JSONReader.textLimit + 1)
        guard decoded.count <= JSONReader.textLimit else { throw failure("a text is too long") }
        return try text(decoded[...])
    }

    private func text(_ bytes: ArraySlice<UInt8>) throws(ContentError) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw failure("a text is not UTF-8")
        }
        return text
    }

    /// Goes through a text; its hash.
    ///
    /// `limit`: how many bytes of it are decoded.
    private mutating func scanText(keeping limit: Int) throws(ContentError) -> UInt64 {
        guard take(UInt8(ascii: "\"")) else { throw failure("a text is missing") }
        decoded.removeAll(keepingCapacity: true)
        var hash = ContentHash()
        while true {
            guard let byte = stream.peek() else { throw failure("a text has no end") }
            stream.place += 1
            if byte == UInt8(ascii: "\"") { return hash.value }
            if byte == UInt8(ascii: "\\") {
                for byte in String(Character(try escape())).utf8 {
                    hash.add(byte)
                    if decoded.count < limit { decoded.append(byte) }
                }
            } else {
                guard byte >= 0x20 else { throw failure("a text has a control character") }
                hash.add(byte)
                if decoded.count < limit { decoded.append(byte) }
            }
        }
    }

    /// What an escape stands for; half a surrogate pair is U+FFFD.
    private mutating func escape() throws(ContentError) -> Unicode.Scalar {
        guard let letter = stream.peek() else { throw failure("a text has no end") }
        stream.place += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(letter)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): break
        default: throw failure("a text has an unknown escape")
        }
        let first = try fourDigits()
        if let scalar = Unicode.Scalar(first) { return scalar }
        stream.ensure(6)
        guard first < 0xdc00, stream.window[stream.place...].starts(with: [0x5c, 0x75]) else {
            return "\u{fffd}"
        }
        let place = stream.place
        stream.place += 2
        let second = try fourDigits()
        guard (0xdc00..<0xe000).contains(second) else {
            stream.place = place
            return "\u{fffd}"
        }
        return Unicode.Scalar(0x10000 + (first - 0xd800) << 10 + (second - 0xdc00)) ?? "\u{fffd}"
    }

    private mutating func fourDigits() throws(ContentError) -> UInt32 {
        stream.ensure(4)
        let digits = stream.window[stream.place...].prefix(4)
        guard digits.count == 4, digits.allSatisfy({ isxdigit(Int32($0)) != 0 }),
            let value = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
        else { throw failure("a text has an unknown escape") }
        stream.place += 4
        return value
    }

    // MARK: Other values

    mutating func bool() throws(ContentError) -> Bool {
        if takeWord("true") { return true }
        guard takeWord("false") else { throw failure("a value is missing") }
        return false
    }

    mutating func null() throws(ContentError) {
        guard takeWord("null") else { throw failure("a value is missing") }
    }

    private mutating func takeWord(_ word: StaticString) -> Bool {
        skipBlanks()
        stream.ensure(word.utf8CodeUnitCount)
        let isThere = word.withUTF8Buffer { stream.window[stream.place...].starts(with: $0) }
        if isThere { stream.place += word.utf8CodeUnitCount }
        return isThere
    }

    mutating func number() throws(ContentError) -> JSONNumber {
        if takeWord("NaN") { return JSONNumber(.nan) }
        if takeWord("Infinity") { return JSONNumber(.infinity) }
        if takeWord("-Infinity") { return JSONNumber(-.infinity) }
        stream.ensure(JSONReader.numberLimit)
        let window = stream.window[stream.place...].prefix(JSONReader.numberLimit)
        guard let (number, count) = JSONNumber.first(of: window) else {
            throw failure("a number is not sound")
        }
        stream.place += count
        return number
    }

    /// Passes over the value that comes next; its hash, which does not depend on spaces, on the order of members or on how numbers
    /// and texts are written.
    mutating func hash() throws(ContentError) -> UInt64 {
        var hash = ContentHash()
        switch try kind() {
        case nil: throw failure("a value is missing")
        case .null?:
            try null()
            hash.add(UInt64(1))
        case .bool?: hash.add(UInt64(try bool() ? 2 : 3))
        case .number?:
            hash.add(UInt64(4))
            hash.add(try number().hash)
        case .text?:
            hash.add(UInt64(5))
            hash.add(try scanText(keeping: 0))
        case .array?:
            hash.add(UInt64(6))
            try elements { (reader) throws(ContentError) in hash.add(try reader.hash()) }
        case .object?:
            hash.add(UInt64(7))
            var sum: UInt64 = 0
            try members { (reader, key) throws(ContentError) in
                sum &+= JSONReader.hash(ofMember: key, try reader.hash())
            }
            hash.add(sum)
        }
        return hash.value
    }

    /// Reads the value that comes next as a text, its own or how JSON writes it; of a long one the beginning.
    ///
    /// - Returns: its hash as well.
    mutating func shown(limit: Int) throws(ContentError) -> (text: String, hash: UInt64) {
        var shown = ""
        let hash = try show(into: &shown, limit: limit, isWhole: true)
        return (shown, hash)
    }

    private mutating func show(
        into shown: inout String, limit: Int, isWhole: Bool
    ) throws(ContentError) -> UInt64 {
        guard shown.utf8.count < limit else { return try hash() }
        var hash = ContentHash()
        var text = shown
        switch try kind() {
        case .text?:
            hash.add(UInt64(5))
            hash.add(try scanText(keeping: limit))
            let own = String(decoding: decoded, as: UTF8.self)
            text += isWhole ? own : "\"\(own)\""
        case .number?:
            stream.ensure(JSONReader.numberLimit)
            let start = stream.place
            hash.add(UInt64(4))
            hash.add(try number().hash)
            text += String(decoding: stream.window[start..<stream.place], as: UTF8.self)
        case .array?:
            hash.add(UInt64(6))
            text += "["
            var isFirst = true
            try elements { (reader) throws(ContentError) in
                text += isFirst ? "" : ", "
                isFirst = false
                hash.add(try reader.show(into: &text, limit: limit, isWhole: false))
            }
            text += "]"
        case .object?:
            hash.add(UInt64(7))
            text += "{"
            var sum: UInt64 = 0
            var isFirst = true
            try members { (reader, key) throws(ContentError) in
                if text.utf8.count < limit { text += (isFirst ? "" : ", ") + key + ": " }
                isFirst = false
                sum &+= JSONReader.hash(
                    ofMember: key, try reader.show(into: &text, limit: limit, isWhole: false))
            }
            hash.add(sum)
            text += "}"
        case .bool?:
            let value = try bool()
            hash.add(UInt64(value ? 2 : 3))
            text += value ? "true" : "false"
        case .null?, nil: return try self.hash()
        }
        shown = text
        return hash.value
    }

    /// What a member adds to the hash of its object.
    static func hash(ofMember key: String, _ value: UInt64) -> UInt64 {
        var hash = ContentHash()
        hash.add(key)
        hash.add(value)
        return hash.value
    }
}

/// A number as it was written: `mantissa` times ten to the power of `exponent`, where that is exact.
struct JSONNumber {
    let value: Double
    /// The same as something that counts or names things; nil where it is none.
    let integer: Int64?
    /// The same for numbers of the same value, however they are written.
    let hash: UInt64

    /// What has no other form.
    init(_ value: Double) {
        self.value = value
        integer = Int64(exactly: value)
        hash = value.isNaN ? 1 : value.bitPattern
    }

    private init(negative: Bool, mantissa: UInt64, exponent: Int, value: Double) {
        self.value = value
        integer =
            exponent == 0
            ? Int64(exactly: mantissa).map { negative ? -$0 : $0 } : Int64(exactly: value)
        var (mantissa, exponent) = (mantissa, exponent)
        while mantissa != 0, mantissa.isMultiple(of: 10) {
            (mantissa, exponent) = (mantissa / 10, exponent + 1)
        }
        var hash = ContentHash()
        hash.add(mantissa)
        hash.add(mantissa == 0 ? 0 : UInt64(bitPattern: Int64(exponent * 2 + (negative ? 1 : 0))))
        self.hash = hash.value
    }

    private static let powers: [Double] = (0...22).map { pow(10, Double($0)) }

    /// The number that `bytes` begin with, and its length; nil for none.
    static func first(of bytes: ArraySlice<UInt8>) -> (number: JSONNumber, byteCount: Int)? {
        var place = bytes.startIndex
        let end = bytes.endIndex
        func isDigit(_ place: Int) -> Bool { place < end && bytes[place] &- 0x30 < 10 }
        let negative = place < end && bytes[place] == UInt8(ascii: "-")
        if negative { place += 1 }
        guard isDigit(place) else { return nil }
        var mantissa: UInt64 = 0
        var digitCount = 0
        var exponent = 0
        let leadsWithZero = bytes[place] == UInt8(ascii: "0")
        while isDigit(place) {
            if digitCount < 19 { mantissa = mantissa * 10 + UInt64(bytes[place] - 0x30) }
            if mantissa > 0 { digitCount += 1 }
            place += 1
            if leadsWithZero, isDigit(place) { return nil }
        }
        if place < end, bytes[place] == UInt8(ascii: ".") {
            place += 1
            guard isDigit(place) else { return nil }
            while isDigit(place) {
                if digitCount < 19 {
                    mantissa = mantissa * 10 + UInt64(bytes[place] - 0x30)
                    exponent -= 1
                }
                if mantissa > 0 { digitCount += 1 }
                place += 1
            }
        }
        var written = 0
        let hasExponent = place < end && bytes[place] | 0x20 == UInt8(ascii: "e")
        if hasExponent {
            place += 1
            let sign = place < end ? bytes[place] : 0
            if sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") { place += 1 }
            guard isDigit(place) else { return nil }
            while isDigit(place) {
                written = min(written * 10 + Int(bytes[place] - 0x30), 100_000)
                place += 1
            }
            if sign == UInt8(ascii: "-") { written.negate() }
        }
        let isWhole = place < end || bytes.count < 400
        guard isWhole else { return nil }
        let byteCount = place - bytes.startIndex
        if digitCount <= 19 {
            exponent += written
            let value: Double
            if mantissa < 1 << 53, abs(exponent) <= 22 {
                value =
                    exponent < 0 ? Double(mantissa) / powers[-exponent] : Double(mantissa) * powers[exponent]
            } else {
                guard let exact = Double(String(decoding: bytes[..<place], as: UTF8.self)) else { return nil }
                value = abs(exact)
            }
            return (
                JSONNumber(
                    negative: negative, mantissa: mantissa, exponent: exponent,
                    value: negative ? -value : value),
                byteCount
            )
        }
        guard let value = Double(String(decoding: bytes[..<place], as: UTF8.self)) else { return nil }
        return (JSONNumber(value), byteCount)
    }
}
