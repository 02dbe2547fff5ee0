// SPDX-License-Identifier: Apache-2.0
package import RegJSON

/// A key path whose value differs between two configs.
package struct ConfigDifference: Equatable, Sendable {
    /// Dotted, items of lists as `[i]`, odd keys quoted; empty for a config that is one value.
    package let key: String
    /// Nil where the older one has no such key.
    package let old: JSON?
    package let new: JSON?

    package init(key: String, old: JSON?, new: JSON?) {
        self.key = key
        self.old = old
        self.new = new
    }

    /// What differs, in the order of key paths.
    ///
    /// An integer, a number with a fraction and a text are never the same.
    package static func between(_ old: JSON, _ new: JSON) -> [ConfigDifference] {
        // By their bytes: what Unicode calls equal are two keys.
        var (olds, news) = ([[UInt8]: JSON](), [[UInt8]: JSON]())
        collect(old, at: "", &olds)
        collect(new, at: "", &news)
        return Set(olds.keys).union(news.keys).sorted { $0.lexicographicallyPrecedes($1) }.compactMap { key in
            let (before, after) = (olds[key], news[key])
            if let before, let after, areSame(before, after) { return nil }
            return ConfigDifference(key: String(decoding: key, as: UTF8.self), old: before, new: after)
        }
    }

    private static func areSame(_ left: JSON, _ right: JSON) -> Bool {
        if case .number(let left) = left, case .number(let right) = right, left.isNaN, right.isNaN {
            return true
        }
        return left == right
    }

    /// Values that hold no others, by their key paths.
    private static func collect(_ value: JSON, at path: String, _ values: inout [[UInt8]: JSON]) {
        switch value {
        case .object(let object) where !object.members.isEmpty:
            for (key, member) in object.members {
                collect(member, at: path.isEmpty ? shown(key) : "\(path).\(shown(key))", &values)
            }
        case .array(let elements) where !elements.isEmpty:
            for (index, element) in elements.enumerated() {
                collect(element, at: "\(path)[\(index)]", &values)
            }
        // A config without keys has nothing that could be named.
        case .object where path.isEmpty, .array where path.isEmpty: break
        default: values[Array(path.utf8)] = value
        }
    }

    private static func shown(_ key: String) -> String {
        let isPlain =
            !key.isEmpty
            && key.utf8.allSatisfy {
                (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == 45
                    || $0 == 95
            }
        return isPlain ? key : JSON.string(key).compact
    }
}
