// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegCatalog
internal import RegFiles
internal import RegHash
internal import RegJobs

/// What a pull has written, found and removed: remembered in batches, each once it is durable.
///
/// So memory does not grow with the number of files, and after a kill what is there need not be read again.
final class PulledFiles: Sendable {
    private struct Batch {
        /// Files that were read and are as they should.
        var read: [KnownFile] = []
        /// Of those, and of some that were read before: what counts from now on as reg's own.
        var adopted: [(path: BytePath, content: Content)] = []
        var written: [KnownFile] = []
        var gone: [BytePath] = []

        /// Of the files that were written.
        var byteCount = 0

        var count: Int { read.count + adopted.count + written.count + gone.count }
    }

    private static let batchSize = 16_384
    private static let batchByteCount = 256 << 20

    private let tree: WorkingTree
    private let batch = Monitor(Batch())
    private let turn = Monitor(())

    init(_ tree: WorkingTree) { self.tree = tree }

    func add(read files: [KnownFile]) { batch.with { $0.read += files } }

    func add(adopted path: BytePath, _ content: Content) throws {
        try add { $0.adopted.append((path, content)) }
    }

    /// `byteCount`: of all of them together.
    func add(written files: [KnownFile], byteCount: Int) throws {
        try add {
            $0.written += files
            $0.byteCount += byteCount
        }
    }

    /// Adds a directory or link that was made or is there.
    func add(made path: BytePath, _ content: Content) throws {
        try add(written: [KnownFile(path: path, KnownEntry(content, status: nil))], byteCount: 0)
    }

    func add(gone paths: [BytePath]) throws { try add { $0.gone += paths } }

    /// Makes all that was pulled durable, and remembers the rest of it.
    func finish() throws { try keepBatch() }

    private func add(_ change: (inout Batch) -> Void) throws {
        let isFull = batch.with { batch in
            change(&batch)
            return batch.count >= PulledFiles.batchSize || batch.byteCount >= PulledFiles.batchByteCount
        }
        if isFull { try keepBatch() }
    }

    /// One batch at a time: what is adopted must have been read before.
    private func keepBatch() throws {
        try turn.with { _ in try keep(batch.with { Self.take(&$0) }) }
    }

    private static func take(_ batch: inout Batch) -> Batch {
        defer { batch = Batch() }
        return batch
    }

    /// The catalog never says of a file what a power cut could take back.
    private func keep(_ batch: Batch) throws {
        try tree.root.syncFileSystem()
        if batch.count == 0 { return }
        try tree.catalog.transaction {
            for path in batch.gone { try tree.catalog.forgetEntry(at: path, worktree: tree.worktree) }
            for file in batch.read { try tree.catalog.keep(file, worktree: tree.worktree) }
            for file in batch.written { try tree.catalog.keepOwn(file, worktree: tree.worktree) }
            for (path, content) in batch.adopted {
                try tree.catalog.takeForOwn(path, content, worktree: tree.worktree)
            }
        }
    }
}
