// SPDX-License-Identifier: Apache-2.0

/// Values of a metric by step.
package struct MetricSeries: Equatable, Sendable {
    package struct Point: Equatable, Sendable {
        package let step: Double
        package let value: Double

        package init(step: Double, value: Double) {
            self.step = step
            self.value = value
        }
    }

    /// The most points that are kept of a series.
    package static let pointLimit = 500

    /// In the order of steps; of more than ``pointLimit`` some are left out evenly, but not the first and the last that came.
    package let points: [Point]
    /// Of all steps.
    package let count: UInt64
    /// Over all steps but those that are NaN; NaN where all are.
    package let minimum: Double
    package let maximum: Double

    package init(points: [Point], count: UInt64, minimum: Double, maximum: Double) {
        self.points = points
        self.count = count
        self.minimum = minimum
        self.maximum = maximum
    }
}

/// A metric whose value differs.
package struct MetricDifference: Equatable, Sendable {
    /// Which way is better.
    package enum Direction: String, Sendable {
        case higher, lower
    }

    /// Dotted.
    package let name: String
    /// At the last step, also NaN and infinite; nil where the older file lacks it.
    package let old: Double?
    package let new: Double?
    /// Of what was measured more than once.
    package let oldSeries: MetricSeries?
    package let newSeries: MetricSeries?

    package init(
        name: String, old: Double?, new: Double?, oldSeries: MetricSeries? = nil,
        newSeries: MetricSeries? = nil
    ) {
        self.name = name
        self.old = old
        self.new = new
        self.oldSeries = oldSeries
        self.newSeries = newSeries
    }

    /// By how much it grew; nil where one side lacks it.
    package var difference: Double? {
        guard let old, let new else { return nil }
        return new - old
    }

    /// As its name tells; nil where that says nothing.
    package var direction: Direction? { MetricName.direction(of: name) }

    /// Whether the newer value is the better one; nil where that is not known, or neither is.
    package var isBetter: Bool? {
        guard let old, let new, let direction, old != new, !old.isNaN, !new.isNaN else { return nil }
        return (new > old) == (direction == .higher)
    }
}

private enum MetricName {
    private static let higher: Set<String> = [
        "acc", "accuracy", "ap", "ar", "auc", "auroc", "bleu", "dice", "f1", "fps", "iou", "map", "miou",
        "ndcg",
        "precision", "psnr", "r2", "recall", "rouge", "ssim", "throughput", "top1", "top5",
    ]
    private static let lower: Set<String> = [
        "cer", "err", "error", "fid", "latency", "loss", "mae", "mape", "mse", "nll", "perplexity", "ppl",
        "rmse", "wer",
    ]

    /// By the words of the last part of a name that has any: `val.map50_95` is one of `map`.
    static func direction(of name: String) -> MetricDifference.Direction? {
        for part in name.lowercased().split(separator: ".").reversed() {
            let words = part.split { !($0.isLetter || $0.isNumber) }.flatMap { word -> [String] in
                let stem = word.prefix { $0.isLetter }
                return [String(word), String(stem)]
            }
            if words.contains(where: lower.contains) { return .lower }
            if words.contains(where: higher.contains) { return .higher }
        }
        return nil
    }
}
