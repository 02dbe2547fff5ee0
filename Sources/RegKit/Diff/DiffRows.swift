// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegHash
internal import RegJobs
internal import RegManifest
internal import RegTensor

/// A row of one side, with the chunks of a file that is stored.
struct DiffRow {
    let row: TreeRow
    let chunks: [ChunkRow]
}

/// The rows of one side of a comparison in path order, one at a time.
final class DiffRows {
    private let source: () throws -> DiffRow?

    /// Of an artifact that a side lacks, there are none.
    init(of side: DiffSide?, library: ManifestLibrary) throws {
        switch side?.content {
        case nil: source = { nil }
        case .stored(let manifest)?:
            let reader = library.reader(of: manifest)
            let subject = side?.subject ?? ""
            source = {
                var parts: [ChunkRow] = []
                while let item = try library.next(reader, subject: subject) {
                    parts += item.chunks
                    if case .row(let row, _) = item { return DiffRow(row: row, chunks: parts) }
                }
                return nil
            }
        case .files(let tree, let path, _)?:
            let rows = try RowsAhead(of: path, in: tree)
            source = { try rows.next().map { DiffRow(row: $0, chunks: []) } }
        case .git(let artifact)?:
            var rest = artifact.rows[...]
            source = { rest.popFirst().map { DiffRow(row: $0, chunks: []) } }
        }
    }

    func next() throws -> DiffRow? { try source() }
}

/// The rows of a working tree, taken one at a time: a thread goes through the tree ahead of who takes them.
private final class RowsAhead {
    private static let batchSize = 1024
    private static let limit = 4 * batchSize

    private struct State {
        var waiting: [TreeRow] = []
        /// Set when there are no more.
        var end: Result<Void, any Error>?
        var isAbandoned = false
    }

    /// Nobody wants the rest.
    private struct Abandoned: Error {}

    private let state = Monitor(State())
    private let thread: WorkerThread
    private var taken: ArraySlice<TreeRow> = []

    init(of path: BytePath, in tree: WorkingTree) throws {
        let state = state
        thread = try WorkerThread {
            let end = Result { try RowsAhead.walk(path, in: tree, state) }
            state.with(notifying: true) { $0.end = end }
        }
    }

    deinit {
        state.with(notifying: true) { $0.isAbandoned = true }
        thread.join()
    }

    private static func walk(_ path: BytePath, in tree: WorkingTree, _ state: Monitor<State>) throws {
        var batch: [TreeRow] = []
        func give() throws {
            try state.wait { state -> Void? in
                if state.isAbandoned { throw Abandoned() }
                return state.waiting.count < limit ? () : nil
            }
            state.with(notifying: true) { $0.waiting += batch }
            batch.removeAll(keepingCapacity: true)
        }
        _ = try tree.forEachRow(of: path) { row in
            batch.append(row)
            if batch.count == batchSize { try give() }
        }
        try give()
    }

    func next() throws -> TreeRow? {
        if taken.isEmpty {
            let next = try state.wait { state -> [TreeRow]? in
                if state.waiting.isEmpty, let end = state.end {
                    try end.get()
                    return []
                }
                return state.waiting.isEmpty ? nil : state.waiting
            }
            taken = next[...]
            state.with(notifying: true) { $0.waiting.removeFirst(next.count) }
        }
        return taken.popFirst()
    }
}
