// SPDX-License-Identifier: Apache-2.0

/// Reads the records of a table one after another: CSV (RFC 4180) with a line of column names, or a JSON object a line.
struct TableReader {
    /// A value of a record.
    struct Field {
        /// The number of its name in ``columns``.
        let column: Int
        let hash: UInt64
        /// The beginning of it, where its column is wanted.
        let text: String?
    }

    /// Bytes of a record of CSV.
    private static let recordLimit = 1 << 20
    private static let columnLimit = 4096
    /// Bytes of a value that are kept.
    private static let textLimit = 200

    /// All that were seen.
    private(set) var columns: [String] = []
    private var numbers: [String: Int] = [:]
    /// Of the record that was read last.
    private(set) var fields: [Field] = []
    private var json: JSONReader
    private var lines: CSVReader
    private let format: AnnotationFormat
    /// The columns of CSV, in the order of its fields.
    private var header: [Int] = []

    /// Why reading failed.
    var failure: (any Error)? { json.stream.failure ?? lines.stream.failure }

    init(_ format: AnnotationFormat, _ stream: ByteStream) {
        self.format = format
        json = JSONReader(stream)
        lines = CSVReader(stream)
    }

    /// Reads the column names of CSV; to be called once, before all records.
    mutating func readHeader() throws(ContentError) {
        guard format == .csv else { return }
        var names: [String] = []
        _ = try lines.next { (value) throws(ContentError) in
            names.append(String(decoding: value, as: UTF8.self))
        }
        for (place, name) in names.enumerated() {
            let isNew = numbers[name] == nil && !name.isEmpty
            header.append(try number(of: isNew ? name : "\(name)#\(place + 1)"))
        }
    }

    /// Reads the next record; false at the end.
    mutating func next(isWanted: (String) -> Bool) throws(ContentError) -> Bool {
        fields.removeAll(keepingCapacity: true)
        return try format == .csv ? nextLine(isWanted) : nextObject(isWanted)
    }

    private mutating func number(of column: String) throws(ContentError) -> Int {
        if let number = numbers[column] { return number }
        guard columns.count < TableReader.columnLimit else { throw json.failure("it has too many columns") }
        numbers[column] = columns.count
        columns.append(column)
        return columns.count - 1
    }

    private mutating func nextObject(_ isWanted: (String) -> Bool) throws(ContentError) -> Bool {
        guard let kind = try json.kind() else { return false }
        guard kind == .object else { throw json.failure("a line is no object") }
        var reader = json
        defer { json = reader }
        try reader.members { (reader, key) throws(ContentError) in
            let column = try number(of: key)
            if isWanted(key) {
                let (text, hash) = try reader.shown(limit: TableReader.textLimit)
                fields.append(Field(column: column, hash: hash, text: text))
            } else {
                fields.append(Field(column: column, hash: try reader.hash(), text: nil))
            }
        }
        return true
    }

    private mutating func nextLine(_ isWanted: (String) -> Bool) throws(ContentError) -> Bool {
        var place = 0
        var reader = lines
        defer { lines = reader }
        return try reader.next { (value) throws(ContentError) in
            if place == header.count { header.append(try number(of: "#\(place + 1)")) }
            let column = header[place]
            place += 1
            var hash = ContentHash()
            for byte in value { hash.add(byte) }
            let text =
                isWanted(columns[column])
                ? String(decoding: value.prefix(TableReader.textLimit), as: UTF8.self) : nil
            fields.append(Field(column: column, hash: hash.value, text: text))
        }
    }
}

/// Reads the lines of CSV: values between commas, or what the first line has more of, semicolons or tabs; a value in double quotes
/// may have any of them and line ends, and has two quotes for one.
struct CSVReader {
    /// Bytes of a line.
    private static let lineLimit = 1 << 20

    private(set) var stream: ByteStream
    private var delimiter: UInt8?
    private var value: [UInt8] = []

    init(_ stream: ByteStream) { self.stream = stream }

    private func failure(_ reason: String) -> ContentError {
        ContentError("\(reason), at byte \(stream.offset)")
    }

    /// Gives the values of the next line that is not empty to `take`; false at the end.
    mutating func next(_ take: ([UInt8]) throws(ContentError) -> Void) throws(ContentError) -> Bool {
        let delimiter = delimiter ?? findDelimiter()
        while let byte = stream.peek(), byte == 0x0a || byte == 0x0d { stream.place += 1 }
        guard stream.peek() != nil else { return false }
        var byteCount = 0
        while true {
            try readValue(until: delimiter)
            byteCount += value.count + 1
            guard byteCount <= CSVReader.lineLimit else { throw failure("a line is too long") }
            try take(value)
            guard let byte = stream.peek() else { return true }
            stream.place += 1
            if byte != delimiter { return true }
        }
    }

    private mutating func readValue(until delimiter: UInt8) throws(ContentError) {
        value.removeAll(keepingCapacity: true)
        var isQuoted = stream.peek() == UInt8(ascii: "\"")
        if isQuoted { stream.place += 1 }
        while true {
            guard let byte = stream.peek() else {
                if isQuoted { throw failure("a quote has no end") }
                return
            }
            if isQuoted, byte == UInt8(ascii: "\"") {
                stream.place += 1
                if stream.peek() == byte {
                    value.append(byte)
                    stream.place += 1
                } else {
                    isQuoted = false
                }
                continue
            }
            if !isQuoted, byte == delimiter || byte == 0x0a || byte == 0x0d { return }
            if byte == 0 { throw failure("it has a NUL") }
            value.append(byte)
            guard value.count <= CSVReader.lineLimit else { throw failure("a line is too long") }
            stream.place += 1
        }
    }

    /// Looks at the first line, and passes over a byte order mark.
    private mutating func findDelimiter() -> UInt8 {
        stream.ensure(CSVReader.lineLimit)
        if stream.window[stream.place...].starts(with: [0xef, 0xbb, 0xbf]) { stream.place += 3 }
        let line = stream.window[stream.place...].prefix(CSVReader.lineLimit).prefix {
            $0 != 0x0a && $0 != 0x0d
        }
        let counts = [UInt8(ascii: ","), UInt8(ascii: ";"), 0x09].map { mark in
            (mark: mark, count: line.count { $0 == mark })
        }
        let found = counts.max { $0.count < $1.count }?.mark ?? UInt8(ascii: ",")
        delimiter = found
        return found
    }
}
