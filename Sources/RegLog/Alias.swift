// SPDX-License-Identifier: Apache-2.0
internal import RegLock

/// A movable name for a version, such as `prod`: of the form of an artifact's name, and like no other way to name a
/// version.
package struct Alias: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let text: String

    /// Nil for what is no alias: `latest`, `v7`, `run-…`, and what could be a commit.
    package init?(_ text: String) {
        let isVersion =
            text.hasPrefix("v") && text.utf8.count > 1 && text.dropFirst().utf8.allSatisfy(isDigit)
        let couldBeCommit =
            (7...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { isDigit($0) || (0x61...0x66).contains($0) }
        guard ArtifactName(text) != nil, text != "latest", !text.hasPrefix("run-"), !isVersion, !couldBeCommit
        else { return nil }
        self.text = text
    }

    package var description: String { text }

    package static func < (left: Alias, right: Alias) -> Bool { left.text < right.text }
}

private func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
