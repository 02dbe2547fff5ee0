// SPDX-License-Identifier: Apache-2.0

/// A comparison of two expressions, such as `map50 >= current.map50 - 0.005`.
package struct GateCondition: Equatable, Sendable {
    package enum Comparison: String, Sendable {
        case greaterOrEqual = ">="
        case greater = ">"
        case lessOrEqual = "<="
        case less = "<"
        case equal = "=="
        case unequal = "!="

        func holds(_ left: Double, _ right: Double) -> Bool {
            if left.isNaN || right.isNaN { return false }
            return switch self {
            case .greaterOrEqual: left >= right
            case .greater: left > right
            case .lessOrEqual: left <= right
            case .less: left < right
            case .equal: left == right
            case .unequal: left != right
            }
        }

        /// The same with the sides exchanged.
        var mirrored: Comparison {
            switch self {
            case .greaterOrEqual: .lessOrEqual
            case .greater: .less
            case .lessOrEqual: .greaterOrEqual
            case .less: .greater
            case .equal, .unequal: self
            }
        }
    }

    /// As it was written.
    package let text: String
    let left: GateExpression
    package let comparison: Comparison
    let right: GateExpression

    init(text: String, left: GateExpression, comparison: Comparison, right: GateExpression) {
        self.text = text
        self.left = left
        self.comparison = comparison
        self.right = right
    }

    package init(_ text: String) throws(GateError) {
        var parser = try GateParser(text)
        self = try parser.condition()
    }

    package var comparesWithHolder: Bool { (left.metrics + right.metrics).contains { $0.owner == .holder } }
}

/// What came of a condition.
package struct GateResult: Equatable, Sendable {
    package enum Verdict: Equatable, Sendable {
        case met
        case failed
        /// The alias holds nothing to compare with.
        case skipped
    }

    package let condition: GateCondition
    /// The metric that is judged, as the condition writes it.
    package let metric: String
    package let comparison: GateCondition.Comparison
    /// What was measured; nil where something is missing.
    package let value: Double?
    package let bound: Double?
    /// What the version that the alias holds has for the metric; nil where the condition does not ask.
    package let baseline: Double?
    package let verdict: Verdict
    /// Metrics that the version lacks, by name.
    package let missing: [String]
    /// Those that the version lacks which the alias holds.
    package let missingInHolder: [String]
}

extension GateCondition {
    /// Judges a version.
    ///
    /// `holder`: the metrics of the version that the alias holds, none at all included; nil where it holds none.
    package func judge(_ candidate: Metrics, holder: Metrics?) -> GateResult {
        func measured(
            _ name: String, _ which: GateExpression.Which, _ owner: GateExpression.Owner
        ) -> Double? {
            (owner == .candidate ? candidate : holder)?.value(named: name)?.value(which)
        }
        // What is judged stands on the left, wherever it was written.
        let isMirrored =
            !left.metrics.contains { $0.owner == .candidate }
            && right.metrics.contains { $0.owner == .candidate }
        let (judged, limit) = isMirrored ? (right, left) : (left, right)
        let comparison = isMirrored ? comparison.mirrored : comparison
        let value = judged.value(measured)
        let bound = limit.value(measured)
        let all = left.metrics + right.metrics
        let lacking = all.filter { measured($0.name, $0.which, $0.owner) == nil }
        let baseline = all.first { $0.owner == .holder }.flatMap { measured($0.name, $0.which, .holder) }
        let verdict: GateResult.Verdict
        if holder == nil && comparesWithHolder {
            verdict = .skipped
        } else if let value, let bound, comparison.holds(value, bound) {
            verdict = .met
        } else {
            verdict = .failed
        }
        return GateResult(
            condition: self, metric: judged.description, comparison: comparison, value: value, bound: bound,
            baseline: baseline, verdict: verdict,
            missing: lacking.filter { $0.owner == .candidate }.map(\.name),
            missingInHolder: lacking.filter { $0.owner == .holder }.map(\.name))
    }
}

extension GateExpression: CustomStringConvertible {
    var description: String {
        switch self {
        case .number(let value): value.metricText
        case .metric(let name, let which, let owner):
            (which == .last ? "" : "\(which.rawValue)(") + (owner == .holder ? "current." : "") + name
                + (which == .last ? "" : ")")
        case .sum(let left, let right): "\(left) + \(right)"
        case .difference(let left, let right): "\(left) - \(right.inside)"
        case .product(let left, let right): "\(left.inside) * \(right.inside)"
        case .negative(let operand): "-\(operand.inside)"
        }
    }

    /// Between operators that bind more closely.
    private var inside: String {
        switch self {
        case .number, .metric: description
        default: "(\(description))"
        }
    }
}
