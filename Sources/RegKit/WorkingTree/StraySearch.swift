// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegFiles

/// Finds what lies in an artifact's directory beside the rows of a version, both in path order.
struct StraySearch {
    /// What no row has; its path relative to the artifact.
    struct Stray {
        let path: BytePath
        /// Of an empty directory.
        let isDirectory: Bool
    }

    private var walk: TreeWalk?
    private var next: Stray?
    private var strays: [Stray] = []

    /// `path`: the artifact's directory; nil for an artifact that has none.
    init(_ path: BytePath?, below root: Descriptor, rules: IgnoreRules) {
        walk = path.flatMap { path in
            // A tree that cannot be walked has no strays that could be told.
            path.isEmpty ? nil : try? TreeWalk(path, below: root, rules: rules)
        }
        advance()
    }

    /// Takes notice of the version's next row.
    mutating func pass(_ row: BytePath) {
        while let stray = next, stray.path < row { take(stray) }
        if next?.path == row { advance() }
    }

    /// What no row had.
    mutating func finish() -> [Stray] {
        while let stray = next { take(stray) }
        return strays
    }

    private mutating func take(_ stray: Stray) {
        strays.append(stray)
        advance()
    }

    private mutating func advance() {
        next = nil
        guard walk != nil else { return }
        guard let place = try? walk?.next() else {
            walk = nil
            return
        }
        next = Stray(path: place.prefix.appending(place.name), isDirectory: place.kind == .emptyDirectory)
    }
}
