// SPDX-License-Identifier: Apache-2.0

/// What the elements of a tensor are like, as numpy has it after `astype(float64)`.
package struct TensorStatistics: Equatable, Sendable {
    package let elementCount: UInt64
    package let nanCount: UInt64
    package let infiniteCount: UInt64
    /// These are not finite where an element is not.
    package let mean: Double
    /// The standard deviation, of the population.
    package let deviation: Double
    package let minimum: Double
    package let maximum: Double

    package init(
        elementCount: UInt64, nanCount: UInt64, infiniteCount: UInt64, mean: Double, deviation: Double,
        minimum: Double, maximum: Double
    ) {
        self.elementCount = elementCount
        self.nanCount = nanCount
        self.infiniteCount = infiniteCount
        self.mean = mean
        self.deviation = deviation
        self.minimum = minimum
        self.maximum = maximum
    }

    /// NaN is the same as itself.
    package static func == (left: TensorStatistics, right: TensorStatistics) -> Bool {
        left.elementCount == right.elementCount && left.nanCount == right.nanCount
            && left.infiniteCount == right.infiniteCount
            && zip(left.numbers, right.numbers).allSatisfy { $0 == $1 || $0.isNaN && $1.isNaN }
    }

    private var numbers: [Double] { [mean, deviation, minimum, maximum] }
}
