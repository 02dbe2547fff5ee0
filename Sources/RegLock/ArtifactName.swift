// SPDX-License-Identifier: Apache-2.0
package import RegBytes

/// The name of an artifact: `[a-z0-9][a-z0-9._-]*`, at most 255 characters.
package struct ArtifactName: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let text: String

    package static let maximumLength = 255

    package init?(_ text: String) {
        let characters = text.utf8
        guard let first = characters.first, isLeading(first), characters.allSatisfy(isAllowed),
            characters.count <= ArtifactName.maximumLength
        else { return nil }
        self.text = text
    }

    package var description: String { text }

    /// The name that a file or directory suggests: its last component without suffix, in the characters of a name.
    ///
    /// ASCII letters become lower-case and every other character that a name cannot hold `-`; what cannot begin a
    /// name is dropped from the front. Nil if nothing is left.
    package static func proposed(from path: BytePath) -> ArtifactName? {
        let replaced = withoutSuffix(path.lastComponent).lossy.unicodeScalars.map { scalar -> UInt8 in
            guard let byte = UInt8(exactly: scalar.value) else { return UInt8(ascii: "-") }
            if (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) { return byte | 0x20 }
            return isAllowed(byte) ? byte : UInt8(ascii: "-")
        }
        let name = replaced.drop { !isLeading($0) }.prefix(maximumLength)
        return ArtifactName(String(decoding: name, as: UTF8.self))
    }

    package static func < (left: ArtifactName, right: ArtifactName) -> Bool { left.text < right.text }
}

private func isLeading(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
}

private func isAllowed(_ byte: UInt8) -> Bool {
    isLeading(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
}

/// A file name up to its last dot; a dot at the front begins no suffix.
private func withoutSuffix(_ name: BytePath) -> BytePath {
    let dot = UInt8(ascii: ".")
    guard let last = name.bytes.lastIndex(of: dot), name.bytes[..<last].contains(where: { $0 != dot }) else {
        return name
    }
    return BytePath(name.bytes[..<last])
}
