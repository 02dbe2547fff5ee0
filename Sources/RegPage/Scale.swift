// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// An axis: which values it spans, and where its ticks are.
package struct Scale: Equatable, Sendable {
    package let bounds: ClosedRange<Double>
    /// In order, all of them within the bounds.
    package let ticks: [Double]
    /// Between two ticks.
    package let step: Double

    /// From 0 to a round number that `most` is not above; `most` is finite.
    package static func fromZero(to most: Double, tickCount: Int = 4) -> Scale {
        let most = most > 0 && most.isFinite ? most : 1
        let step = roundStep(most / Double(max(1, tickCount)))
        let count = (most / step - 1e-9).rounded(.up)
        return Scale(lower: 0, upper: count * step, first: 0, step: step)
    }

    /// Between round numbers that hold both.
    package static func rounded(_ lower: Double, _ upper: Double, tickCount: Int = 4) -> Scale {
        let exact = spanning(lower, upper, tickCount: tickCount)
        let step = exact.step
        let first = (exact.bounds.lowerBound / step + 1e-9).rounded(.down) * step
        let last = (exact.bounds.upperBound / step - 1e-9).rounded(.up) * step
        guard first.isFinite, last.isFinite, first < last else { return exact }
        return Scale(lower: first, upper: last, first: first, step: step)
    }

    /// Exactly from `lower` to `upper`, with ticks at round numbers between.
    package static func spanning(_ lower: Double, _ upper: Double, tickCount: Int = 4) -> Scale {
        let width = upper - lower
        guard lower.isFinite, upper.isFinite, width > 0, width.isFinite else {
            // One value alone has room on both sides; what is no span of numbers is around 0.
            let middle = lower == upper && abs(lower) < 1e300 ? lower : 0
            let half = middle == 0 ? 1 : abs(middle) / 2
            return Scale(lower: middle - half, upper: middle + half, first: middle - half, step: half)
        }
        let step = roundStep(width / Double(max(1, tickCount)))
        return Scale(lower: lower, upper: upper, first: (lower / step).rounded(.up) * step, step: step)
    }

    private init(lower: Double, upper: Double, first: Double, step: Double) {
        bounds = lower...max(lower, upper)
        self.step = step
        // A step too small to be added to its bounds would never get to the end.
        let slack = step * 1e-9
        let places = (0..<20).map { first + Double($0) * step }
        ticks = places.filter { $0 <= upper + slack }.map { abs($0) < slack ? 0 : $0 }
    }

    /// Where a value is, as a share of the axis; what is beyond is at its end.
    package func position(of value: Double) -> Double {
        let width = bounds.upperBound - bounds.lowerBound
        guard value.isFinite, width > 0 else { return value == .infinity ? 1 : 0 }
        return min(1, max(0, (value - bounds.lowerBound) / width))
    }

    /// The text of a tick: as many decimals as all ticks of the axis need.
    package func text(of tick: Double) -> String {
        if tick == 0 { return "0" }
        let most = max(abs(bounds.lowerBound), abs(bounds.upperBound))
        if most >= 1e6 || most < 1e-3 { return scientific(tick, step: step) }
        return fixed(tick, decimals: max(0, -Int(log10(step).rounded(.down))))
    }
}

/// 1, 2 or 5 times a power of ten, at least about `rough`.
private func roundStep(_ rough: Double) -> Double {
    guard rough > 0, rough.isFinite else { return 1 }
    let power = pow(10, log10(rough).rounded(.down))
    guard power > 0 else { return .leastNormalMagnitude }
    let factor = rough / power
    return power * (factor <= 1.001 ? 1 : factor <= 2.001 ? 2 : factor <= 5.001 ? 5 : 10)
}

/// A number with that many decimals, at most 12; below a million.
func fixed(_ value: Double, decimals: Int) -> String {
    let decimals = min(12, max(0, decimals))
    let unit = (0..<decimals).reduce(into: UInt64(1)) { power, _ in power *= 10 }
    guard value.isFinite, abs(value) < 1e6 else { return value.isNaN ? "NaN" : value < 0 ? "-Inf" : "Inf" }
    let whole = UInt64((abs(value) * Double(unit)).rounded())
    let sign = value < 0 && whole > 0 ? "\u{2212}" : ""
    if decimals == 0 { return sign + "\(whole)" }
    let rest = String(whole % unit)
    return sign + "\(whole / unit)." + String(repeating: "0", count: decimals - rest.count) + rest
}

/// `2.5e−7`, with as many digits as steps of that size need.
private func scientific(_ value: Double, step: Double) -> String {
    let exponent = Int(log10(abs(value) * 1.000001).rounded(.down))
    let digits = max(0, min(6, exponent - Int(log10(step * 1.000001).rounded(.down))))
    let mantissa = fixed(value / pow(10, Double(exponent)), decimals: digits)
    return mantissa + "e" + (exponent < 0 ? "\u{2212}" : "") + "\(abs(exponent))"
}

/// A share as a length of SVG.
func percent(_ share: Double) -> String { fixed(share * 100, decimals: 2) + "%" }
