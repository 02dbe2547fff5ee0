// SPDX-License-Identifier: Apache-2.0
internal import RegMetrics

/// The metrics of a file, with their values by step.
package struct MetricFile {
    private var metrics = Metrics()
    private var collectors: [String: MetricCollector] = [:]

    /// Reads a file to its end, as `MetricsReader` does.
    ///
    /// - Throws: `ContentError` where it is not sound or has too many metrics, and whatever reading fails with.
    package static func read(_ stream: ByteStream) throws -> MetricFile {
        var stream = stream
        var reader = MetricsReader()
        var file = MetricFile()
        func take(_ sample: MetricsReader.Sample) {
            file.collectors[sample.name, default: MetricCollector()].add(sample)
        }
        do {
            while let block = stream.nextBlock() { try reader.add(block, each: take) }
            if let failure = stream.failure { throw failure }
            try reader.finish(each: take)
        } catch let error as MetricsError { throw ContentError(error.message) }
        file.metrics = reader.metrics
        return file
    }

    /// What differs, by names, and how many metrics do not.
    package static func differences(
        from old: MetricFile?, to new: MetricFile?
    ) -> (differences: [MetricDifference], unchangedCount: UInt64) {
        var differences: [MetricDifference] = []
        var unchangedCount: UInt64 = 0
        for name in Set(old?.metrics.names ?? []).union(new?.metrics.names ?? []).sorted() {
            let (before, after) = (old?.metrics[name], new?.metrics[name])
            let (former, latter) = (old?.series(of: name), new?.series(of: name))
            if before == after, former?.count == latter?.count {
                unchangedCount += 1
                continue
            }
            differences.append(
                MetricDifference(
                    name: name, old: before?.last, new: after?.last, oldSeries: former, newSeries: latter))
        }
        return (differences, unchangedCount)
    }

    /// Nil for what was measured once.
    private func series(of name: String) -> MetricSeries? {
        guard let value = metrics[name], let collector = collectors[name], collector.count > 1 else {
            return nil
        }
        return MetricSeries(
            points: collector.allPoints, count: collector.count, minimum: value.least, maximum: value.greatest
        )
    }
}

/// Values of one metric, as they come: of many, every second, fourth and so on is kept.
private struct MetricCollector {
    private var points: [MetricSeries.Point] = []
    private var stride: UInt64 = 1
    private(set) var count: UInt64 = 0
    private var last: MetricSeries.Point?

    mutating func add(_ sample: MetricsReader.Sample) {
        let step = sample.step.isNaN ? Double(count) : sample.step
        let point = MetricSeries.Point(step: step, value: sample.value)
        last = point
        if count.isMultiple(of: stride) {
            points.append(point)
            if points.count >= MetricSeries.pointLimit - 1 {
                points = points.enumerated().filter { $0.offset.isMultiple(of: 2) }.map(\.element)
                stride *= 2
            }
        }
        count += 1
    }

    /// In the order of steps, the last one that came among them.
    var allPoints: [MetricSeries.Point] {
        let isLastKept = (count - 1).isMultiple(of: stride)
        return (points + (isLastKept ? [] : last.map { [$0] } ?? [])).sorted { $0.step < $1.step }
    }
}
