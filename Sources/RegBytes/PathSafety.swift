// SPDX-License-Identifier: Apache-2.0

/// Why a path from outside must not be used.
///
/// One case for each rule of docs/format.md, section 3. The rules are those of every system that a path may end up
/// on, not only this one's: a manifest written on Linux must not become a weapon elsewhere.
package enum PathHazard: Error, Hashable, Sendable {
    case empty
    /// More than 4,095 bytes.
    case tooLong
    /// More than 255 components.
    case tooDeep
    /// Begins with a slash.
    case absolute
    case trailingSlash
    case emptyComponent
    /// A component of more than 255 bytes.
    case longComponent
    /// A component that is `.` or `..`.
    case dotComponent
    case nul
    case backslash
    /// A first component like `C:`.
    case drive
    /// A component that some file system takes for `.git` or `.reg`.
    case reserved

    /// What is wrong, as it reads after "the path".
    package var reason: String {
        switch self {
        case .empty: "is empty"
        case .tooLong: "is longer than \(PathHazard.maximumByteCount) bytes"
        case .tooDeep: "is more than \(PathHazard.maximumDepth) components deep"
        case .absolute: "begins with '/'"
        case .trailingSlash: "ends with '/'"
        case .emptyComponent: "has an empty component"
        case .longComponent: "has a component longer than \(PathHazard.maximumComponentByteCount) bytes"
        case .dotComponent: "has a component '.' or '..'"
        case .nul: "contains a NUL byte"
        case .backslash: "contains a backslash"
        case .drive: "begins with a drive letter"
        case .reserved: "has a component that stands for '.git' or '.reg'"
        }
    }

    package static let maximumByteCount = 4_095
    package static let maximumDepth = 255
    package static let maximumComponentByteCount = 255
}

extension BytePath {
    /// The first rule that this path breaks, nil where it is safe to use below a directory of ours.
    ///
    /// Looks at bytes alone; whether a symlink lies in the way is for the kernel to say. Does not allocate for
    /// ordinary paths, so that a million rows can be checked.
    package var hazard: PathHazard? {
        if bytes.isEmpty { return .empty }
        if bytes.count > PathHazard.maximumByteCount { return .tooLong }
        if bytes.first == slash { return .absolute }
        if bytes.last == slash { return .trailingSlash }
        var depth = 0
        var rest = bytes[...]
        while true {
            depth += 1
            let end = rest.firstIndex(of: slash) ?? rest.endIndex
            if let hazard = componentHazard(rest[..<end], isFirst: depth == 1) { return hazard }
            if end == rest.endIndex { return depth > PathHazard.maximumDepth ? .tooDeep : nil }
            rest = rest[(end + 1)...]
        }
    }
}

private let slash = UInt8(ascii: "/")
private let dot = UInt8(ascii: ".")

private func componentHazard(_ component: ArraySlice<UInt8>, isFirst: Bool) -> PathHazard? {
    if component.isEmpty { return .emptyComponent }
    if component.count > PathHazard.maximumComponentByteCount { return .longComponent }
    if component.contains(0) { return .nul }
    if component.contains(UInt8(ascii: "\\")) { return .backslash }
    if component.count <= 2 && component.allSatisfy({ $0 == dot }) { return .dotComponent }
    if isFirst && isDrive(component) { return .drive }
    return isReserved(component) ? .reserved : nil
}

private func isDrive(_ component: ArraySlice<UInt8>) -> Bool {
    guard component.count == 2, let letter = component.first else { return false }
    return component.last == UInt8(ascii: ":")
        && (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(letter | 0x20)
}

/// Whether HFS+ or NTFS would open `.git` or `.reg` by this name.
private func isReserved(_ component: ArraySlice<UInt8>) -> Bool {
    // All such names begin with the dot, or with the first byte of a code point that HFS+ ignores.
    guard let first = component.first, first == dot || first == 0xe2 || first == 0xef else { return false }
    var name = withoutIgnoredCodePoints(component)
    while name.last == dot || name.last == UInt8(ascii: " ") { name.removeLast() }
    let folded = name.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
    return folded.elementsEqual(".git".utf8) || folded.elementsEqual(".reg".utf8)
}

private func withoutIgnoredCodePoints(_ component: ArraySlice<UInt8>) -> [UInt8] {
    var result: [UInt8] = []
    var rest = component
    while let byte = rest.first {
        if beginsWithIgnoredCodePoint(rest) {
            rest = rest.dropFirst(3)
        } else {
            result.append(byte)
            rest = rest.dropFirst()
        }
    }
    return result
}

/// Whether the next three bytes are one of the code points, in UTF-8, that HFS+ leaves out when it compares names.
private func beginsWithIgnoredCodePoint(_ text: ArraySlice<UInt8>) -> Bool {
    guard text.count >= 3 else { return false }
    let start = text.startIndex
    switch (text[start], text[start + 1], text[start + 2]) {
    case (0xe2, 0x80, 0x8c...0x8f): return true  // U+200C–U+200F
    case (0xe2, 0x80, 0xaa...0xae): return true  // U+202A–U+202E
    case (0xe2, 0x81, 0xaa...0xaf): return true  // U+206A–U+206F
    case (0xef, 0xbb, 0xbf): return true  // U+FEFF
    default: return false
    }
}
