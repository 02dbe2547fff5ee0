// SPDX-License-Identifier: Apache-2.0
internal import Glibc

extension Double {
    /// For people: at most six digits that count, `0.795` and not `0.7949999999999999`; whole numbers have all of theirs.
    package var metricText: String { metricText(digits: 6) }

    /// The same with another number of digits, from 1 to 16, which stands for all of them.
    func metricText(digits: Int) -> String {
        if isNaN { return "NaN" }
        if isInfinite { return self < 0 ? "-Infinity" : "Infinity" }
        if self == rounded(), magnitude < 1e15 { return String(Int64(self)) }
        // One of the two is exact: powers of ten below 1 are not.
        let exponent = floor(log10(abs(self))) - Double(digits - 1)
        let unit = pow(10, abs(exponent))
        let rounded = exponent < 0 ? (self * unit).rounded() / unit : (self / unit).rounded() * unit
        let text = "\(rounded.isFinite && digits < 16 ? rounded : self)"
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
}

extension GateResult {
    /// Value, bound and baseline for people, with as many digits as show that value and bound differ.
    package var texts: (value: String?, bound: String?, baseline: String?) {
        var digits = 6
        if let value, let bound, value != bound {
            while digits < 16, value.metricText(digits: digits) == bound.metricText(digits: digits) {
                digits += 1
            }
        }
        return (
            value?.metricText(digits: digits), bound?.metricText(digits: digits),
            baseline?.metricText(digits: digits)
        )
    }
}
