// SPDX-License-Identifier: Apache-2.0
package import RegBytes
internal import RegFiles
internal import RegManifest

/// What has become of the files of a tree in the place where they were made; paths are those in the tree.
package struct TreeCheck: Equatable, Sendable {
    /// Some of the paths of one sort, and how many there are.
    package struct Paths: Equatable, Sendable {
        package private(set) var count: UInt64 = 0
        /// The first of them.
        package private(set) var first: [BytePath] = []

        package static let limit = 100

        mutating func append(_ path: BytePath) {
            count += 1
            if first.count < Paths.limit { first.append(path) }
        }
    }

    /// Files that have other bytes or another executable bit, symlinks that lead elsewhere, and what has become
    /// something else.
    package fileprivate(set) var edited = Paths()
    package fileprivate(set) var missing = Paths()
    /// What is there and not in the tree; a directory as a whole.
    package fileprivate(set) var stray = Paths()

    package var isClean: Bool { edited.count + missing.count + stray.count == 0 }
}

extension CachedTree {
    /// Compares a place where the tree was made with the tree.
    ///
    /// A file whose size and time are as they were made is taken for unchanged; any other is hashed. A stray is only
    /// looked for where the tree owns the directory. `isSkipped`: paths, of rows and of strays, that are not looked at.
    package func check(
        in place: TreePlace, skipping isSkipped: (BytePath) -> Bool = { _ in false }
    ) throws -> TreeCheck {
        var checker = TreeChecker(cache, place)
        try rows.forEachRow { row in try checker.visit(row, isSkipped) }
        try checker.end(isSkipped)
        return checker.result
    }
}

private struct TreeChecker {
    private let cache: HostCache
    private let place: TreePlace
    /// From `base` down to the directory of the last row.
    private var open: [OpenDirectory] = []
    var result = TreeCheck()

    private struct OpenDirectory {
        let path: BytePath
        /// Nil where there is no such directory.
        let descriptor: Descriptor?
        let listing: DirectoryListing?
        /// Which names of the listing the tree has.
        var isKnown: [Bool]
    }

    init(_ cache: HostCache, _ place: TreePlace) {
        self.cache = cache
        self.place = place
    }

    mutating func visit(_ row: TreeRow, _ isSkipped: (BytePath) -> Bool) throws {
        if open.isEmpty { try enter(BytePath([])) }
        while let last = open.last, !row.path.parent.isWithin(last.path) { try leave(isSkipped) }
        while let last = open.last?.path, last != row.path.parent {
            guard let rest = row.path.relative(to: last)?.components.first else { return }
            try enter(last.appending(BytePath(rest)))
        }
        let name = row.path.lastComponent
        if isSkipped(row.path) { return mark(name) }
        guard let directory = open.last?.descriptor, let status = try directory.status(of: name) else {
            return result.missing.append(row.path)
        }
        mark(name)
        if case .emptyDirectory = row.kind, status.kind == .directory {
            try enter(row.path)
            try leave(isSkipped)
        } else if try !isSame(row, name, status, in: directory) {
            result.edited.append(row.path)
        }
    }

    mutating func end(_ isSkipped: (BytePath) -> Bool) throws {
        if open.isEmpty { try enter(BytePath([])) }
        while !open.isEmpty { try leave(isSkipped) }
    }

    private mutating func enter(_ path: BytePath) throws {
        var descriptor: Descriptor?
        if open.isEmpty || open.last?.descriptor != nil {
            mark(path.lastComponent)
            do { descriptor = try place.root.openBeneath(place.base.appending(path), .directory) } catch {
                // Something else has its name: then its rows are missing.
                guard error.isNotFound || error.isUnsafePath else { throw error }
            }
        }
        let isListed = !path.isEmpty || place.ownsBase
        let listing = isListed ? try descriptor.map { try DirectoryListing(of: $0) { _, _ in true } } : nil
        open.append(
            OpenDirectory(
                path: path, descriptor: descriptor, listing: listing,
                isKnown: Array(repeating: false, count: listing?.count ?? 0)))
    }

    /// Notes that the tree has the name in the last directory.
    private mutating func mark(_ name: BytePath) {
        guard let index = open.last?.listing?.index(of: name.bytes[...]) else { return }
        open[open.count - 1].isKnown[index] = true
    }

    private mutating func leave(_ isSkipped: (BytePath) -> Bool) throws {
        guard let directory = open.popLast(), let listing = directory.listing else { return }
        for index in 0..<listing.count where !directory.isKnown[index] {
            let path = directory.path.appending(listing.name(index))
            if !isSkipped(path) { result.stray.append(path) }
        }
    }

    private func isSame(
        _ row: TreeRow, _ name: BytePath, _ status: FileStatus, in directory: Descriptor
    ) throws -> Bool {
        switch row.kind {
        case .emptyDirectory: return false
        case .symlink(let target):
            return try status.kind == .symlink && directory.readLink(name) == target
        case .file(let size, let hash, let isExecutable):
            guard status.kind == .file, status.size == size, status.isExecutable == isExecutable else {
                return false
            }
            if status.modified == CachedFile.time { return true }
            return try HostCache.hash(of: Descriptor.open(name, .read, at: directory)) == hash
        }
    }
}
