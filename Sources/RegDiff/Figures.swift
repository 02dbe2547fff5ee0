// SPDX-License-Identifier: Apache-2.0
internal import CKernels

/// Which form of the loops runs: they give the same up to rounding.
package enum FigureKernels: CaseIterable, Sendable {
    case best, portable

    fileprivate var choice: reg_kernels { self == .best ? reg_kernels_best : reg_kernels_portable }
}

/// What the elements of a tensor are like.
///
/// All of it as numpy has it after `astype(float64)`: mean, deviation, least and most are NaN where any element is, or where
/// infinities make them so.
package struct Moments: Equatable, Sendable {
    package fileprivate(set) var count: UInt64 = 0
    package fileprivate(set) var nanCount: UInt64 = 0
    package fileprivate(set) var infiniteCount: UInt64 = 0
    /// The squares of the elements, added up.
    package fileprivate(set) var squares = 0.0
    fileprivate var sum = 0.0
    /// The squared differences to the mean, added up.
    fileprivate var deviations = 0.0
    fileprivate var least = Double.infinity
    fileprivate var most = -Double.infinity

    package init() {}

    package var mean: Double { sum / Double(count) }
    /// The standard deviation, of the population.
    package var deviation: Double { (deviations / Double(count)).squareRoot() }
    package var minimum: Double { nanCount > 0 || count == 0 ? .nan : least }
    package var maximum: Double { nanCount > 0 || count == 0 ? .nan : most }
    package var norm: Double { squares.squareRoot() }

    /// Takes in what other elements are like.
    package mutating func add(_ other: Moments) {
        guard other.count > 0 else { return }
        if count > 0 {
            let (mine, its) = (Double(count), Double(other.count))
            let apart = other.mean - mean
            deviations += apart * apart * (mine * its / (mine + its))
        }
        deviations += other.deviations
        count += other.count
        nanCount += other.nanCount
        infiniteCount += other.infiniteCount
        squares += other.squares
        sum += other.sum
        least = min(least, other.least)
        most = max(most, other.most)
    }

    /// Those of elements in memory, as many as there are whole ones.
    package init(of bytes: UnsafeRawBufferPointer, _ type: NumberType, kernels: FigureKernels = .best) {
        var raw = Moments().raw
        if let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) {
            type.withNumbers {
                reg_add_moments(start, $0, bytes.count / type.byteCount, &raw, kernels.choice)
            }
        }
        self.init(raw)
    }

    fileprivate init(_ raw: reg_moments) {
        (count, nanCount, infiniteCount) = (raw.count, raw.nans, raw.infinite)
        (squares, sum, deviations, least, most) = (raw.squares, raw.sum, raw.deviations, raw.least, raw.most)
    }

    fileprivate var raw: reg_moments {
        reg_moments(
            count: count, nans: nanCount, infinite: infiniteCount, sum: sum, squares: squares,
            deviations: deviations, least: least, most: most)
    }
}

/// How two tensors of as many elements differ.
package struct Figures: Equatable, Sendable {
    package private(set) var old = Moments()
    package private(set) var new = Moments()
    /// Elements whose values differ; two NaN do not.
    package private(set) var changedCount: UInt64 = 0
    /// The squared differences, added up.
    package private(set) var squares = 0.0
    private var products = 0.0
    private var most = 0.0

    package init() {}

    /// The norm of the difference, divided by that of the old tensor.
    package var relativeL2: Double { squares.squareRoot() / old.norm }
    /// The largest absolute difference.
    package var largestChange: Double { squares.isNaN ? .nan : most }
    package var changedShare: Double { Double(changedCount) / Double(old.count) }
    package var cosine: Double { products / (old.norm * new.norm) }

    /// Takes in other elements of both.
    package mutating func add(_ other: Figures) {
        old.add(other.old)
        new.add(other.new)
        changedCount += other.changedCount
        squares += other.squares
        products += other.products
        most = max(most, other.most)
    }

    /// Those of elements that are in memory, as many as both have.
    package init(
        from old: UnsafeRawBufferPointer, _ oldType: NumberType, to new: UnsafeRawBufferPointer,
        _ newType: NumberType, kernels: FigureKernels = .best
    ) {
        guard let a = old.baseAddress?.assumingMemoryBound(to: UInt8.self),
            let b = new.baseAddress?.assumingMemoryBound(to: UInt8.self)
        else { return }
        let count = min(old.count / oldType.byteCount, new.count / newType.byteCount)
        var (oldRaw, newRaw, raw) = (Moments().raw, Moments().raw, reg_difference())
        oldType.withNumbers { oldNumbers in
            newType.withNumbers { newNumbers in
                reg_add_differences(
                    a, oldNumbers, b, newNumbers, count, &oldRaw, &newRaw, &raw, kernels.choice)
            }
        }
        (self.old, self.new) = (Moments(oldRaw), Moments(newRaw))
        (changedCount, squares, products, most) = (raw.changed, raw.squares, raw.products, raw.most)
    }

    /// Those of elements that are the same on both sides.
    package init(ofUnchanged bytes: UnsafeRawBufferPointer, _ type: NumberType) {
        old = Moments(of: bytes, type)
        new = old
        products = old.squares
        // The difference of an infinity, or of NaN, to itself.
        if old.nanCount + old.infiniteCount > 0 { squares = .nan }
    }
}
