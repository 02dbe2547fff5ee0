// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import reg

@Suite struct DiffTextTests {
    @Test(
        arguments: [
            (0, "0"), (1, "1.000"), (-12.345678, "-12.35"), (999.96, "1000"), (1234, "1234"),
            (12344, "1.234e+04"),
            (0.012346, "0.01235"), (0.00001234, "1.234e-05"), (9.9999e-8, "1.000e-07"), (.nan, "NaN"),
            (-.infinity, "-Inf"), (.leastNonzeroMagnitude, "4.941e-324"), (1e300, "1.000e+300"),
        ] as [(Double, String)])
    func numbersHaveFourDigits(value: Double, text: String) { #expect(numberText(value) == text) }

    @Test(
        arguments: [
            (0, "0 %"), (1, "100 %"), (0.00001, "< 0.1 %"), (0.99999, "> 99.9 %"), (0.125, "12.5 %"),
            (.nan, ""),
        ] as [(Double, String)])
    func sharesNeverLookLikeNothingOrAll(share: Double, text: String) { #expect(percentText(share) == text) }

    @Test func barsAreShares() {
        #expect(barText(1, of: 1) == "████████" && barText(0.5, of: 1) == "████" && barText(nil, of: 1) == "")
        #expect(
            barText(1e-9, of: 1) == "▏" && barText(0, of: 1) == "" && barText(.infinity, of: 1) == "████████")
        #expect(barText(.nan, of: 1) == "" && barText(1, of: 0) == "")
    }
}
