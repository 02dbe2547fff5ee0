// SPDX-License-Identifier: Apache-2.0

/// The members of a JSON object, in order, no key twice.
///
/// Keys are compared by their UTF-8 bytes: Swift's `==` on strings takes `caf\u{e9}` and `cafe\u{301}` for one.
/// Looking a key up is a linear scan; go through `members` to read a large object.
package struct JSONObject: Sendable {
    package private(set) var members: [(key: String, value: JSON)]

    package init() { members = [] }

    /// Takes members whose keys the caller knows to differ.
    package init(unique members: [(key: String, value: JSON)]) { self.members = members }

    /// The value of a key; setting replaces it in its place or appends it, and setting `Optional.none` removes it.
    ///
    /// `object["a"] = nil` therefore removes; a JSON null is set by `.null`.
    package subscript(_ key: String) -> JSON? {
        get { members.first { haveSameBytes($0.key, key) }?.value }
        set {
            let place = members.firstIndex { haveSameBytes($0.key, key) }
            switch (place, newValue) {
            case (let index?, let value?): members[index].value = value
            case (let index?, nil): members.remove(at: index)
            case (nil, let value?): members.append((key: key, value: value))
            case (nil, nil): break
            }
        }
    }
}

extension JSONObject: Equatable {
    package static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.members.elementsEqual(right.members) { haveSameBytes($0.key, $1.key) && $0.value == $1.value }
    }
}

/// Whether two strings are equal byte by byte in UTF-8, unlike `==`, which knows canonical equivalence.
func haveSameBytes(_ left: String, _ right: String) -> Bool {
    left.utf8.count == right.utf8.count && left.utf8.elementsEqual(right.utf8)
}
