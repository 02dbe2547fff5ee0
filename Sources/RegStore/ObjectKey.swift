// SPDX-License-Identifier: Apache-2.0
package import RegHash

/// The name of an object, relative to the root of its registry or store: `packs/3f/3fa9….pack`.
///
/// Made only by the functions here, so it never holds anything that a file system or a server would misread.
package struct ObjectKey: Hashable, Sendable, CustomStringConvertible {
    package let text: String

    private init(_ text: String) { self.text = text }

    package var description: String { text }

    package static let registry = ObjectKey("registry.json")

    package static func record(_ number: UInt64) -> ObjectKey {
        ObjectKey("log/\(twentyDigits(number)).json")
    }

    /// A checkpoint of the records up to `last`, `byteCount` bytes long; listed before those that end earlier.
    package static func checkpoint(last: UInt64, byteCount: UInt64, id: Digest) -> ObjectKey {
        ObjectKey("checkpoints/\(twentyDigits(.max - last))-\(byteCount)-\(id.hex)")
    }

    /// What all names of checkpoints that end at `last` begin with, but for a dash.
    package static func checkpointPrefix(last: UInt64) -> String { twentyDigits(.max - last) }

    private static func twentyDigits(_ number: UInt64) -> String {
        let digits = String(number)
        return String(repeating: "0", count: 20 - digits.count) + digits
    }

    /// What was seen when a server was tried, or an object that it was tried on.
    package static func probe(_ name: RandomName) -> ObjectKey { ObjectKey("probes/\(name.hex).json") }

    package static func pack(_ name: RandomName) -> ObjectKey {
        let hex = name.hex
        return ObjectKey("packs/\(hex.prefix(2))/\(hex).pack")
    }

    package static func manifest(_ tree: Digest, id: Digest) -> ObjectKey {
        ObjectKey("\(ObjectPrefix.manifests(tree).text)\(id.hex)")
    }

    /// The directory part, without the slash; empty for an object at the root.
    package var directory: String { String(text[..<(text.lastIndex(of: "/") ?? text.startIndex)]) }

    /// The part after the last slash.
    package var name: String {
        String(text[(text.lastIndex(of: "/").map { text.index(after: $0) } ?? text.startIndex)...])
    }
}

/// The beginning that the names of a group of objects share, up to a slash.
package struct ObjectPrefix: Sendable {
    package let text: String

    private init(_ text: String) { self.text = text }

    package static let log = ObjectPrefix("log/")
    package static let probes = ObjectPrefix("probes/")
    package static let checkpoints = ObjectPrefix("checkpoints/")

    package static func manifests(_ tree: Digest) -> ObjectPrefix {
        ObjectPrefix("manifests/\(tree.hex.prefix(2))/\(tree.hex)/")
    }
}
