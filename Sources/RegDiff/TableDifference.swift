// SPDX-License-Identifier: Apache-2.0

/// Compares tables record by record, matched by key columns; where no column is a key, whole records.
package struct TableDifference {
    /// Records of both files.
    private static let recordLimit = 2_000_000

    package let difference: AnnotationDifference
    /// Whether the columns that were asked for are a key: no two records of a file are alike in them.
    package let isByWantedKey: Bool

    /// What differs between two tables.
    ///
    /// Reads each three times at most; memory grows by forty bytes a record.
    /// `key`: columns that are the key together; empty to look for one.
    /// - Throws: `ContentError` where one is not sound or both are too large, and whatever reading fails with.
    package static func between(
        _ old: ByteStream, _ new: ByteStream, _ format: AnnotationFormat, key: [String]
    ) throws -> TableDifference {
        let layout = try TableLayout(columns(of: old, format), columns(of: new, format), key: key)
        var labels = TableLabels()
        var olds = try records(of: old, format, layout, &labels, room: recordLimit)
        var news = try records(of: new, format, layout, &labels, room: recordLimit - olds.count)
        let used = layout.keys.indices.first { isUnique(&olds, key: $0) && isUnique(&news, key: $0) }
        let recorder = ChangeRecorder(format, [.record], key: used.map { layout.keys[$0] } ?? [])
        recorder.count(.record, old: olds.count, new: news.count)
        labels.count(olds, news, recorder)
        var changes = TableChanges()
        if let used { changes.match(olds, news, key: used) } else { changes.match(&olds, &news) }
        (olds, news) = ([], [])
        try changes.record(
            old: details(of: old, format, changes.wantedOlds),
            new: details(of: new, format, changes.wantedNews),
            key: used.map { layout.keys[$0] } ?? [], recorder)
        return TableDifference(difference: recorder.finish(), isByWantedKey: key.isEmpty || used != nil)
    }

    // MARK: Reading

    private static func withReader<Result>(
        of stream: ByteStream, _ format: AnnotationFormat,
        _ body: (inout TableReader) throws(ContentError) -> Result
    ) throws -> Result {
        var reader = TableReader(format, stream)
        do {
            try reader.readHeader()
            let result = try body(&reader)
            if let failure = reader.failure { throw failure }
            return result
        } catch { throw reader.failure ?? error }
    }

    /// The columns that all records of CSV, or the first JSON object, have.
    private static func columns(of stream: ByteStream, _ format: AnnotationFormat) throws -> [String] {
        try withReader(of: stream, format) { (reader) throws(ContentError) in
            if format == .jsonLines { _ = try reader.next { _ in false } }
            return reader.columns
        }
    }

    private static func records(
        of stream: ByteStream, _ format: AnnotationFormat, _ layout: TableLayout, _ labels: inout TableLabels,
        room: Int
    ) throws -> [TableRecord] {
        var names = labels
        defer { labels = names }
        return try withReader(of: stream, format) { (reader) throws(ContentError) in
            var records: [TableRecord] = []
            var roles: [TableLayout.Role] = []
            while try reader.next(isWanted: { $0 == layout.label }) {
                while roles.count < reader.columns.count {
                    roles.append(layout.role(of: reader.columns[roles.count]))
                }
                guard records.count < room else {
                    throw ContentError("both files have more than \(recordLimit) records")
                }
                var record = TableRecord(number: UInt32(records.count))
                for field in reader.fields { record.add(field, roles[field.column], &names) }
                records.append(record)
            }
            return records
        }
    }

    /// All that some records say, by their numbers.
    private static func details(
        of stream: ByteStream, _ format: AnnotationFormat, _ wanted: Set<UInt32>
    ) throws -> [UInt32: TableDetail] {
        guard let last = wanted.max() else { return [:] }
        return try withReader(of: stream, format) { (reader) throws(ContentError) in
            var details: [UInt32: TableDetail] = [:]
            var number: UInt32 = 0
            while number <= last {
                let isWanted = wanted.contains(number)
                guard try reader.next(isWanted: { _ in isWanted }) else { break }
                if isWanted { details[number] = TableDetail(reader.fields, reader.columns) }
                number += 1
            }
            return details
        }
    }

    /// Sorts records by a key; whether no two have the same.
    private static func isUnique(_ records: inout [TableRecord], key: Int) -> Bool {
        records.sort { ($0.key(key), $0.number) < ($1.key(key), $1.number) }
        return !zip(records, records.dropFirst()).contains { $0.key(key) == $1.key(key) }
    }
}

