// SPDX-License-Identifier: Apache-2.0

/// How a git repository names its objects.
package enum ObjectFormat: String, CaseIterable, Sendable {
    case sha1
    case sha256

    /// The length of an object's name in hex digits.
    package var hexLength: Int {
        switch self {
        case .sha1: 40
        case .sha256: 64
        }
    }
}

/// The full name of a git commit.
///
/// The format belongs to it: a SHA-1 and a SHA-256 name never mean the same commit.
package struct CommitID: Hashable, Sendable, CustomStringConvertible {
    package let objectFormat: ObjectFormat
    /// 40 or 64 lower-case hex digits.
    package let hex: String

    package init?(objectFormat: ObjectFormat, hex: String) {
        let digits = hex.utf8
        guard digits.count == objectFormat.hexLength, digits.allSatisfy(isHexDigit) else { return nil }
        self.objectFormat = objectFormat
        self.hex = hex
    }

    /// The commit of that name, its format told by the length.
    package init?(hex: String) {
        guard let format = ObjectFormat.allCases.first(where: { $0.hexLength == hex.utf8.count }) else {
            return nil
        }
        self.init(objectFormat: format, hex: hex)
    }

    package var description: String { hex }

    /// The first 12 hex digits, for people.
    package var short: String { String(hex.prefix(12)) }
}

private func isHexDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
}
