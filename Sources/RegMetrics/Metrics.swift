// SPDX-License-Identifier: Apache-2.0
package import RegJSON

/// What was measured, by name.
///
/// Names of nested values are joined with `.`; a value may have been measured at many steps.
package struct Metrics: Equatable, Sendable {
    package struct Value: Equatable, Sendable {
        package let last: Double
        /// The least and the greatest one of all steps; NaN where all are.
        package let least: Double
        package let greatest: Double

        package init(last: Double, least: Double, greatest: Double) {
            self.last = last
            self.least = least
            self.greatest = greatest
        }

        package init(_ value: Double) { self.init(last: value, least: value, greatest: value) }

        /// This and what was measured at a later step; NaN counts as no value until there is another.
        package func then(_ next: Double) -> Value {
            Value(
                last: next, least: least.isNaN || next < least ? next : least,
                greatest: greatest.isNaN || next > greatest ? next : greatest)
        }

        package static func == (left: Value, right: Value) -> Bool {
            left.last.isSame(as: right.last) && left.least.isSame(as: right.least)
                && left.greatest.isSame(as: right.greatest)
        }
    }

    package static let limit = 1_000

    package private(set) var values: [String: Value] = [:]

    package init() {}

    package var isEmpty: Bool { values.isEmpty }
    package var names: [String] { values.keys.sorted() }

    package subscript(name: String) -> Value? {
        get { values[name] }
        set { values[name] = newValue }
    }

    /// Notes what was measured under `name` at the next step.
    package mutating func measure(_ name: String, _ value: Double) {
        values[name] = values[name]?.then(value) ?? Value(value)
    }
}

extension Double {
    /// Equality by which NaN is itself.
    fileprivate func isSame(as other: Double) -> Bool { self == other || isNaN && other.isNaN }
}

extension Metrics {
    /// As records have it: an object of lists of three numbers, sorted by name.
    package var json: JSON {
        .object(
            JSONObject(
                unique: names.map { name in
                    let value = values[name] ?? Value(.nan)
                    return (
                        key: name,
                        value: .array([.number(value.last), .number(value.least), .number(value.greatest)])
                    )
                }))
    }

    /// Reads what `json` has written; nil for anything else.
    package init?(_ json: JSON) {
        guard let members = json.objectValue?.members, members.count <= Metrics.limit else { return nil }
        for (name, value) in members {
            guard let numbers = value.arrayValue?.map(\.metricValue), numbers.count == 3,
                let last = numbers[0],
                let least = numbers[1], let greatest = numbers[2]
            else { return nil }
            values[name] = Value(last: last, least: least, greatest: greatest)
        }
    }
}

extension JSON {
    /// A number, or one that JSON cannot hold as the string `NaN`, `Infinity` or `-Infinity`.
    package var metricValue: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        case .string("NaN"): .nan
        case .string("Infinity"): .infinity
        case .string("-Infinity"): -.infinity
        default: nil
        }
    }
}
