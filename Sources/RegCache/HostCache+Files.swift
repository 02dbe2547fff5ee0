// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegFiles
internal import RegHash
internal import RegManifest

extension HostCache {
    /// Looks at every file of a tree.
    func missingFiles(of rows: CachedRows) throws -> MissingFiles {
        var missing = MissingFiles()
        try rows.forEachRow { row in
            let file = CachedFile(row)
            missing.append(file, isMissing: try file.map { try !isThere($0) } ?? false)
        }
        return missing
    }

    /// Whether the cache has the file, as it should be; makes it so where it has the bytes.
    private func isThere(_ file: CachedFile) throws -> Bool {
        if let status = try files.status(of: file.path) {
            return file.isUntouched(status) ? true : try repair(file, status)
        }
        let sibling = file.sibling
        guard let status = try files.status(of: sibling.path), sibling.isUntouched(status) else {
            return false
        }
        return try derive(file, from: sibling)
    }

    /// Hashes a file that was touched, and takes it back if its bytes are right; whether they were.
    ///
    /// It has no name that anybody looks for until then: one that is wrong must not look right after a kill. The time
    /// is set before the hash is made, so that a writer who still has it open shows himself.
    private func repair(_ file: CachedFile, _ status: FileStatus) throws -> Bool {
        let name = temporaryName()
        do { try incoming.move(file.path, of: files, to: name) } catch {
            if error.isNotFound { return false }  // somebody else repairs it
            throw error
        }
        guard status.kind == .file, status.size == file.size, status.owner == userNumber(),
            let open = try? Descriptor.open(name, .read, at: incoming)
        else {
            try incoming.removeTree(name)
            return false
        }
        try open.setMode(file.permissions)
        try open.setModified(CachedFile.time)
        // What is mapped into the memory of a program moves the time again only when it was written out before.
        try open.sync()
        guard try HostCache.hash(of: open) == file.hash, file.isUntouched(try open.status()) else {
            try incoming.remove(name)
            return false
        }
        try files.move(name, of: incoming, to: file.path)
        return true
    }

    static func hash(of file: Descriptor) throws -> Digest {
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { block.deallocate() }
        let hasher = SHA256()
        while true {
            let count = try file.read(into: block)
            if count == 0 { return hasher.finish() }
            hasher.update(UnsafeRawBufferPointer(rebasing: block[..<count]))
        }
    }

    /// Makes a file of one with the same bytes and the other executable bit; false where that went meanwhile.
    private func derive(_ file: CachedFile, from sibling: CachedFile) throws -> Bool {
        let name = temporaryName()
        do {
            if try !share(sibling, as: name, in: incoming, permissions: file.permissions) {
                try copy(sibling, as: name, in: incoming, permissions: file.permissions)
            }
            let made = try Descriptor.open(name, .read, at: incoming)
            try made.sync()
            try giveName(file, to: name, in: incoming)
            return true
        } catch CacheError.changed {
            return false
        }
    }

    /// Makes a file of its own at `name`, whose bytes are those of a file of the cache.
    ///
    /// They are not hashed: they are those that were hashed when the file came here, since nothing has touched it before
    /// and after.
    /// - Throws: `changed` where something has; `taken`.
    func copy(_ file: CachedFile, as name: BytePath, in directory: Descriptor, permissions: UInt32) throws {
        _ = try make(file, as: name, in: directory, permissions: permissions) { source, target in
            guard try target.copyBytes(of: source, byteCount: file.size) == file.size else {
                throw CacheError.changed(file.hash)
            }
            return true
        }
    }

    /// Like `copy`, with the same blocks of the disk; false where the file system has no such thing.
    func share(
        _ file: CachedFile, as name: BytePath, in directory: Descriptor, permissions: UInt32
    ) throws -> Bool {
        try make(file, as: name, in: directory, permissions: permissions) { try $1.share($0) }
    }

    /// `fill` gives the new file its bytes, or says that it cannot: then there is none.
    private func make(
        _ file: CachedFile, as name: BytePath, in directory: Descriptor, permissions: UInt32,
        _ fill: (_ source: Descriptor, _ target: Descriptor) throws -> Bool
    ) throws -> Bool {
        let source = try open(file)
        let target: Descriptor
        do { target = try Descriptor.open(name, .create, at: directory) } catch {
            if error.isTaken { throw CacheError.taken(directory.path.appending(name)) }
            throw error
        }
        do {
            guard try fill(source, target) else {
                try directory.remove(name)
                return false
            }
            guard file.isUntouched(try source.status()) else { throw CacheError.changed(file.hash) }
            try target.setMode(permissions)
            try target.setModified(CachedFile.time)
            return true
        } catch {
            try? directory.remove(name)  // the first error is the one to tell
            throw error
        }
    }

    private func open(_ file: CachedFile) throws -> Descriptor {
        let source: Descriptor
        do { source = try Descriptor.open(file.path, .read, at: files) } catch {
            if error.isNotFound { throw CacheError.changed(file.hash) }
            throw error
        }
        guard file.isUntouched(try source.status()) else { throw CacheError.changed(file.hash) }
        return source
    }

    // MARK: Adopting

    /// Takes files that were brought and checked, each at its path below `directory`.
    ///
    /// They are durable before they get names by which they would be believed.
    func adopt(_ missing: MissingFiles, of rows: CachedRows, from directory: Descriptor) throws {
        try forEachFile(missing, of: rows, in: directory) { file, path, parent in
            let name = path.lastComponent
            let brought: Descriptor
            do throws(FileError) { brought = try Descriptor.open(name, .read, at: parent) } catch {
                if error.isNotFound { throw CacheError.notBrought(path, "it is not there") }
                throw error
            }
            let status = try brought.status()
            guard status.isOwnFile, status.size == file.size else {
                throw CacheError.notBrought(path, "it is not a file of its own with \(file.size) bytes")
            }
            try brought.setMode(file.permissions)
            try brought.setModified(CachedFile.time)
        }
        try directory.syncFileSystem()
        try forEachFile(missing, of: rows, in: directory) { file, path, parent in
            try giveName(file, to: path.lastComponent, in: parent)
        }
    }

    private func forEachFile(
        _ missing: MissingFiles, of rows: CachedRows, in directory: Descriptor,
        _ body: (CachedFile, BytePath, Descriptor) throws -> Void
    ) throws {
        var parents = ParentCache(root: directory)
        var number = 0
        try rows.forEachRow { row in
            defer { number += 1 }
            guard missing.contains(number), let file = CachedFile(row) else { return }
            guard let parent = try parents.directory(of: row.path, making: false) else {
                throw CacheError.notBrought(row.path, "it is not there")
            }
            try body(file, row.path, parent)
        }
    }

    private func giveName(_ file: CachedFile, to name: BytePath, in directory: Descriptor) throws {
        do { try files.move(name, of: directory, to: file.path) } catch {
            if error.isDirectory {
                try files.openBeneath(file.path.parent, .directory).removeTree(file.path.lastComponent)
            } else if error.isNotFound {
                try files.makeDirectory(file.path.parent)
            } else {
                throw error
            }
            try files.move(name, of: directory, to: file.path)
        }
    }
}
