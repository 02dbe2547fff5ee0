// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import RegBytes
internal import RegCatalog
internal import RegFiles
internal import RegJobs

/// One entry of a tree, and what is known of it; good as long as the call that gives it.
struct ScannedEntry {
    private let batch: TreeBatch
    private let index: Int
    /// Nil for an entry never seen.
    let known: KnownEntry?

    init(_ batch: TreeBatch, _ index: Int, known: KnownEntry?) {
        self.batch = batch
        self.index = index
        self.known = known
    }

    var entry: TreeEntry { batch.entry(index) }

    /// Relative to the artifact.
    var path: BytePath { batch.path(index) }

    func withPath<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try batch.withPath(index, body)
    }

    /// As a tree row has it: of the file, or of the link's target.
    var size: UInt64 { entry.status?.size ?? UInt64(entry.target?.bytes.count ?? 0) }

    /// What the entry is; nil for a file that has to be read to know.
    var content: Content? {
        switch entry.kind {
        case .emptyDirectory: .emptyDirectory
        case .symlink: entry.target.map { .symlink(to: $0) }
        case .file, .followedFile:
            if let known, let status = entry.status, known.matches(status) { known.content } else { nil }
        case .other, .gone: nil
        }
    }
}

extension WorkingTree {
    /// Goes through what lies at `path`, a directory or a file, in path order.
    ///
    /// The walk, the look at each file, and the comparison run on threads of their own; `body` and `passed` are called
    /// on one of them, one call at a time. `passed` gets the known entries that are no longer there.
    ///
    /// - Returns: false where there is nothing.
    func scan(
        _ path: BytePath, links: LinkPolicy = .keep, passed: (KnownFile) throws -> Void = { _ in },
        body: (ScannedEntry) throws -> Void
    ) throws -> Bool {
        guard var walk = try TreeWalk(path, below: root, rules: rules, links: links) else { return false }
        let known = KnownFiles(of: path, catalog: catalog, worktree: worktree)
        let base = try base(of: path)
        // The closures outlive no thread of the pipeline, which ends before this function does.
        try withoutActuallyEscaping(body) { body in
            try withoutActuallyEscaping(passed) { passed in
                let comparison = Comparison(known, base: base, passed: passed, body: body)
                let batchCount = jobs + 4
                let batches = (0..<batchCount).map { _ in
                    TreeBatch(directoryLimit: openDirectoryLimit(sharedBy: batchCount))
                }
                let stages: [Stage<TreeBatch>] = [
                    .parallel(jobs) { try $0.examine() }, .ordered { try comparison.take($0) },
                ]
                try Pipeline.run(slots: batches, stages: stages) { pipeline in
                    var batch = try pipeline.acquire()
                    batch.clear()
                    while let place = try walk.next() {
                        if !batch.isFull, batch.append(place) { continue }
                        pipeline.submit(batch)
                        batch = try pipeline.acquire()
                        batch.clear()
                        _ = batch.append(place)
                    }
                    pipeline.submit(batch)
                }
                try comparison.finish()
            }
        }
        return true
    }
}

/// Brings entries and what is known of them together.
private final class Comparison: @unchecked Sendable {  // used by the last stage, one batch at a time
    private var known: KnownFiles
    private let base: BytePath
    private let passed: (KnownFile) throws -> Void
    private let body: (ScannedEntry) throws -> Void

    init(
        _ known: KnownFiles, base: BytePath, passed: @escaping (KnownFile) throws -> Void,
        body: @escaping (ScannedEntry) throws -> Void
    ) {
        self.known = known
        self.base = base
        self.passed = passed
        self.body = body
    }

    func take(_ batch: TreeBatch) throws {
        for index in 0..<batch.count where batch.entry(index).kind != .gone {
            let entry: KnownEntry? = try batch.withPath(index) { path in
                try known.entry(at: path, below: base, passed: passed)
            }
            try body(ScannedEntry(batch, index, known: entry))
        }
    }

    func finish() throws { while let file = try known.next() { try passed(file) } }
}

/// How many directories each of several batches on their way may keep open, by the process's limit.
func openDirectoryLimit(sharedBy count: Int) -> Int {
    max(1, min(16, spareDescriptorCount() / (2 * count)))
}

/// How many files the process may open beyond those that every run needs.
func spareDescriptorCount() -> Int {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 0 }
    return max(0, Int(clamping: limit.rlim_cur) - 24)
}
