// SPDX-License-Identifier: Apache-2.0

import RegDiff
import RegTesting
import Testing

private func bytes(_ values: [Float]) -> [UInt8] {
    values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) } }
}

private func histogram(_ values: [Float]) throws -> Histogram {
    let type = try #require(NumberType(dtype: "F32"))
    return bytes(values).withUnsafeBytes { Histogram(of: $0, type) }
}

@Suite struct HistogramTests {
    @Test func valuesLieInTheirBins() throws {
        let found = try histogram([-1.01, -1.02, 0, 0, 0, 0.51, 3.01, .nan, .infinity])
        #expect(found.count == 7)
        // Half of what is near zero lies on each side of it.
        #expect(found.bins(8, over: -2...2) == [0, 2, 0, 1.5, 1.5, 1, 0, 0])
        let range = try #require(found.range)
        #expect(range.lowerBound <= -1.02 && range.lowerBound > -1.1)
        #expect(range.upperBound >= 3.01 && range.upperBound < 3.2)
    }

    @Test func bucketsAreSpreadEvenly() throws {
        let values = (0..<100_000).map { Float($0) / 50_000 - 1 }
        let found = try histogram(values)
        let bins = found.bins(50, over: -1...1)
        #expect(abs(bins.reduce(0, +) - 100_000) < 1)
        // Buckets near the ends are somewhat wider than these bins.
        #expect(bins.allSatisfy { abs($0 - 2_000) < 500 }, "\(bins)")
    }

    @Test func piecesAddUpToTheWhole() throws {
        let values = seededBytes(count: 4_000, seed: 9).map { Float(Int8(bitPattern: $0)) / 7 }
        var sum = Histogram()
        for start in stride(from: 0, to: values.count, by: 777) {
            sum.add(try histogram(Array(values[start..<min(start + 777, values.count)])))
        }
        #expect(try sum == histogram(values) && sum.count == 4_000)
    }

    @Test func whatIsFarOutIsInTheLastBuckets() throws {
        let found = try histogram([1e30, -1e30, 1e-30])
        #expect(found.count == 3 && found.bins(3, over: -0x1p34...0x1p34) == [1, 1, 1])
        #expect(Histogram().range == nil && Histogram().bins(2, over: 0...1) == [0, 0])
        #expect(found.bins(0, over: 0...1) == [] && found.bins(2, over: 1...1) == [0, 0])
    }
}
