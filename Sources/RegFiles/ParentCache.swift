// SPDX-License-Identifier: Apache-2.0
package import RegBytes

/// Opens the directories of paths below a root, never through a symlink, and remembers the last one: paths come
/// sorted.
package struct ParentCache {
    private let root: Descriptor
    private var lastPath: BytePath?
    private var last: Descriptor?
    /// What is no directory, though the last path goes through it.
    package private(set) var obstacle: BytePath?

    package init(root: Descriptor) { self.root = root }

    /// What lies at `path`; nil where there is nothing, its directory included.
    package mutating func status(of path: BytePath) throws(FileError) -> FileStatus? {
        try directory(of: path, making: false)?.status(of: path.lastComponent)
    }

    /// The target of the symlink at `path`; nil where its directory is not there.
    package mutating func link(at path: BytePath) throws(FileError) -> BytePath? {
        try directory(of: path, making: false)?.readLink(path.lastComponent)
    }

    /// The directory that `path` is in, made if asked for; nil where there is none.
    package mutating func directory(of path: BytePath, making: Bool) throws(FileError) -> Descriptor? {
        let parent = path.parent
        if parent == lastPath, last != nil || !making { return last }
        lastPath = parent
        last = nil
        obstacle = nil
        if parent.isEmpty {
            last = root
        } else if making {
            last = try root.makeDirectoriesBeneath(parent)
        } else {
            do { last = try root.openBeneath(parent, .directory) } catch {
                guard error.isNotFound else { throw error }
                obstacle = try firstFile(on: parent)
            }
        }
        return last
    }

    private func firstFile(on path: BytePath) throws(FileError) -> BytePath? {
        var current = path
        while !current.isEmpty {
            if let status = try root.status(ofPath: current) {
                return status.kind == .directory ? nil : current
            }
            current = current.parent
        }
        return nil
    }
}

extension Descriptor {
    /// What lies at `path` below this directory; nil where there is nothing.
    package func status(ofPath path: BytePath) throws(FileError) -> FileStatus? {
        if path.parent.isEmpty { return try status(of: path) }
        do { return try openBeneath(path.parent, .directory).status(of: path.lastComponent) } catch {
            if error.isNotFound { return nil }
            throw error
        }
    }
}