/// What the columns of two tables are for.
private struct TableLayout {
    struct Role {
        let hash: UInt64
        /// Of which keys it is a part.
        let isInFirstKey: Bool
        let isInSecondKey: Bool
        let isLabel: Bool
        let isBox: Bool
    }

    private static let keyNames = [
        "id", "annotation_id", "record_id", "uuid", "key", "image_id", "imageid", "file_name", "filename",
        "file", "path",
        "image_path", "image", "name", "url",
    ]
    private static let labelNames = [
        "label", "class", "category", "class_name", "category_name", "label_name", "labelname", "class_id",
        "category_id",
        "label_id",
    ]
    private static let boxNames: Set<String> = [
        "bbox", "box", "x", "y", "w", "h", "cx", "cy", "xmin", "ymin", "xmax", "ymax", "x1", "y1", "x2", "y2",
        "x_min", "y_min", "x_max", "y_max", "x_center", "y_center", "left", "top", "right", "bottom",
    ]

    /// Keys to try, at most two, of columns that both tables have.
    let keys: [[String]]
    let label: String?
    private let boxes: Set<String>

    init(_ old: [String], _ new: [String], key: [String]) {
        let shared = new.filter(Set(old).contains)
        func first(_ names: [String]) -> [String] {
            names.compactMap { name in shared.first { $0.lowercased() == name } }
        }
        if key.isEmpty {
            keys = first(Self.keyNames).prefix(2).map { [$0] }
        } else {
            keys = key.allSatisfy(shared.contains) ? [key] : []
        }
        let keyColumns = Set(keys.joined())
        label = first(Self.labelNames).first { !keyColumns.contains($0) }
        let boxes = Set(shared.filter { Self.boxNames.contains($0.lowercased()) })
        // Without a place they are the size of an image.
        self.boxes = boxes.isEmpty ? [] : boxes.union(["width", "height"])
    }

    func role(of column: String) -> Role {
        Role(
            hash: ContentHash.of(column), isInFirstKey: keys.first?.contains(column) == true,
            isInSecondKey: keys.count > 1 && keys[1].contains(column), isLabel: column == label,
            isBox: boxes.contains(column))
    }
}

/// The classes of both tables, by numbers.
private struct TableLabels {
    private static let limit = 10_000

    private var numbers: [String: UInt32] = [:]
    private var names: [String] = []
    private var isFull = false

    /// Nil where there are too many, which is no classes.
    mutating func number(of name: String) -> UInt32? {
        if let number = numbers[name] { return number }
        guard names.count < TableLabels.limit else {
            isFull = true
            return nil
        }
        numbers[name] = UInt32(names.count)
        names.append(name)
        return UInt32(names.count - 1)
    }

    func count(_ olds: [TableRecord], _ news: [TableRecord], _ recorder: ChangeRecorder) {
        if isFull { return }
        var counts = [(old: Int, new: Int)](repeating: (0, 0), count: names.count)
        for record in olds where record.label != TableRecord.noLabel { counts[Int(record.label)].old += 1 }
        for record in news where record.label != TableRecord.noLabel { counts[Int(record.label)].new += 1 }
        for (name, count) in zip(names, counts) {
            recorder.count(class: name, old: count.old, new: count.new)
        }
    }
}

/// A record, as little of it as comparing takes.
private struct TableRecord {
    static let noLabel = UInt32.max

    private(set) var firstKey: UInt64 = 0
    private(set) var secondKey: UInt64 = 0
    /// The hash of all of it, and of all but its label and its box.
    private(set) var whole: UInt64 = 0
    private(set) var rest: UInt64 = 0
    private(set) var label = noLabel
    /// Its place in the file.
    let number: UInt32

    init(number: UInt32) { self.number = number }

    func key(_ number: Int) -> UInt64 { number == 0 ? firstKey : secondKey }

    mutating func add(_ field: TableReader.Field, _ role: TableLayout.Role, _ labels: inout TableLabels) {
        var hash = ContentHash()
        hash.add(role.hash)
        hash.add(field.hash)
        whole &+= hash.value
        if role.isInFirstKey { firstKey &+= hash.value }
        if role.isInSecondKey { secondKey &+= hash.value }
        if role.isLabel {
            if let text = field.text { label = labels.number(of: text) ?? TableRecord.noLabel }
        } else if !role.isBox {
            rest &+= hash.value
        }
    }

    /// Nil for the same.
    func status(from old: TableRecord) -> AnnotationChange.Status? {
        if whole == old.whole { return nil }
        if label != old.label { return .relabelled }
        return rest == old.rest ? .moved : .changed
    }
}

/// What a record says.
private struct TableDetail {
    /// Of a record with more columns, the others have no texts.
    private static let textLimit = 256

