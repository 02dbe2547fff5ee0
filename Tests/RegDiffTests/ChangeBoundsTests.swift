// SPDX-License-Identifier: Apache-2.0
import RegDiff
import RegTesting
import Testing

private func side(_ moments: Moments) -> ChangeBounds.Side {
    ChangeBounds.Side(
        mean: moments.mean, deviation: moments.deviation, minimum: moments.minimum, maximum: moments.maximum)
}

@Suite struct ChangeBoundsTests {
    @Test(arguments: 0..<50) func noTensorChangedLess(seed: Int) throws {
        let type = try #require(NumberType(dtype: "F32"))
        let old = FigureTests.tame("F32", count: 3_000, seed: UInt64(seed))
        var new = FigureTests.tame("F32", count: 3_000, seed: UInt64(seed + 1_000))
        // From another tensor to one element.
        for index in new.indices where index % (3_000 >> (seed % 11)) != 0 { new[index] = old[index] }
        let figures = old.withUnsafeBytes { old in
            new.withUnsafeBytes { Figures(from: old, type, to: $0, type) }
        }
        let bounds = try #require(ChangeBounds(from: side(figures.old), to: side(figures.new)))
        #expect(bounds.relativeL2 <= figures.relativeL2 && bounds.largestChange <= figures.largestChange)
        #expect(bounds.relativeL2 >= 0 && bounds.largestChange >= 0)
    }

    @Test func aShiftAndAFactorAreSeenWhole() throws {
        let old = ChangeBounds.Side(mean: 0, deviation: 2, minimum: -6, maximum: 7)
        let shifted = try #require(
            ChangeBounds(from: old, to: .init(mean: 1, deviation: 2, minimum: -5, maximum: 8)))
        #expect(abs(shifted.relativeL2 - 0.5) < 1e-6 && abs(shifted.largestChange - 1) < 1e-6)
        let doubled = try #require(
            ChangeBounds(from: old, to: .init(mean: 0, deviation: 4, minimum: -12, maximum: 14)))
        #expect(abs(doubled.relativeL2 - 1) < 1e-6 && abs(doubled.largestChange - 7) < 1e-6)
        #expect(ChangeBounds(from: old, to: old) == ChangeBounds(from: old, to: old))
    }

    @Test func nothingIsSaidOfWhatIsNoNumber() {
        let sound = ChangeBounds.Side(mean: 0, deviation: 1, minimum: -1, maximum: 1)
        let odd = ChangeBounds.Side(mean: .nan, deviation: .nan, minimum: .nan, maximum: .nan)
        #expect(ChangeBounds(from: sound, to: odd) == nil && ChangeBounds(from: odd, to: sound) == nil)
    }
}
