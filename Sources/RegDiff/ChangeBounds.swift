// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// What can be said of how much a tensor changed by what its elements are like before and after, none of them compared.
package struct ChangeBounds: Equatable, Sendable {
    /// Numbers that figures were rounded to may lie this much apart, relatively.
    private static let rounding = 1e-9

    /// The norm of the difference is at least this much of that of the old tensor; 0 where nothing can be said.
    package let relativeL2: Double
    /// Some element changed by at least this much.
    package let largestChange: Double

    /// What the elements of one side are like.
    package struct Side: Sendable {
        let mean, deviation, minimum, maximum: Double

        package init(mean: Double, deviation: Double, minimum: Double, maximum: Double) {
            (self.mean, self.deviation, self.minimum, self.maximum) = (mean, deviation, minimum, maximum)
        }

        fileprivate var isFinite: Bool {
            mean.isFinite && deviation.isFinite && minimum.isFinite && maximum.isFinite
        }
    }

    /// Of two sides with as many elements; nil where one has elements that are not finite.
    package init?(from old: Side, to new: Side) {
        guard old.isFinite, new.isFinite else { return nil }
        func less(_ value: Double, _ scale: Double) -> Double {
            max(0, value - ChangeBounds.rounding * scale)
        }
        // Means and what is left without them are at right angles, so each changes by itself; a norm changes by no more than the
        // difference has.
        let norm = hypot(old.mean, old.deviation)
        let change = hypot(new.mean - old.mean, new.deviation - old.deviation)
        relativeL2 = norm > 0 ? less(change, norm + hypot(new.mean, new.deviation)) / norm : 0
        // Where the largest element is now, was none that was larger than the one that was largest.
        largestChange = less(
            max(abs(new.minimum - old.minimum), abs(new.maximum - old.maximum)),
            [old.minimum, old.maximum, new.minimum, new.maximum].map(abs).max() ?? 0)
    }
}
