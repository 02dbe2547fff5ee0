// SPDX-License-Identifier: Apache-2.0
internal import RegDiff

/// Metrics that are compared, a document or a line a step.
enum MetricTarget: FuzzTarget {
    static let name = "metrics"

    static func run(_ input: [UInt8]) {
        guard let file = try? MetricFile.read(ByteStream(input)) else { return }
        let pieces = try? MetricFile.read(ByteStream(pieces: input, of: 1 + input.count % 7))
        let same = MetricFile.differences(from: file, to: pieces)
        claim(pieces != nil && same.differences.isEmpty, "nothing differs from itself")
        let added = MetricFile.differences(from: nil, to: file).differences
        claim(UInt64(added.count) == same.unchangedCount, "against nothing all is new")
        for metric in added {
            let points = metric.newSeries?.points ?? []
            claim(points.count <= MetricSeries.pointLimit, "a series has few points")
            claim(zip(points, points.dropFirst()).allSatisfy { $0.step <= $1.step }, "steps ascend")
            claim(metric.newSeries.map { $0.count > 1 && points.count > 1 } ?? true, "a series has points")
        }
    }

    static func seeds() -> [[UInt8]] {
        [
            #"{"val": {"map": 0.5, "per class": [1, 2e-3]}, "loss": NaN, "x": "-inf", "s": "t", "b": true, "n": null}"#,
            "{\"step\": 1, \"loss\": 3}\n{\"step\": 3, \"loss\": -Infinity}\n\n{\"epoch\": 2, \"step\": 2, \"a.b\": 1}\n",
            #"{"a": [1, 2, NaN], "step": 1e300}"#, "{}", "",
        ].map { Array($0.utf8) }
    }
}
