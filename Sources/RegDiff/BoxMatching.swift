// SPDX-License-Identifier: Apache-2.0

/// A box, as little of it as finding its twin takes: annotations have millions.
struct BoxRecord {
    let id: Int64
    /// Where an annotation has no box, NaN.
    let x: Double
    let y: Double
    let width: Double
    let height: Double
    /// The hash of what else is known of it.
    let rest: UInt64
    /// The numbers of its image and of its class, which are the same on both sides once those were matched.
    var image: UInt32
    var label: UInt32

    var hasBox: Bool { !x.isNaN }

    func hasSameBox(as other: BoxRecord) -> Bool {
        x.bitPattern == other.x.bitPattern && y.bitPattern == other.y.bitPattern
            && width.bitPattern == other.width.bitPattern && height.bitPattern == other.height.bitPattern
    }

    /// An order in which boxes that are the same lie beside each other; by images first.
    static func byContent(_ left: BoxRecord, _ right: BoxRecord) -> Bool { left.compared(to: right) < 0 }

    /// Less than 0 where it comes first, 0 where all but the id is the same.
    func compared(to other: BoxRecord) -> Int {
        func order<T: Comparable>(_ left: T, _ right: T) -> Int { left < right ? -1 : left == right ? 0 : 1 }
        if image != other.image { return order(image, other.image) }
        if label != other.label { return order(label, other.label) }
        if x.bitPattern != other.x.bitPattern { return order(x.bitPattern, other.x.bitPattern) }
        if y.bitPattern != other.y.bitPattern { return order(y.bitPattern, other.y.bitPattern) }
        if width.bitPattern != other.width.bitPattern {
            return order(width.bitPattern, other.width.bitPattern)
        }
        if height.bitPattern != other.height.bitPattern {
            return order(height.bitPattern, other.height.bitPattern)
        }
        return order(rest, other.rest)
    }

    static func byID(_ left: BoxRecord, _ right: BoxRecord) -> Bool {
        (left.image, left.id) < (right.image, right.id)
    }

    /// Intersection over union; 0 where one has no box.
    func overlap(with other: BoxRecord) -> Double {
        guard hasBox, other.hasBox else { return 0 }
        if hasSameBox(as: other) { return 1 }
        let across = min(x + width, other.x + other.width) - max(x, other.x)
        let down = min(y + height, other.y + other.height) - max(y, other.y)
        guard across > 0, down > 0 else { return 0 }
        let union = width * height + other.width * other.height - across * down
        return union > 0 && union.isFinite ? across * down / union : 0
    }
}

/// Finds what became of the boxes of each image.
///
/// First those that are the same are matched, whatever their ids; then by ids; then by overlap, the best pairs first.
struct BoxMatching {
    /// The least overlap of two boxes that are taken for one.
    private static let overlapLimit = 0.5
    /// Pairs of boxes of an image, and of all images, that are looked at.
    private static let pairLimit = 4_000_000
    private static let allPairLimit = 200_000_000

    private let hasIDs: Bool
    private var pairCount = 0
    /// Images with too many boxes to compare each with each.
    private(set) var crowdedImageCount = 0
    /// What became of a box; what was added or removed has one side.
    private let take: (AnnotationChange.Status, BoxRecord?, BoxRecord?) -> Void

    init(hasIDs: Bool, take: @escaping (AnnotationChange.Status, BoxRecord?, BoxRecord?) -> Void) {
        self.hasIDs = hasIDs
        self.take = take
    }

    /// Takes the boxes of both sides, which are gone then.
    mutating func match(_ old: inout [BoxRecord], _ new: inout [BoxRecord]) {
        Self.dropPairs(&old, &new, order: BoxRecord.byContent) { _, _ in }
        if hasIDs {
            Self.dropPairs(&old, &new, order: BoxRecord.byID) { take(Self.status($0, $1), $0, $1) }
        }
        // By images, still.
        var (left, right) = (old[...], new[...])
        while let image = [left.first?.image, right.first?.image].compactMap({ $0 }).min() {
            let olds = left.prefix { $0.image == image }
            let news = right.prefix { $0.image == image }
            left = left.dropFirst(olds.count)
            right = right.dropFirst(news.count)
            matchByOverlap(Array(olds), Array(news))
        }
        old = []
        new = []
    }

    /// Sorts both sides and takes out pairs that neither comes before.
    private static func dropPairs(
        _ old: inout [BoxRecord], _ new: inout [BoxRecord], order: (BoxRecord, BoxRecord) -> Bool,
        _ take: (BoxRecord, BoxRecord) -> Void
    ) {
        old.sort(by: order)
        new.sort(by: order)
        var (left, right) = (0, 0)
        var (keptOld, keptNew) = (0, 0)
        while left < old.count || right < new.count {
            if right == new.count || left < old.count && order(old[left], new[right]) {
                old[keptOld] = old[left]
                (left, keptOld) = (left + 1, keptOld + 1)
            } else if left == old.count || order(new[right], old[left]) {
                new[keptNew] = new[right]
                (right, keptNew) = (right + 1, keptNew + 1)
            } else {
                take(old[left], new[right])
                (left, right) = (left + 1, right + 1)
            }
        }
        old.removeSubrange(keptOld...)
        new.removeSubrange(keptNew...)
    }

    private static func status(_ old: BoxRecord, _ new: BoxRecord) -> AnnotationChange.Status {
        if old.label != new.label { return .relabelled }
        return old.hasSameBox(as: new) ? .changed : .moved
    }

    private mutating func matchByOverlap(_ olds: [BoxRecord], _ news: [BoxRecord]) {
        struct Pair {
            let overlap: Double
            let isRelabelled: Bool
            let old: Int
            let new: Int
        }
        var (oldIsFree, newIsFree) = (
            [Bool](repeating: true, count: olds.count), [Bool](repeating: true, count: news.count)
        )
        let (count, overflows) = olds.count.multipliedReportingOverflow(by: news.count)
        if overflows || count > Self.pairLimit || pairCount + count > Self.allPairLimit {
            crowdedImageCount += 1
        } else {
            pairCount += count
            var pairs: [Pair] = []
            for (left, old) in olds.enumerated() {
                for (right, new) in news.enumerated() {
                    let overlap = old.overlap(with: new)
                    guard overlap >= Self.overlapLimit else { continue }
                    pairs.append(
                        Pair(overlap: overlap, isRelabelled: old.label != new.label, old: left, new: right))
                }
            }
            pairs.sort {
                if $0.overlap != $1.overlap { return $0.overlap > $1.overlap }
                if $0.isRelabelled != $1.isRelabelled { return $1.isRelabelled }
                return ($0.old, $0.new) < ($1.old, $1.new)
            }
            for pair in pairs where oldIsFree[pair.old] && newIsFree[pair.new] {
                (oldIsFree[pair.old], newIsFree[pair.new]) = (false, false)
                take(Self.status(olds[pair.old], news[pair.new]), olds[pair.old], news[pair.new])
            }
        }
        for (old, isFree) in zip(olds, oldIsFree) where isFree { take(.removed, old, nil) }
        for (new, isFree) in zip(news, newIsFree) where isFree { take(.added, nil, new) }
    }
}
