// SPDX-License-Identifier: Apache-2.0
internal import RegBytes

/// The time that ISO 8601 text names (`2026-07-27T10:00:00Z`, with fractions and offsets), in seconds since 1970.
package func secondsSince1970(_ text: String) -> Int64? {
    let bytes = Array(text.utf8)
    guard bytes.count >= 20, bytes.count <= 40 else { return nil }
    func number(_ start: Int, _ count: Int) -> Int64? {
        let part = bytes[start..<start + count]
        guard part.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return part.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
    }
    func stands(_ character: Unicode.Scalar, at index: Int) -> Bool {
        bytes[index] == UInt8(ascii: character)
    }
    guard stands("-", at: 4), stands("-", at: 7), stands("T", at: 10) || stands(" ", at: 10),
        stands(":", at: 13), stands(":", at: 16),
        let year = number(0, 4), let month = number(5, 2), let day = number(8, 2), let hour = number(11, 2),
        let minute = number(14, 2), let second = number(17, 2),
        (1970...9999).contains(year), (1...12).contains(month), (1...31).contains(day), hour < 24,
        minute < 60, second <= 60
    else { return nil }
    var rest = bytes[19...]
    if rest.first == UInt8(ascii: ".") {
        rest = rest.dropFirst().drop { (0x30...0x39).contains($0) }
    }
    guard let offset = offsetSeconds(Array(rest)) else { return nil }
    return daysSince1970(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset
}

/// `Z`, `+hh:mm` or `+hhmm`, in seconds.
private func offsetSeconds(_ text: [UInt8]) -> Int64? {
    if text == [UInt8(ascii: "Z")] || text == [UInt8(ascii: "z")] { return 0 }
    let digits = text.dropFirst().filter { $0 != UInt8(ascii: ":") }
    guard let sign = text.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"), digits.count == 4,
        digits.allSatisfy({ (0x30...0x39).contains($0) }),
        let value = Int64(String(decoding: digits, as: UTF8.self))
    else { return nil }
    let seconds = value / 100 * 3600 + value % 100 * 60
    return sign == UInt8(ascii: "-") ? -seconds : seconds
}

/// Days from 1970-01-01 to a day of the Gregorian calendar.
private func daysSince1970(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
    // Years begin in March here, so that the odd day of February comes last.
    let shifted = month <= 2 ? year - 1 : year
    let daysBeforeMonth = (153 * ((month + 9) % 12) + 2) / 5
    return shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + daysBeforeMonth + day - 1 - 719_468
}

/// What somebody else said, cut and made printable.
func shortened(_ text: String, to count: Int = 200) -> String { printable(String(text.prefix(count))) }
