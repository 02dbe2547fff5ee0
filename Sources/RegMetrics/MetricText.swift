// SPDX-License-Identifier: Apache-2.0
internal import Glibc

extension Double {
    /// For people: at most six digits that count, `0.795` and not `0.7949999999999999`.
    package var metricText: String {
        if isNaN { return "NaN" }
        if isInfinite { return self < 0 ? "-Infinity" : "Infinity" }
        if self == 0 { return "0" }
        // One of the two is exact: powers of ten below 1 are not.
        let exponent = floor(log10(abs(self))) - 5
        let unit = pow(10, abs(exponent))
        let rounded = exponent < 0 ? (self * unit).rounded() / unit : (self / unit).rounded() * unit
        let text = "\(rounded.isFinite ? rounded : self)"
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
}
