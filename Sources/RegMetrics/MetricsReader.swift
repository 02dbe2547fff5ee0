// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
package import RegJSON

/// Reads a file of metrics, block by block: one JSON object, or JSON lines, each an object.
///
/// Numbers are metrics, lists of numbers their values at steps; booleans, texts and other lists are passed over. `step`, else
/// `epoch`, at the top of an object says which step it is, and is no metric. Memory is bounded by one line, or by an object that
/// takes several lines.
/// - SeeAlso: docs/runs.md, "Metrics".
package struct MetricsReader {
    /// What was measured under a name at a step.
    package struct Sample: Equatable, Sendable {
        package let name: String
        /// What the object says; else the place of a value in its list, of an object among the lines.
        package let step: Double
        package let value: Double

        package init(name: String, step: Double, value: Double) {
            self.name = name
            self.step = step
            self.value = value
        }
    }

    /// Bytes of a line, or of an object of several.
    static let textLimit = 16 << 20
    /// Bytes of a file.
    package static let fileLimit: UInt64 = 256 << 20

    /// What all objects so far add up to.
    package private(set) var metrics = Metrics()
    private var text: [UInt8] = []
    private var byteCount: UInt64 = 0
    /// The number of the line that `text` begins with.
    private var line = 1
    private var objectCount = 0
    /// Whether the file is one object, of several lines.
    private var isOneObject = false

    package init() {}

    /// Reads the next bytes; `each` is called for every value in the order of the file.
    ///
    /// Untyped, since errors of `each` pass through.
    package mutating func add(
        _ block: some Collection<UInt8>, each: (Sample) throws -> Void = { _ in }
    ) throws {
        byteCount += UInt64(block.count)
        guard byteCount <= MetricsReader.fileLimit else {
            throw MetricsError(line: nil, .tooLong(limit: Int(MetricsReader.fileLimit)))
        }
        var rest = block[...]
        while !rest.isEmpty {
            let end = rest.firstIndex(of: UInt8(ascii: "\n"))
            text += rest[..<(end ?? rest.endIndex)]
            guard text.count < MetricsReader.textLimit else {
                throw MetricsError(line: line, .tooLong(limit: MetricsReader.textLimit))
            }
            guard let end else { return }
            rest = rest[rest.index(after: end)...]
            try endLine(each)
        }
    }

    /// Reads what follows the last newline.
    package mutating func finish(each: (Sample) throws -> Void = { _ in }) throws {
        if isOneObject { try take(object(), each) } else { try endLine(each, isLast: true) }
        text = []
    }

    private mutating func endLine(_ each: (Sample) throws -> Void, isLast: Bool = false) throws {
        if isOneObject {
            text.append(UInt8(ascii: "\n"))
            return
        }
        if text.allSatisfy({ [0x20, 0x09, 0x0d].contains($0) }) {
            text = []
            line += 1
            return
        }
        let object: JSON
        do { object = try self.object() } catch {
            guard objectCount == 0, !isLast, error.isEnd else { throw error }
            // The first line is the beginning of an object that goes on below.
            isOneObject = true
            text.append(UInt8(ascii: "\n"))
            return
        }
        try take(object, each)
        text = []
        line += 1
    }

    private func object() throws(MetricsError) -> JSON {
        let limits = JSONLimits(byteCount: MetricsReader.textLimit, valueCount: 1_000_000)
        let value: JSON
        do { value = try JSON.parse(text, limits: limits, numbers: .python) } catch {
            let lines = text.prefix(error.offset).count { $0 == UInt8(ascii: "\n") }
            throw MetricsError(line: line + lines, .json(error))
        }
        guard case .object = value else { throw MetricsError(line: line, .notAnObject) }
        return value
    }

    private mutating func take(_ object: JSON, _ each: (Sample) throws -> Void) throws {
        let step = [object["step"], object["epoch"]].lazy.compactMap { $0?.metricValue }.first
        for (key, value) in object.objectValue?.members ?? [] where key != "step" && key != "epoch" {
            try take(value, MetricName.part(key), step, each)
        }
        objectCount += 1
    }

    /// Takes a value and what is nested in it.
    private mutating func take(
        _ value: JSON, _ name: String, _ step: Double?, _ each: (Sample) throws -> Void
    ) throws {
        switch value {
        case .object(let object):
            try checkLength(of: name)
            for (key, member) in object.members {
                try take(member, name + "." + MetricName.part(key), step, each)
            }
        case .array(let elements):
            guard elements.allSatisfy({ $0.metricValue != nil }) else { return }
            for (index, number) in elements.lazy.compactMap(\.metricValue).enumerated() {
                try measure(Sample(name: name, step: step ?? Double(index), value: number), each)
            }
        default:
            guard let number = value.metricValue else { return }
            try measure(Sample(name: name, step: step ?? Double(objectCount), value: number), each)
        }
    }

    /// Also before something is appended to a name, once for all that is below.
    private func checkLength(of name: String) throws {
        guard name.utf8.count <= MetricName.byteLimit else {
            throw MetricsError(line: line, .longName(limit: MetricName.byteLimit))
        }
    }

    private mutating func measure(_ sample: Sample, _ each: (Sample) throws -> Void) throws {
        guard metrics[sample.name] != nil || metrics.values.count < Metrics.limit else {
            throw MetricsError(line: line, .tooManyNames(limit: Metrics.limit))
        }
        try checkLength(of: sample.name)
        metrics.measure(sample.name, sample.value)
        try each(sample)
    }
}

/// Why bytes are no metrics.
package struct MetricsError: Error, Equatable, Sendable {
    package enum Reason: Equatable, Sendable {
        case json(JSONError)
        case notAnObject
        case tooLong(limit: Int)
        case tooManyNames(limit: Int)
        case longName(limit: Int)
    }

    /// Counted from 1; nil where it is none in particular.
    package let line: Int?
    package let reason: Reason

    package init(line: Int?, _ reason: Reason) {
        self.line = line
        self.reason = reason
    }

    /// For people, after a path: `line 3: not a number`.
    package var message: String {
        let text =
            switch reason {
            case .json(let error): error.reason.description
            case .notAnObject: "it is no JSON object"
            case .tooLong(let limit): "longer than \(limit) bytes"
            case .tooManyNames(let limit): "more than \(limit) metrics"
            case .longName(let limit): "the name of a metric is longer than \(limit) bytes"
            }
        return line.map { "line \($0): \(text)" } ?? text
    }

    /// Whether what was read is only the beginning of JSON.
    fileprivate var isEnd: Bool {
        if case .json(let error) = reason { return error.reason == .unexpectedEnd }
        return false
    }
}