    let fields: [(name: String, hash: UInt64, text: String?)]

    init(_ fields: [TableReader.Field], _ columns: [String]) {
        self.fields = fields.enumerated().map { place, field in
            (columns[field.column], field.hash, place < TableDetail.textLimit ? field.text : nil)
        }
    }

    func text(of columns: [String]) -> String {
        columns.map { column in fields.first { $0.name == column }?.text ?? "" }.joined(separator: ", ")
    }
}

/// What became of records.
private struct TableChanges {
    private struct Change {
        let status: AnnotationChange.Status
        let old: UInt32?
        let new: UInt32?

        var number: UInt32 { new ?? old ?? 0 }
    }

    private var counts: [AnnotationChange.Status: Int] = [:]
    /// The first few of each kind.
    private var examples: [AnnotationChange.Status: [Change]] = [:]

    var wantedOlds: Set<UInt32> { Set(examples.values.joined().compactMap(\.old)) }
    var wantedNews: Set<UInt32> { Set(examples.values.joined().compactMap(\.new)) }

    private mutating func add(_ status: AnnotationChange.Status, _ old: TableRecord?, _ new: TableRecord?) {
        counts[status, default: 0] += 1
        examples[status, default: []].append(Change(status: status, old: old?.number, new: new?.number))
        if examples[status, default: []].count >= 4 * ChangeRecorder.exampleLimit { trim(status) }
    }

    private mutating func trim(_ status: AnnotationChange.Status) {
        examples[status]?.sort { $0.number < $1.number }
        examples[status] = examples[status].map { Array($0.prefix(ChangeRecorder.exampleLimit)) }
    }

    /// Matches records that are sorted by a key which no two of a side have in common.
    mutating func match(_ olds: [TableRecord], _ news: [TableRecord], key: Int) {
        merge(olds, news) {
            $0.key(key)
        } take: { old, new in
            new.status(from: old)
        }
    }

    /// Matches whole records.
    mutating func match(_ olds: inout [TableRecord], _ news: inout [TableRecord]) {
        olds.sort { ($0.whole, $0.number) < ($1.whole, $1.number) }
        news.sort { ($0.whole, $0.number) < ($1.whole, $1.number) }
        merge(olds, news) {
            $0.whole
        } take: { _, _ in
            nil
        }
    }

    private mutating func merge(
        _ olds: [TableRecord], _ news: [TableRecord], _ key: (TableRecord) -> UInt64,
        take: (TableRecord, TableRecord) -> AnnotationChange.Status?
    ) {
        var (left, right) = (0, 0)
        while left < olds.count || right < news.count {
            if right == news.count || left < olds.count && key(olds[left]) < key(news[right]) {
                add(.removed, olds[left], nil)
                left += 1
            } else if left == olds.count || key(news[right]) < key(olds[left]) {
                add(.added, nil, news[right])
                right += 1
            } else {
                if let status = take(olds[left], news[right]) { add(status, olds[left], news[right]) }
                (left, right) = (left + 1, right + 1)
            }
        }
        for status in AnnotationChange.Status.allCases { trim(status) }
    }

    /// Fields that are told of a record that was added or removed.
    private static let fieldLimit = 16

    func record(
        old: [UInt32: TableDetail], new: [UInt32: TableDetail], key: [String], _ recorder: ChangeRecorder
    ) {
        for status in AnnotationChange.Status.allCases {
            let examples = examples[status] ?? []
            for place in 0..<(counts[status] ?? 0) {
                recorder.add(.record, status) {
                    let before = examples[place].old.flatMap { old[$0] }
                    let after = examples[place].new.flatMap { new[$0] }
                    let detail = after ?? before
                    let name =
                        key.isEmpty ? "record \(examples[place].number + 1)" : detail?.text(of: key) ?? ""
                    var change = AnnotationChange(.record, status, name: name)
                    change.fields = Self.fields(before, after)
                    return change
                }
            }
        }
    }

    private static func fields(_ old: TableDetail?, _ new: TableDetail?) -> [AnnotationChange.Field] {
        var olds = Dictionary((old?.fields ?? []).map { ($0.name, $0) }) { $1 }
        var fields: [AnnotationChange.Field] = []
        for field in new?.fields ?? [] {
            let former = olds.removeValue(forKey: field.name)
            if former?.hash == field.hash { continue }
            fields.append(.init(name: field.name, old: former?.text, new: field.text))
        }
        for field in old?.fields ?? [] where olds[field.name] != nil {
            fields.append(.init(name: field.name, old: field.text, new: nil))
        }
        return Array(fields.prefix(fieldLimit))
    }
}
