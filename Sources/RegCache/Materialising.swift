// SPDX-License-Identifier: Apache-2.0
package import RegBytes
internal import RegFiles
internal import RegJobs
internal import RegManifest

extension CachedTree {
    /// Makes the files of the tree in a place where none of them is yet.
    ///
    /// A file shares its blocks with the cache's where the file system can do that; a read-only one is else a hard
    /// link, if it can be; all others are copies. Bytes are not hashed again: each file is looked at as it is made, and
    /// is one that nobody has touched since it was hashed. Nothing is made durable. `threads` make files at one time;
    /// `isSkipped`: rows to leave out, by their path in the tree.
    /// - Throws: `taken`, `changed`; what was made until then stays, for the caller to remove.
    package func materialise(
        in place: TreePlace, threads: Int, skipping isSkipped: (BytePath) -> Bool = { _ in false }
    ) throws {
        if place.ownsBase { _ = try place.root.makeDirectoriesBeneath(place.base) }
        let maker = FileMaker(cache, place)
        try Pipeline.run(
            slots: (0..<threads + 2).map { _ in RowBatch() },
            stages: [.parallel(threads) { try maker.make($0.rows) }]
        ) { pipeline in
            var batch = try pipeline.acquire()
            batch.rows.removeAll(keepingCapacity: true)
            try rows.forEachRow { row in
                if isSkipped(row.path) { return }
                if case .symlink = row.kind { return }
                batch.rows.append(row)
                guard batch.rows.count == RowBatch.count else { return }
                pipeline.submit(batch)
                batch = try pipeline.acquire()
                batch.rows.removeAll(keepingCapacity: true)
            }
            pipeline.submit(batch)
        }
        try finish(place, isSkipped)
    }

    /// Makes the symlinks, when nothing has to go by their names any more, and closes the directories.
    private func finish(_ place: TreePlace, _ isSkipped: (BytePath) -> Bool) throws {
        var parents = ParentCache(root: place.root)
        var closing = DirectoryCloser(place)
        try rows.forEachRow { row in
            if isSkipped(row.path) { return }
            try closing.visit(row)
            guard case .symlink(let target) = row.kind else { return }
            let path = place.base.appending(row.path)
            guard let parent = try parents.directory(of: path, making: true) else { return }
            do throws(FileError) { try parent.makeLink(path.lastComponent, to: target) } catch {
                if error.isTaken { throw CacheError.taken(parent.path.appending(path.lastComponent)) }
                throw error
            }
        }
        try closing.end()
    }
}

/// Rows on their way to a thread.
// Unchecked: the pipeline gives it to one thread at a time.
private final class RowBatch: @unchecked Sendable {
    static let count = 256
    var rows: [TreeRow] = []
}

/// Makes files of the cache's in one place; several threads at a time.
private final class FileMaker: Sendable {
    private let cache: HostCache
    private let place: TreePlace
    private let mask = fileModeMask()
    /// What has turned out to be impossible there is not tried for every file.
    private let impossible: Monitor<Set<Sharing>> = Monitor([])

    private enum Sharing { case blocks, link }

    init(_ cache: HostCache, _ place: TreePlace) {
        self.cache = cache
        self.place = place
    }

    func make(_ rows: [TreeRow]) throws {
        var parents = ParentCache(root: place.root)
        for row in rows {
            let path = place.base.appending(row.path)
            if let file = CachedFile(row) {
                guard let parent = try parents.directory(of: path, making: true) else { continue }
                try make(file, path.lastComponent, in: parent)
            } else {
                _ = try place.root.makeDirectoriesBeneath(path)
            }
        }
    }

    private func make(_ file: CachedFile, _ name: BytePath, in parent: Descriptor) throws {
        let permissions =
            place.access == .writable ? (file.isExecutable ? 0o777 : 0o666) & ~mask : file.permissions
        let impossible = impossible.with { $0 }
        if !impossible.contains(.blocks) {
            if try cache.share(file, as: name, in: parent, permissions: permissions) { return }
            note(.blocks)
        }
        if place.access == .readOnly, !impossible.contains(.link), try link(file, name, in: parent) {
            return
        }
        try cache.copy(file, as: name, in: parent, permissions: permissions)
    }

    /// False where the file cannot have another name there.
    private func link(_ file: CachedFile, _ name: BytePath, in parent: Descriptor) throws -> Bool {
        do { try parent.link(file.path, of: cache.files, to: name) } catch {
            if error.isTaken { throw CacheError.taken(parent.path.appending(name)) }
            if error.isNotFound { throw CacheError.changed(file.hash) }
            guard error.isNoHardLink else { throw error }
            if !error.isTooManyLinks { note(.link) }
            return false
        }
        if let status = try parent.status(of: name), file.isUntouched(status) { return true }
        try parent.remove(name)
        throw CacheError.changed(file.hash)
    }

    private func note(_ sharing: Sharing) { impossible.with { _ = $0.insert(sharing) } }
}

/// Makes the directories of a read-only tree read-only, each when its last row has passed.
private struct DirectoryCloser {
    private let place: TreePlace
    /// The directories that are open, from `base` down, as parts of the last row's path.
    private var open: [BytePath] = []

    init(_ place: TreePlace) { self.place = place }

    private var isNeeded: Bool { place.access != .writable }

    mutating func visit(_ row: TreeRow) throws {
        guard isNeeded else { return }
        var directory = row.path.parent
        if case .emptyDirectory = row.kind { directory = row.path }
        while let last = open.last, !directory.isWithin(last) {
            try close(last)
            open.removeLast()
        }
        var missing: [BytePath] = []
        while !directory.isEmpty, directory != open.last {
            missing.append(directory)
            directory = directory.parent
        }
        open += missing.reversed()
    }

    mutating func end() throws {
        guard isNeeded else { return }
        while let last = open.popLast() { try close(last) }
        if place.ownsBase { try close(BytePath([])) }
    }

    private func close(_ directory: BytePath) throws {
        try place.root.openBeneath(place.base.appending(directory), .directory).setMode(0o555)
    }
}
