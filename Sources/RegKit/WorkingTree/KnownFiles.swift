// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import RegBytes
internal import RegCatalog
internal import RegFiles

/// What the catalog knows of the entries of one artifact, given out in path order beside a walk.
///
/// Read in batches, so that memory does not grow with the artifact.
struct KnownFiles {
    private let catalog: Catalog
    private let worktree: Int64
    /// The artifact's path in the workspace.
    private let artifact: BytePath
    private let batch = KnownBatch()
    private var index = 0
    private var isAtEnd = false

    init(of artifact: BytePath, catalog: Catalog, worktree: Int64) {
        self.artifact = artifact
        self.catalog = catalog
        self.worktree = worktree
    }

    /// The next known entry, in path order, its path relative to the workspace.
    mutating func next() throws -> KnownFile? {
        guard try fill() else { return nil }
        defer { index += 1 }
        return KnownFile(path: batch.path(index), batch.entries[index])
    }

    /// What is known of the entry at `path`, given relative to `base`; entries before it are passed over.
    mutating func entry(
        at path: UnsafeRawBufferPointer, below base: BytePath, passed: (KnownFile) throws -> Void
    ) throws -> KnownEntry? {
        let prefix = base.isEmpty ? 0 : base.bytes.count + 1
        while try fill() {
            let order = batch.withPath(index) { known in
                compare(UnsafeRawBufferPointer(rebasing: known.dropFirst(prefix)), path)
            }
            if order > 0 { return nil }
            defer { index += 1 }
            if order == 0 { return batch.entries[index] }
            try passed(KnownFile(path: batch.path(index), batch.entries[index]))
        }
        return nil
    }

    /// Whether there is an entry at `index`, after reading the next batch where that is due.
    private mutating func fill() throws -> Bool {
        if index < batch.count { return true }
        if isAtEnd { return false }
        let last = batch.count == 0 ? nil : batch.path(batch.count - 1)
        try catalog.fill(batch, below: artifact, after: last, worktree: worktree)
        index = 0
        isAtEnd = batch.count < batch.limit
        return batch.count > 0
    }
}

/// Below, at or above 0 as `left` comes before `right`, is the same, or comes after it.
private func compare(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Int {
    let common = min(left.count, right.count)
    if common > 0, let first = left.baseAddress, let second = right.baseAddress {
        let order = memcmp(first, second, common)
        if order != 0 { return Int(order) }
    }
    return left.count - right.count
}

/// Two stamps of the file system's clock closer than this may be the same, in nanoseconds.
private let clockTick: Int64 = 20_000_000

extension KnownEntry {
    /// What to remember of a file whose bytes were just read.
    ///
    /// Where it changed so lately that a further change could leave the same status behind, its status is not relied on:
    /// next time it is read again.
    static func afterReading(_ content: Content, _ status: FileStatus) -> KnownEntry {
        KnownEntry(content, status: nanosecondsNow() - status.changed < clockTick ? nil : status)
    }
}
