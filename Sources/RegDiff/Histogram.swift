// SPDX-License-Identifier: Apache-2.0
internal import CKernels

/// How the values of a tensor are spread: counts in buckets that grow with the values, 16 for each power of two.
///
/// Those of pieces add up to that of the whole. Takes 16 KiB once there is an element. Magnitudes below 2^-30 count as zero, those from
/// 2^34 on as just below; what is not finite is passed over.
package struct Histogram: Equatable, Sendable {
    private static let side = reg_histogram_side

    /// Empty, or one for each bucket in the order of values.
    private var counts: [UInt64] = []

    package init() {}

    /// Those of elements in memory, as many as there are whole ones.
    package init(of bytes: UnsafeRawBufferPointer, _ type: NumberType) {
        guard let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self),
            bytes.count >= type.byteCount
        else { return }
        counts = [UInt64](repeating: 0, count: reg_histogram_buckets)
        counts.withUnsafeMutableBufferPointer { counts in
            type.withNumbers {
                reg_add_histogram(start, $0, bytes.count / type.byteCount, counts.baseAddress)
            }
        }
    }

    /// The elements that were counted.
    package var count: UInt64 { counts.reduce(0, +) }

    /// Takes in the values of other elements.
    package mutating func add(_ other: Histogram) {
        if counts.isEmpty {
            counts = other.counts
        } else {
            for index in other.counts.indices { counts[index] += other.counts[index] }
        }
    }

    /// Where the buckets lie that have elements, so that none of them is outside; nil where there are none.
    package var range: ClosedRange<Double>? {
        guard let first = counts.firstIndex(where: { $0 > 0 }),
            let last = counts.lastIndex(where: { $0 > 0 })
        else { return nil }
        return Histogram.bounds(of: first).lowerBound...Histogram.bounds(of: last).upperBound
    }

    /// How many elements lie in each of `binCount` bins of the same width that divide `range`.
    ///
    /// Those of a bucket are taken to be spread evenly over what it shares with the range; buckets outside are left out.
    package func bins(_ binCount: Int, over range: ClosedRange<Double>) -> [Double] {
        var bins = [Double](repeating: 0, count: max(binCount, 0))
        let width = (range.upperBound - range.lowerBound) / Double(binCount)
        guard binCount > 0, width > 0, width.isFinite else { return bins }
        func place(_ value: Double) -> Int {
            min(max(Int((value - range.lowerBound) / width), 0), binCount - 1)
        }
        for (index, count) in counts.enumerated() where count > 0 {
            let bounds = Histogram.bounds(of: index)
            guard bounds.overlaps(range) else { continue }
            let part = bounds.clamped(to: range)
            let (first, last) = (place(part.lowerBound), place(part.upperBound))
            let length = part.upperBound - part.lowerBound
            if first == last || length == 0 {
                bins[first] += Double(count)
                continue
            }
            for bin in first...last {
                let start = range.lowerBound + Double(bin) * width
                let shared = min(start + width, part.upperBound) - max(start, part.lowerBound)
                bins[bin] += Double(count) * max(shared, 0) / length
            }
        }
        return bins
    }

    /// What the values of a bucket are between.
    private static func bounds(of index: Int) -> ClosedRange<Double> {
        let steps = reg_histogram_steps
        /// The least magnitude of the bucket that is so many from zero, which begins with the first.
        func edge(_ bucket: Int) -> Double {
            let (power, step) = (bucket - 1).quotientAndRemainder(dividingBy: steps)
            let mantissa = 1 + Double(step) / Double(steps)
            return Double(sign: .plus, exponent: power + reg_histogram_first, significand: mantissa)
        }
        let bucket = index - side
        if bucket == 0 { return -edge(1)...edge(1) }
        return bucket > 0 ? edge(bucket)...edge(bucket + 1) : -edge(1 - bucket)...(-edge(-bucket))
    }
}
