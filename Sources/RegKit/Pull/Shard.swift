// SPDX-License-Identifier: Apache-2.0

/// One of several parts of about the same size, as the ranks of a job take them.
package struct Shard: Equatable, Sendable {
    /// From 0 on.
    package let index: Int
    package let count: Int

    /// No more parts than this.
    package static let countLimit = 65_536
    /// Neighbours stay together up to this many bytes, so that they come in one request.
    private static let runLimit: UInt64 = 4 << 20
    /// But in no fewer runs than this for each part, so that parts get equal.
    private static let runsPerPart: UInt64 = 16

    /// Nil where there is no such part.
    package init?(_ index: Int, of count: Int) {
        guard (1...Shard.countLimit).contains(count), (0..<count).contains(index) else { return nil }
        self.index = index
        self.count = count
    }

    /// Which of these things belong to this part, given their sizes in bytes, in order.
    ///
    /// The same on every machine; each thing belongs to just one part. Runs of neighbours are dealt out from the largest
    /// on, each to the part that has least, so two parts differ by no more than one run or one thing.
    package func members(ofSizes sizes: [UInt64]) -> [Bool] {
        var isMember = [Bool](repeating: false, count: sizes.count)
        var loads = LoadHeap(count: count)
        for run in runs(sizes) {
            let part = loads.give(run.byteCount)
            if part == index { for place in run.range { isMember[place] = true } }
        }
        return isMember
    }

    private struct Run {
        var range: Range<Int>
        var byteCount: UInt64
    }

    /// Runs of neighbours, the largest first, of those of one size the first.
    private func runs(_ sizes: [UInt64]) -> [Run] {
        // One byte for each, so that also what is empty is dealt out.
        let weights = sizes.lazy.map { $0 == .max ? $0 : $0 + 1 }
        let total = weights.reduce(0) { $0.addingReportingOverflow($1).overflow ? .max : $0 + $1 }
        let limit = min(Shard.runLimit, total / (Shard.runsPerPart * UInt64(count)))
        var runs: [Run] = []
        for (place, weight) in weights.enumerated() {
            if let last = runs.last, weight <= limit, last.byteCount <= limit - weight {
                runs[runs.count - 1] = Run(
                    range: last.range.lowerBound..<place + 1, byteCount: last.byteCount + weight)
            } else {
                runs.append(Run(range: place..<place + 1, byteCount: weight))
            }
        }
        return runs.sorted { ($1.byteCount, $0.range.lowerBound) < ($0.byteCount, $1.range.lowerBound) }
    }
}

/// Parts by what they have got, the one with least in front; of equal ones the first.
private struct LoadHeap {
    private var parts: [(load: UInt64, part: Int)]

    init(count: Int) { parts = (0..<count).map { (0, $0) } }

    /// Gives something to the part that has least; that part.
    mutating func give(_ byteCount: UInt64) -> Int {
        let part = parts[0].part
        let (load, overflows) = parts[0].load.addingReportingOverflow(byteCount)
        parts[0].load = overflows ? .max : load
        var place = 0
        while true {
            var least = place
            for child in [2 * place + 1, 2 * place + 2]
            where child < parts.count && parts[child] < parts[least] {
                least = child
            }
            if least == place { return part }
            parts.swapAt(place, least)
            place = least
        }
    }
}
