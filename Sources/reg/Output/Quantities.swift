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
