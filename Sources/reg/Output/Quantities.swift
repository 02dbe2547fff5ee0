// SPDX-License-Identifier: Apache-2.0

/// A size for people, in the unit that suits it: `512 B`, `86.7 MiB`.
struct SizeText {
    private static let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]

    private let byteCount: UInt64
    private let unit: Int

    init(_ byteCount: UInt64) {
        var unit = 0
        var value = Double(byteCount)
        // What one decimal would round up to 1024 belongs to the next unit.
        while value >= (unit == 0 ? 1024 : 1023.95) && unit < SizeText.units.count - 1 {
            value /= 1024
            unit += 1
        }
        self.byteCount = byteCount
        self.unit = unit
    }

    var text: String { "\(number(of: byteCount)) \(SizeText.units[unit])" }

    /// Another size in the same unit, without its name.
    func number(of byteCount: UInt64) -> String {
        if unit == 0 { return "\(byteCount)" }
        let tenths = Int((Double(byteCount) * 10 / Double(1 << (10 * UInt64(unit)))).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}

/// A size for people: `512 B`, `86.7 MiB`.
func sizeText(_ byteCount: UInt64) -> String { SizeText(byteCount).text }

/// `1 file`, `2 files`.
func countText(_ count: some BinaryInteger, _ noun: String) -> String {
    "\(count) \(noun)\(count == 1 ? "" : "s")"
}

/// A time for people: `0:07`, `12:34`, `1:02:03`.
func durationText(_ duration: Duration) -> String {
    let seconds = max(0, duration.components.seconds)
    func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
    if seconds < 3600 { return "\(seconds / 60):\(two(seconds % 60))" }
    return "\(seconds / 3600):\(two(seconds / 60 % 60)):\(two(seconds % 60))"
}

/// `12 requests, 1 retry`.
func trafficText(requests: UInt64, retries: UInt64) -> String {
    "\(countText(requests, "request")), \(retries == 1 ? "1 retry" : "\(retries) retries")"
}

/// A number for people, with four digits: `0.01234`, `12.34`, `1.234e-07`.
func numberText(_ value: Double) -> String {
    guard value.isFinite else { return value.isNaN ? "NaN" : value < 0 ? "-Inf" : "Inf" }
    if value == 0 { return "0" }
    let sign = value < 0 ? "-" : ""
    var magnitude = abs(value)
    var exponent = 0
    while magnitude >= 10 && exponent < 400 { (magnitude, exponent) = (magnitude / 10, exponent + 1) }
    while magnitude < 1 && exponent > -400 { (magnitude, exponent) = (magnitude * 10, exponent - 1) }
    var digits = Int((magnitude * 1000).rounded())
    if digits == 10_000 { (digits, exponent) = (1000, exponent + 1) }
    let text = Array(String(digits))
    switch exponent {
    case -4..<0: return sign + "0." + String(repeating: "0", count: -exponent - 1) + String(text)
    case 0..<3: return sign + String(text[...exponent]) + "." + String(text[(exponent + 1)...])
    case 3: return sign + String(text)
    default:
        let mark = exponent < 0 ? "-" : "+"
        let number = abs(exponent) < 10 ? "0\(abs(exponent))" : "\(abs(exponent))"
        return sign + String(text[..<1]) + "." + String(text[1...]) + "e" + mark + number
    }
}

/// A share for people: `12.3 %`; what is neither nothing nor all never looks so.
func percentText(_ share: Double) -> String {
    guard share.isFinite else { return "" }
    if share > 0 && share < 0.0005 { return "< 0.1 %" }
    if share < 1 && share >= 0.9995 { return "> 99.9 %" }
    let tenths = Int((share * 1000).rounded())
    return tenths % 10 == 0 ? "\(tenths / 10) %" : "\(tenths / 10).\(tenths % 10) %"
}

/// A bar of at most eight characters for what `value` is of `whole`; the least one where it is anything.
func barText(_ value: Double?, of whole: Double) -> String {
    guard let value, whole > 0, value > 0 else { return "" }
    let eighths = max(1, min(64, Int((min(1, value / whole) * 64).rounded())))
    let last = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8]
    return String(repeating: "█", count: eighths / 8) + last
}
