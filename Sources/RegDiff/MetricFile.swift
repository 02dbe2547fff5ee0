// SPDX-License-Identifier: Apache-2.0

/// The metrics of a file: a JSON document, or a JSON object a step.
package struct MetricFile {
    /// Names of a file.
    static let nameLimit = 1_000
    /// Values of a step.
    private static let valueLimit = 10_000
    private static let stepNames = ["step", "global_step", "_step", "iteration", "iter", "epoch"]

    /// By their names.
    private var metrics: [String: MetricCollector] = [:]
    private var hasSteps = false

    /// Reads a file to its end.
    ///
    /// `isLines`: whether it has a step a line even where it has only one.
    /// - Throws: `ContentError` where it is not sound or has too many metrics, and whatever reading fails with.
    package static func read(_ stream: ByteStream, isLines: Bool) throws -> MetricFile {
        var reader = JSONReader(stream)
        var file = MetricFile()
        do { try file.read(&reader, isLines: isLines) } catch { throw reader.stream.failure ?? error }
        if let failure = reader.stream.failure { throw failure }
        return file
    }

    private mutating func read(_ reader: inout JSONReader, isLines: Bool) throws(ContentError) {
        var number = 0.0
        if try reader.kind() == .array {
            hasSteps = true
            try reader.elements { (reader) throws(ContentError) in
                try add(&reader, line: number)
                number += 1
            }
            return try reader.end()
        }
        var waiting = isLines ? nil : try Self.values(&reader)
        while try reader.kind() != nil {
            hasSteps = true
            if let first = waiting {
                try add(first, line: number)
                number += 1
                waiting = nil
            }
            try add(&reader, line: number)
            number += 1
        }
        hasSteps = hasSteps || isLines
        if let only = waiting { for (name, value) in only { try add(name, step: 0, value) } }
    }

    private mutating func add(_ reader: inout JSONReader, line: Double) throws(ContentError) {
        try add(Self.values(&reader), line: line)
    }

    /// Takes the values of a step, which one of them may number.
    private mutating func add(_ values: [(name: String, value: Double)], line: Double) throws(ContentError) {
        let name = Self.stepNames.first { name in values.contains { $0.name == name && $0.value.isFinite } }
        let step = values.last { $0.name == name }?.value ?? line
        for value in values where value.name != name { try add(value.name, step: step, value.value) }
    }

    private mutating func add(_ name: String, step: Double, _ value: Double) throws(ContentError) {
        if metrics[name] == nil, metrics.count == MetricFile.nameLimit {
            throw ContentError("it has more than \(MetricFile.nameLimit) metrics")
        }
        metrics[name, default: MetricCollector()].add(step: step, value)
    }

    // MARK: Values

    /// The numbers of the value that comes next, by their dotted names.
    private static func values(
        _ reader: inout JSONReader
    ) throws(ContentError) -> [(name: String, value: Double)] {
        var values: [(name: String, value: Double)] = []
        guard try reader.kind() == .object else { throw reader.failure("it has no names") }
        try collect(&reader, at: "", &values)
        return values
    }

    private static func collect(
        _ reader: inout JSONReader, at path: String, _ values: inout [(name: String, value: Double)]
    ) throws(ContentError) {
        switch try reader.kind() {
        case .number?: values.append((path, try reader.number().value))
        case .text?:
            // What JSON has no number for.
            let (text, _) = try reader.shown(limit: 12)
            if let value = oddNumber(text) { values.append((path, value)) }
        case .object?:
            try reader.members { (reader, key) throws(ContentError) in
                let name = ConfigDifference.shownKey(key)
                try collect(&reader, at: path.isEmpty ? name : "\(path).\(name)", &values)
            }
        case .array?:
            var index = 0
            try reader.elements { (reader) throws(ContentError) in
                try collect(&reader, at: "\(path)[\(index)]", &values)
                index += 1
            }
        default: _ = try reader.hash()
        }
        guard values.count <= valueLimit, path.utf8.count <= JSONReader.textLimit else {
            throw reader.failure("a step has too many values")
        }
    }

    private static func oddNumber(_ text: String) -> Double? {
        switch text.lowercased() {
        case "nan": .nan
        case "inf", "+inf", "infinity", "+infinity": .infinity
        case "-inf", "-infinity": -.infinity
        default: nil
        }
    }

    // MARK: Comparing

    /// What differs, by names, and how many metrics do not.
    package static func differences(
        from old: MetricFile?, to new: MetricFile?
    ) -> (differences: [MetricDifference], unchangedCount: UInt64) {
        var differences: [MetricDifference] = []
        var unchangedCount: UInt64 = 0
        let names = Set((old?.metrics ?? [:]).keys).union((new?.metrics ?? [:]).keys)
        for name in names.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
            let (before, after) = (old?.metrics[name], new?.metrics[name])
            if let before, let after, before.isSame(as: after) {
                unchangedCount += 1
                continue
            }
            differences.append(
                MetricDifference(
                    name: name, old: before?.last, new: after?.last,
                    oldSeries: old?.hasSteps == true ? before?.series : nil,
                    newSeries: new?.hasSteps == true ? after?.series : nil))
        }
        return (differences, unchangedCount)
    }
}

/// Values of one metric, as they come: of many, every second, fourth and so on are kept.
private struct MetricCollector {
    private var points: [MetricSeries.Point] = []
    private var stride: UInt64 = 1
    private var count: UInt64 = 0
    private var lastStep = -Double.infinity
    private(set) var last = Double.nan
    private var minimum = Double.nan
    private var maximum = Double.nan

    mutating func add(step: Double, _ value: Double) {
        if step >= lastStep { (lastStep, last) = (step, value) }
        if !value.isNaN {
            minimum = minimum.isNaN ? value : min(minimum, value)
            maximum = maximum.isNaN ? value : max(maximum, value)
        }
        if count.isMultiple(of: stride) {
            points.append(MetricSeries.Point(step: step, value: value))
            if points.count >= MetricSeries.pointLimit - 1 {
                points = points.enumerated().filter { $0.offset.isMultiple(of: 2) }.map(\.element)
                stride *= 2
            }
        }
        count += 1
    }

    var series: MetricSeries {
        var points = points.sorted { $0.step < $1.step }
        if let end = points.last, end.step != lastStep {
            points.append(MetricSeries.Point(step: lastStep, value: last))
        }
        return MetricSeries(points: points, count: count, minimum: minimum, maximum: maximum)
    }

    func isSame(as other: MetricCollector) -> Bool {
        func areSame(_ left: Double, _ right: Double) -> Bool { left == right || left.isNaN && right.isNaN }
        return areSame(last, other.last) && areSame(minimum, other.minimum) && areSame(maximum, other.maximum)
            && count == other.count
    }
}
