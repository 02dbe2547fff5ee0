// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegCatalog
internal import RegFiles
internal import RegHash

/// What the catalog knows of the files of one artifact, given out in path order beside a walk.
///
/// Read in batches, so that memory does not grow with the artifact.
struct KnownFiles {
    private static let batchSize = 4096

    private let catalog: Catalog
    private let worktree: Int64
    /// The artifact's path in the workspace.
    private let artifact: BytePath
    private var batch: ArraySlice<KnownFile> = []
    private var isAtEnd = false
    private var last: BytePath?

    init(of artifact: BytePath, catalog: Catalog, worktree: Int64) {
        self.artifact = artifact
        self.catalog = catalog
        self.worktree = worktree
    }

    /// The next known file, in path order, its path relative to the workspace.
    mutating func next() throws -> KnownFile? {
        try fill()
        return batch.popFirst()
    }

    /// What is known of the file at `path`; files before it are passed over.
    mutating func file(at path: BytePath) throws -> KnownFile? {
        while true {
            try fill()
            guard let file = batch.first, !(path < file.path) else { return nil }
            batch.removeFirst()
            if file.path == path { return file }
        }
    }

    private mutating func fill() throws {
        guard batch.isEmpty && !isAtEnd else { return }
        batch = try catalog.files(
            below: artifact, after: last, worktree: worktree, limit: KnownFiles.batchSize)[...]
        isAtEnd = batch.count < KnownFiles.batchSize
        last = batch.last?.path ?? last
    }
}

/// Two stamps of the file system's clock closer than this may be the same, in nanoseconds.
private let clockTick: Int64 = 20_000_000

extension KnownFile {
    /// What to remember of a file whose bytes were just read.
    ///
    /// Where it changed so lately that a further change could leave the same status behind, its status is not relied on:
    /// next time it is read again.
    static func afterReading(path: BytePath, hash: Digest, status: FileStatus, now: Int64) -> KnownFile {
        KnownFile(path: path, hash: hash, status: now - status.changed < clockTick ? nil : status)
    }
}
