// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegCache
internal import RegFiles
internal import RegHash
internal import RegLock
internal import RegPin
internal import RegStore

extension Session {
    /// Makes a clean copy of all that a pin names, in a directory that appears whole.
    func pull(pin text: String, _ request: PullRequest) throws -> PullReport {
        guard let output = request.output else {
            throw RegError(.usage, "a pin is pulled into a directory of its own", hint: "say where: -o DIR")
        }
        guard request.references.isEmpty, request.only.isEmpty, !request.isSelection else {
            throw RegError(.usage, "a pin is pulled whole, and alone")
        }
        guard request.expectedCommit == nil, !request.keepsIfUnreachable else {
            throw RegError(.usage, "a pin says itself what its commit is and what has to be there")
        }
        let pin = try pin(text)
        let path = absolute(output, from: options.directory)
        let parent = path.parent.isEmpty ? BytePath("/") : path.parent
        if request.isDryRun { return try report(on: pin, files: nil, notes: []) }
        try makeDirectories(parent)
        let directory = try Descriptor.open(parent, .directory)
        return try withCache(beside: path.lastComponent, in: directory) { cache in
            let files = try pinnedFiles(of: pin, in: cache)
            let isThere = try whatIsThere(files, at: path, in: directory, isClean: request.isClean)
            if isThere { return try report(on: pin, files: files, notes: ["all of it is there already"]) }
            let unfinished = try UnfinishedDirectory(
                for: [], pin.id.bytes, as: path.lastComponent, in: directory)
            do {
                try unfinished.clear()
                try files.materialise(
                    in: Descriptor.open(unfinished.path, .directory), InputOptions(), threads: jobs)
                try replace(path.lastComponent, by: unfinished, in: directory)
            } catch {
                try? unfinished.remove()  // the first error is the one to tell
                throw error
            }
            try directory.syncFileSystem()
            return try report(on: pin, files: files, notes: [])
        }
    }

    /// Calls `body` with this host's cache, or with one of its own where there can be none.
    func withCache<Result>(
        beside name: BytePath, in directory: Descriptor, _ body: (HostCache) throws -> Result
    ) throws -> Result {
        if let cache = try hostCache() {
            do { return try body(cache) } catch let error as CacheError {
                guard case .noRoom = error else { throw error }
                options.notice("\(RegError.cache(error).message); none is used")
            }
        }
        let own = temporaryName()
        defer { try? directory.removeTree(own) }
        return try body(HostCache.open(at: directory.path.appending(own), quota: .max))
    }

    /// Whether the output is there and as the pin has it.
    ///
    /// - Throws: `conflict` where it holds something else and may not be replaced.
    private func whatIsThere(
        _ files: PinnedFiles, at path: BytePath, in directory: Descriptor, isClean: Bool
    ) throws -> Bool {
        guard let status = try directory.status(of: path.lastComponent) else { return false }
        if status.kind == .directory {
            let root = try directory.openBeneath(path.lastComponent, .directory)
            if try root.isEmptyDirectory() { return false }
            let found = try files.differences(in: root, InputOptions())
            if found.count == 0 { return true }
            if isClean { return false }
            let first = found.first.prefix(3).map { "\(printable($0.path)) is \($0.what.text)" }
            let more = found.count > 3 ? " and \(found.count - 3) more" : ""
            throw RegError(
                .conflict,
                "\(printable(path)) differs from the pin: \(first.joined(separator: ", "))\(more)",
                hint: "choose a new directory, or replace it: --clean")
        }
        throw RegError(.conflict, "\(printable(path)) is in the way", hint: "choose a new directory")
    }

    private func replace(
        _ name: BytePath, by unfinished: UnfinishedDirectory, in directory: Descriptor
    ) throws {
        do { try directory.rename(unfinished.name, to: name) } catch {
            guard error.isTaken else { throw error }
            try directory.exchange(unfinished.name, with: name)
            try unfinished.remove()
        }
    }

    private func report(on pin: Pin, files: PinnedFiles?, notes: [String]) throws -> PullReport {
        let fetched = files?.artifacts.map(\.fetchedByteCount)
        return PullReport(
            artifacts: pin.lock.entries.enumerated().compactMap { index, entry in
                guard case .stored(let digest, let bytes, let count) = entry.content else { return nil }
                let fetchedByteCount = fetched?[index] ?? 0
                return PullReport.Artifact(
                    name: entry.name, version: nil, digest: digest, path: AddTarget(entry).lockPath,
                    byteCount: bytes, fileCount: count, fetchedByteCount: fetchedByteCount,
                    keptByteCount: 0, writtenFileCount: count, removedFileCount: 0, absentFileCount: 0)
            }, requestCount: try registryTraffic()?.requestCount ?? 0,
            retryCount: try registryTraffic()?.retryCount ?? 0, notes: notes)
    }
}

extension PinnedFiles.Difference.What {
    /// As it reads after "is".
    var text: String {
        switch self {
        case .edited: "edited"
        case .missing: "missing"
        case .stray: "not of it"
        }
    }
}
