// SPDX-License-Identifier: Apache-2.0

/// What is computed from numbers and metrics: one side of a condition.
indirect enum GateExpression: Equatable, Sendable {
    /// Which of the values that were measured under a name.
    enum Which: String, Sendable { case last, max, min }

    /// Whose metrics: of the version to be promoted, or of the one that the alias holds.
    enum Owner: Sendable { case candidate, holder }

    case number(Double)
    case metric(String, Which, Owner)
    case sum(GateExpression, GateExpression)
    case difference(GateExpression, GateExpression)
    case product(GateExpression, GateExpression)
    case negative(GateExpression)

    /// The metrics that it needs, from the left.
    var metrics: [(name: String, which: Which, owner: Owner)] {
        switch self {
        case .number: []
        case .metric(let name, let which, let owner): [(name, which, owner)]
        case .sum(let left, let right), .difference(let left, let right), .product(let left, let right):
            left.metrics + right.metrics
        case .negative(let operand): operand.metrics
        }
    }

    /// Nil where a metric is missing.
    func value(_ measured: (String, Which, Owner) -> Double?) -> Double? {
        func both(_ left: GateExpression, _ right: GateExpression, _ join: (Double, Double) -> Double)
            -> Double?
        {
            guard let left = left.value(measured), let right = right.value(measured) else { return nil }
            return join(left, right)
        }
        return switch self {
        case .number(let value): value
        case .metric(let name, let which, let owner): measured(name, which, owner)
        case .sum(let left, let right): both(left, right, +)
        case .difference(let left, let right): both(left, right, -)
        case .product(let left, let right): both(left, right, *)
        case .negative(let operand): operand.value(measured).map { -$0 }
        }
    }
}

extension Metrics.Value {
    func value(_ which: GateExpression.Which) -> Double {
        switch which {
        case .last: last
        case .max: greatest
        case .min: least
        }
    }
}
