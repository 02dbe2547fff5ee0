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

    /// The largest number a record can have: as many nines as its name has digits, within 64 bits.
    package static func record(_ number: UInt64) -> ObjectKey {
        let digits = String(number)
        return ObjectKey("log/" + String(repeating: "0", count: 20 - digits.count) + digits + ".json")
    }

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

    package static func manifests(_ tree: Digest) -> ObjectPrefix {
        ObjectPrefix("manifests/\(tree.hex.prefix(2))/\(tree.hex)/")
    }
}
