// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegFiles

/// What an artifact does with symlinks in its tree.
package enum LinkPolicy: String, CaseIterable, Sendable {
    /// They are entries of their own.
    case keep
    /// What they lead to stands in their place.
    case follow
}

/// Goes through the names of an artifact in the order of their paths' bytes; their status is for ``TreeBatch``.
///
/// Every directory is opened and listed once. Memory grows with the widest directory on the way, not with the tree.
struct TreeWalk {
    /// A name that a walk has come to.
    struct Place {
        let directory: Descriptor
        /// What the name is in.
        let prefix: BytePath
        let name: BytePath
        let kind: TreeEntry.Kind
    }

    private struct Level {
        let directory: Descriptor
        /// Relative to the artifact.
        let prefix: BytePath
        let listing: DirectoryListing
        var next = 0
        /// Directories that hold something, waiting until names such as `a.txt`, which sort before `a/`, are through.
        var waiting: [(index: Int, directory: Descriptor, listing: DirectoryListing)] = []
    }

    /// The artifact's path in the workspace, which patterns look at.
    private let root: BytePath
    private let rules: IgnoreRules
    private let links: LinkPolicy
    private var levels: [Level] = []
    private var single: Place?

    /// A walk of the directory `path` below `root`, or of the one file that lies there.
    ///
    /// Gives nil where there is nothing.
    init?(
        _ path: BytePath, below root: Descriptor, rules: IgnoreRules = .standard, links: LinkPolicy = .keep
    ) throws {
        self.root = path
        self.rules = rules
        self.links = links
        let parent = path.parent.isEmpty ? root : try TreeWalk.openIfThere(path.parent, below: root)
        guard let parent, let status = try parent.status(of: path.lastComponent) else { return nil }
        if status.kind == .directory {
            let directory = try parent.openBeneath(path.lastComponent, .directory)
            try enter(directory, prefix: BytePath([]), listing: try list(directory, BytePath([])))
        } else {
            let name = path.lastComponent
            let (kind, target) = try examine(name, of: parent, kind: status.kind)
            guard target == nil else { throw TreeWalk.refusal(parent.path.appending(name), .symlink) }
            single = Place(directory: parent, prefix: BytePath([]), name: name, kind: kind)
        }
    }

    private static func openIfThere(_ path: BytePath, below root: Descriptor) throws -> Descriptor? {
        do { return try root.openBeneath(path, .directory) } catch {
            if error.isNotFound { return nil }
            throw error
        }
    }

    /// What an artifact cannot hold.
    static func refusal(_ path: BytePath, _ kind: FileStatus.Kind) -> RegError {
        let hint =
            kind == .symlink
            ? "add the files that it leads to, or say what to do with links: --symlinks keep, --symlinks follow"
            : "move it out of the artifact"
        return RegError(.refused, "\(printable(path)) is \(kind.words)", hint: hint)
    }

    /// The next file, empty directory, or symlink.
    mutating func next() throws -> Place? {
        if let place = single {
            single = nil
            return place
        }
        while let depth = levels.indices.last {
            if let (index, directory, listing) = takeWaiting(depth) {
                let prefix = levels[depth].prefix.appending(levels[depth].listing.name(index))
                try enter(directory, prefix: prefix, listing: listing)
                continue
            }
            guard levels[depth].next < levels[depth].listing.count else {
                levels.removeLast()
                continue
            }
            let index = levels[depth].next
            levels[depth].next += 1
            if let place = try visit(index, depth) { return place }
        }
        return nil
    }

    /// The waiting directory whose turn it is: of several the last, since its name is the smaller one.
    private mutating func takeWaiting(
        _ depth: Int
    ) -> (index: Int, directory: Descriptor, listing: DirectoryListing)? {
        guard let candidate = levels[depth].waiting.last else { return nil }
        let next = levels[depth].next
        let listing = levels[depth].listing
        guard next == listing.count || listing.directory(candidate.index, precedes: next) else { return nil }
        return levels[depth].waiting.removeLast()
    }

    /// The place at `index`; nil where it is a directory that is to be entered later.
    private mutating func visit(_ index: Int, _ depth: Int) throws -> Place? {
        let level = levels[depth]
        let name = level.listing.name(index)
        let (kind, directory) = try examine(name, of: level.directory, kind: level.listing.kind(index))
        guard let directory else {
            return Place(directory: level.directory, prefix: level.prefix, name: name, kind: kind)
        }
        let listing = try list(directory, level.prefix.appending(name))
        if listing.isEmpty {
            return Place(
                directory: level.directory, prefix: level.prefix, name: name, kind: .emptyDirectory)
        }
        levels[depth].waiting.append((index, directory, listing))
        return nil
    }

    /// What a name is; for a directory that is to be walked, its descriptor.
    private func examine(
        _ name: BytePath, of directory: Descriptor, kind: FileStatus.Kind?
    ) throws -> (TreeEntry.Kind, Descriptor?) {
        switch try kind ?? directory.status(of: name)?.kind {
        case .file?: return (.file, nil)
        case .directory?: return (.emptyDirectory, try directory.openBeneath(name, .directory))
        case .symlink? where links == .keep: return (.symlink, nil)
        case .symlink?: return try follow(name, of: directory)
        case nil: return (.gone, nil)
        case _?: return (.other, nil)
        }
    }

    private func follow(_ name: BytePath, of directory: Descriptor) throws -> (TreeEntry.Kind, Descriptor?) {
        let path = directory.path.appending(name)
        guard let status = try fileStatus(path) else {
            throw RegError(
                .refused, "\(printable(path)) is a symbolic link that leads nowhere",
                hint: "remove it, or mend it")
        }
        switch status.kind {
        case .file: return (.followedFile, nil)
        case .directory:
            let target = try Descriptor.open(path, .directory)
            let isAbove = try levels.contains { level in
                let above = try level.directory.status()
                return above.inode == status.inode && above.device == status.device
            }
            if isAbove {
                throw RegError(
                    .refused, "\(printable(path)) is a symbolic link that leads back to a directory above it",
                    hint: "remove it, or keep links: --symlinks keep")
            }
            return (.emptyDirectory, target)
        default: throw TreeWalk.refusal(path, status.kind)
        }
    }

    private func list(_ directory: Descriptor, _ prefix: BytePath) throws -> DirectoryListing {
        try DirectoryListing(of: directory) { name, kind in
            if rules.ignores(name) { return false }
            guard rules.hasPatterns else { return true }
            let path = root.appending(prefix).appending(BytePath(name))
            return !rules.ignores(path, isDirectory: kind == .directory)
        }
    }

    private mutating func enter(_ directory: Descriptor, prefix: BytePath, listing: DirectoryListing) throws {
        guard levels.count < PathHazard.maximumDepth else {
            throw RegError(
                .refused, "\(printable(directory.path)) is too deep: over \(levels.count) directories")
        }
        levels.append(Level(directory: directory, prefix: prefix, listing: listing))
    }
}
