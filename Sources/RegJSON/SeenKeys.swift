// SPDX-License-Identifier: Apache-2.0

/// The keys of an object so far, to find one that comes twice.
///
/// Small objects, by far the most, are scanned; from `scanned` members on a hash set takes over, so that an object
/// of n keys costs time linear in n. Swift seeds its hashes at random, so keys cannot be chosen to collide.
struct SeenKeys {
    private static let scanned = 12
    private var set: Set<KeyBytes> = []

    /// Whether `key` is new after `members`, all of which went through this function in turn.
    mutating func insert(_ key: String, after members: [(key: String, value: JSON)]) -> Bool {
        if members.count < Self.scanned {
            return !members.contains { haveSameBytes($0.key, key) }
        }
        if set.isEmpty {
            for member in members { set.insert(KeyBytes(text: member.key)) }
        }
        return set.insert(KeyBytes(text: key)).inserted
    }
}

/// A string that is equal to another only byte by byte.
private struct KeyBytes: Hashable {
    var text: String

    static func == (left: KeyBytes, right: KeyBytes) -> Bool { haveSameBytes(left.text, right.text) }

    func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}
