// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegFiles

/// Which names of a tree are passed over: junk that tools leave behind, and what `ignore` in `reg.toml` says.
package struct IgnoreRules: Equatable {
    /// One line of `ignore`: a pattern, or with `!` before it what is kept all the same.
    struct Rule: Equatable {
        let pattern: PathPattern
        let isKept: Bool

        /// Nil for a text that is no pattern.
        init?(_ text: String) {
            isKept = text.hasPrefix("!")
            guard let pattern = PathPattern(isKept ? String(text.dropFirst()) : text) else { return nil }
            self.pattern = pattern
        }
    }

    /// Junk alone.
    static let standard = IgnoreRules()
    /// Only what belongs to git and reg themselves.
    static let reserved = IgnoreRules(ignored: Junk.reserved)

    /// The last that fits counts.
    private let rules: [Rule]
    /// Ignored everywhere.
    private let names: [[UInt8]]

    init(_ rules: [Rule] = []) {
        self.rules = rules
        names = Junk.names
    }

    private init(ignored names: [[UInt8]]) {
        rules = []
        self.names = names
    }

    /// Whether a name is passed over wherever it is.
    func ignores(_ name: UnsafeRawBufferPointer) -> Bool {
        guard let first = name.first else { return false }
        return names.contains { $0.first == first && $0.count == name.count && $0.elementsEqual(name) }
            || first == UInt8(ascii: ".") && isTemporary(BytePath(name))
    }

    /// Whether the rules say anything beyond junk, so that paths are needed.
    var hasPatterns: Bool { !rules.isEmpty }

    /// `path`: relative to the workspace, below no ignored directory.
    func ignores(_ path: BytePath, isDirectory: Bool) -> Bool {
        rules.last { $0.pattern.matches(path, isDirectory: isDirectory) }.map { !$0.isKept } ?? false
    }
}

/// Names that tools leave in a tree and nobody means to keep.
private enum Junk {
    static let reserved = [".git", ".reg"].map { Array($0.utf8) }
    static let names =
        reserved
        + [
            ".DS_Store", "__pycache__", ".ipynb_checkpoints", "Thumbs.db", "desktop.ini", ".mypy_cache",
            ".pytest_cache", ".ruff_cache",
        ].map { Array($0.utf8) }
}
