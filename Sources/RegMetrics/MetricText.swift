// SPDX-License-Identifier: Apache-2.0
internal import Glibc

extension Double {
    /// For people: at most six digits that count, `0.795` and not `0.7949999999999999`.
    package var metricText: String {
        if isNaN { return "NaN" }
        if isInfinite { return self < 0 ? "-Infinity" : "Infinity" }
        if self == 0 { return "0" }
        let scale = pow(10, 5 - floor(log10(abs(self))))
        let rounded = (self * scale).rounded() / scale
        let text = "\(rounded.isFinite && scale.isFinite ? rounded : self)"
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
}
