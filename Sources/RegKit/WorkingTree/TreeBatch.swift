// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import RegBytes
internal import RegFiles

/// What lies at one path of a tree in the file system.
struct TreeEntry {
    enum Kind {
        case file
        /// A file that a symlink leads to.
        case followedFile
        case emptyDirectory
        case symlink
        /// What no artifact can hold.
        case other
        /// Nothing: it went while the tree was walked.
        case gone
    }

    let kind: Kind
    /// Of a file; nil for all else.
    let status: FileStatus?
    /// Where a symlink leads.
    let target: BytePath?
}

/// Some entries of a tree in path order, in a few pieces of memory that are used again.
///
/// Owned by one stage at a time, which is what makes it safe to hand on between threads.
final class TreeBatch: @unchecked Sendable {
    static let entryLimit = 1024
    private static let pathLimit = 1 << 16

    private struct Slot {
        let start: Int
        let length: Int
        let nameLength: Int
        let directory: Int
        var entry: TreeEntry
    }

    /// All paths, relative to the artifact, a NUL after each.
    private var paths: [UInt8] = []
    private var slots: [Slot] = []
    private var directories: [Descriptor] = []
    /// How many directories a batch may keep open.
    private let directoryLimit: Int

    init(directoryLimit: Int) { self.directoryLimit = directoryLimit }

    var count: Int { slots.count }
    var isFull: Bool { slots.count >= TreeBatch.entryLimit || paths.count >= TreeBatch.pathLimit }

    func clear() {
        paths.removeAll(keepingCapacity: true)
        slots.removeAll(keepingCapacity: true)
        directories.removeAll(keepingCapacity: true)
    }

    /// Takes the next place of a walk; false where it belongs into the next batch.
    func append(_ place: TreeWalk.Place) -> Bool {
        if directories.last !== place.directory {
            guard directories.count < directoryLimit else { return false }
            directories.append(place.directory)
        }
        let start = paths.count
        if !place.prefix.isEmpty {
            paths += place.prefix.bytes
            paths.append(UInt8(ascii: "/"))
        }
        paths += place.name.bytes
        let length = paths.count - start
        paths.append(0)
        slots.append(
            Slot(
                start: start, length: length, nameLength: place.name.bytes.count,
                directory: directories.count - 1, entry: TreeEntry(kind: place.kind, status: nil, target: nil)
            ))
        return true
    }

    /// Looks at every file and symlink, and lets the directories go.
    func examine() throws {
        try paths.withUnsafeBytes { paths in
            for index in slots.indices {
                let slot = slots[index]
                let end = slot.start + slot.length
                let name = UnsafeRawBufferPointer(rebasing: paths[end - slot.nameLength...end])
                slots[index].entry = try TreeBatch.examine(name, directories[slot.directory], slot.entry)
            }
        }
        directories.removeAll(keepingCapacity: true)
    }

    /// `name` ends with a NUL.
    private static func examine(
        _ name: UnsafeRawBufferPointer, _ directory: Descriptor, _ entry: TreeEntry
    ) throws -> TreeEntry {
        let gone = TreeEntry(kind: .gone, status: nil, target: nil)
        switch entry.kind {
        case .emptyDirectory, .gone: return entry
        case .symlink:
            let link = BytePath(name.dropLast())
            do {
                return TreeEntry(kind: .symlink, status: nil, target: try directory.readLink(link))
            } catch {
                if error.isNotFound { return gone }
                throw error.isNoLink ? RegError.changed(directory.path.appending(link)) : error
            }
        case .file, .followedFile, .other:
            let isFollowed = entry.kind == .followedFile
            guard let status = try directory.status(ofName: name, followingLinks: isFollowed) else {
                return gone
            }
            guard status.kind == .file, entry.kind != .other else {
                let path = directory.path.appending(BytePath(name.dropLast()))
                throw entry.kind == .other
                    ? TreeWalk.refusal(path, status.kind) : RegError.changed(path)
            }
            return TreeEntry(kind: entry.kind, status: status, target: nil)
        }
    }

    func entry(_ index: Int) -> TreeEntry { slots[index].entry }

    /// Relative to the artifact.
    func path(_ index: Int) -> BytePath { withPath(index) { BytePath($0) } }

    func withPath<Result>(_ index: Int, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result
    {
        let slot = slots[index]
        return try paths.withUnsafeBytes {
            try body(UnsafeRawBufferPointer(rebasing: $0[slot.start..<slot.start + slot.length]))
        }
    }
}
