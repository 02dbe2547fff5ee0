// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegFiles

/// What lies at one path of a tree in the file system.
struct TreeEntry {
    enum Kind {
        case file(FileStatus)
        case emptyDirectory
    }

    /// Relative to the artifact.
    let path: BytePath
    let kind: Kind
}

/// Gives the files and empty directories of an artifact in the order of their paths' bytes.
///
/// Memory grows with the widest directory on the way, not with the tree. Junk that tools leave behind is passed over
/// (``Junk``); what an artifact cannot hold is an error that names it.
struct TreeWalk {
    private struct Level {
        let directory: Descriptor
        let prefix: BytePath
        /// Sorted so that the last comes next.
        var names: [Candidate]
    }

    private struct Candidate {
        let name: BytePath
        let sortKey: [UInt8]
        let status: FileStatus
        let isEmptyDirectory: Bool
    }

    private var levels: [Level] = []
    private var single: TreeEntry?

    /// A walk of the directory `path` below `root`, or of the one file that lies there.
    ///
    /// - Returns: nil where there is nothing.
    init?(_ path: BytePath, below root: Descriptor) throws {
        let parent = path.parent.isEmpty ? root : try TreeWalk.openIfThere(path.parent, below: root)
        guard let parent, let status = try parent.status(of: path.lastComponent) else { return nil }
        switch status.kind {
        case .directory:
            try enter(try parent.openBeneath(path.lastComponent, .directory), prefix: BytePath([]))
        case .file:
            single = TreeEntry(path: path.lastComponent, kind: .file(status))
        case .symlink, .other:
            throw TreeWalk.refusal(parent.path.appending(path.lastComponent), status.kind)
        }
    }

    private static func openIfThere(_ path: BytePath, below root: Descriptor) throws -> Descriptor? {
        do { return try root.openBeneath(path, .directory) } catch {
            if error.isNotFound { return nil }
            throw error
        }
    }

    private static func refusal(_ path: BytePath, _ kind: FileStatus.Kind) -> RegError {
        switch kind {
        case .symlink:
            RegError(
                .refused, "\(printable(path)) is a symbolic link", hint: "add the files that it leads to")
        case .other(let what):
            RegError(
                .refused, "\(printable(path)) is a \(what), not a file", hint: "move it out of the artifact")
        case .file, .directory:
            RegError(.refused, "\(printable(path)) cannot be added")
        }
    }

    mutating func next() throws -> TreeEntry? {
        if let entry = single {
            single = nil
            return entry
        }
        while var level = levels.popLast() {
            guard let candidate = level.names.popLast() else { continue }
            levels.append(level)
            let path = level.prefix.appending(candidate.name)
            switch candidate.status.kind {
            case .file: return TreeEntry(path: path, kind: .file(candidate.status))
            case .directory where candidate.isEmptyDirectory:
                return TreeEntry(path: path, kind: .emptyDirectory)
            case .directory:
                try enter(try level.directory.openBeneath(candidate.name, .directory), prefix: path)
            case .symlink, .other:
                throw TreeWalk.refusal(level.directory.path.appending(candidate.name), candidate.status.kind)
            }
        }
        return nil
    }

    private mutating func enter(_ directory: Descriptor, prefix: BytePath) throws {
        var names: [Candidate] = []
        for entry in try directory.entries() where !Junk.contains(entry.name) {
            guard let status = try directory.status(of: entry.name) else { continue }  // gone meanwhile
            let isDirectory = status.kind == .directory
            let isEmpty =
                isDirectory ? try directory.openBeneath(entry.name, .directory).isEmptyDirectory() : false
            // A directory's files sort as if its name ended in a slash; an empty one is a row of its own.
            let sortKey = isDirectory && !isEmpty ? entry.name.bytes + [UInt8(ascii: "/")] : entry.name.bytes
            names.append(
                Candidate(name: entry.name, sortKey: sortKey, status: status, isEmptyDirectory: isEmpty))
        }
        names.sort { $1.sortKey.lexicographicallyPrecedes($0.sortKey) }
        levels.append(Level(directory: directory, prefix: prefix, names: names))
    }
}

/// Names that tools leave in a tree and nobody means to keep.
enum Junk {
    private static let names: Set<BytePath> = Set(
        [
            ".DS_Store", "__pycache__", ".ipynb_checkpoints", "Thumbs.db", "desktop.ini", ".git", ".reg",
            ".mypy_cache",
            ".pytest_cache", ".ruff_cache",
        ].map { BytePath($0) })

    static func contains(_ name: BytePath) -> Bool {
        names.contains(name) || isTemporary(name)
    }
}
