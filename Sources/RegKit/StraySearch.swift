// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegFiles

/// Finds what lies in an artifact's directory beside the rows of a version, both in path order.
struct StraySearch {
    private var walk: TreeWalk?
    private var next: BytePath?
    private var strays: [BytePath] = []

    /// `path`: the artifact's directory; nil for an artifact that has none.
    init(_ path: BytePath?, below root: Descriptor) {
        walk = path.flatMap { path in path.isEmpty ? nil : try? TreeWalk(path, below: root) }
        advance()
    }

    /// Takes notice of the version's next row.
    mutating func pass(_ row: BytePath) {
        while let path = next, path < row {
            strays.append(path)
            advance()
        }
        if next == row { advance() }
    }

    /// The files that no row had, relative to the artifact.
    mutating func finish() -> [BytePath] {
        while let path = next {
            strays.append(path)
            advance()
        }
        return strays
    }

    /// Goes on; a tree that cannot be walked has no strays that could be told.
    private mutating func advance() {
        while walk != nil {
            guard let entry = try? walk?.next() else {
                walk = nil
                break
            }
            if case .file = entry.kind {
                next = entry.path
                return
            }
        }
        next = nil
    }
}
