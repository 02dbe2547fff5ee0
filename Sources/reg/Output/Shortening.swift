// SPDX-License-Identifier: Apache-2.0

/// A printable text of at most `limit` characters: of a longer one its beginning and its end.
func shortened(_ text: String, to limit: Int = 160) -> String {
    // Characters can be made of many bytes each.
    guard text.utf8.count > limit else { return text }
    let scalars = text.unicodeScalars
    guard scalars.count > limit else { return text }
    var result = String.UnicodeScalarView()
    result.append(contentsOf: scalars.prefix(limit * 2 / 3))
    result.append("…")
    result.append(contentsOf: scalars.suffix(limit - limit * 2 / 3 - 1))
    return String(result)
}

/// Whether one name comes before another where numbers in them count by their values: `layer.9` before `layer.10`.
func isNaturallyBefore(_ left: String, _ right: String) -> Bool {
    func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }
    var (mine, its) = (Array(left.utf8)[...], Array(right.utf8)[...])
    while let a = mine.first, let b = its.first {
        if isDigit(a) && isDigit(b) {
            let (number, other) = (mine.prefix(while: isDigit), its.prefix(while: isDigit))
            let (value, rest) = (number.drop { $0 == 48 }, other.drop { $0 == 48 })
            if value.count != rest.count { return value.count < rest.count }
            if !value.elementsEqual(rest) { return value.lexicographicallyPrecedes(rest) }
            (mine, its) = (mine.dropFirst(number.count), its.dropFirst(other.count))
        } else {
            if a != b { return a < b }
            (mine, its) = (mine.dropFirst(), its.dropFirst())
        }
    }
    if mine.isEmpty != its.isEmpty { return mine.isEmpty }
    return left < right
}
