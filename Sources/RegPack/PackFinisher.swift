// SPDX-License-Identifier: Apache-2.0
internal import RegFiles
internal import RegJobs
internal import RegStore

/// Makes full packs durable on threads of its own, while the next ones fill.
///
/// Not more packs are open at one time than there are buffers.
// Unchecked: what threads share is in the monitors, and `onFinished` is called by one at a time.
final class PackFinisher: @unchecked Sendable {
    /// A pack that takes no more entries.
    struct Full {
        let pack: PackWriter.Finished
        let writer: any ObjectWriter
        let note: UnfinishedPacks.Note?
        let buffer: LargeFileWriter.Buffer
    }

    private struct State {
        var waiting: [Full] = []
        /// Packs that are waiting or being finished.
        var count = 0
        var freeBuffers: [LargeFileWriter.Buffer]
        var error: (any Error)?
        var isClosed = false
    }

    private let state: Monitor<State>
    private let onFinished: Monitor<(PackWriter.Finished) throws -> Void>
    private let threadCount: Int
    private var threads: [WorkerThread] = []

    init(threads: Int, onFinished: @escaping (PackWriter.Finished) throws -> Void) {
        threadCount = threads
        self.onFinished = Monitor(onFinished)
        state = Monitor(State(freeBuffers: (0...threads).map { _ in LargeFileWriter.Buffer() }))
    }

    deinit {
        state.with(notifying: true) { $0.isClosed = true }
        for thread in threads { thread.join() }
    }

    /// A buffer for one more pack; waits for one.
    ///
    /// - Throws: the first error of any pack.
    func buffer() throws -> LargeFileWriter.Buffer {
        try state.wait { state in
            if let error = state.error { throw error }
            return state.freeBuffers.popLast()
        }
    }

    /// Takes back the buffer of a pack that is given up.
    func giveBack(_ buffer: LargeFileWriter.Buffer) {
        state.with(notifying: true) { $0.freeBuffers.append(buffer) }
    }

    /// Finishes a pack, some time before ``wait()`` returns.
    func finish(_ full: Full) throws {
        if threads.count < threadCount {
            let state = state
            let onFinished = onFinished
            threads.append(try WorkerThread { PackFinisher.work(state, onFinished) })
        }
        state.with(notifying: true) { state in
            state.waiting.append(full)
            state.count += 1
        }
    }

    /// Waits until all packs are finished.
    ///
    /// - Throws: the first error of any pack, which is then forgotten.
    func wait() throws {
        let error = state.wait { state -> (any Error)?? in
            guard state.count == 0 else { return nil }
            defer { state.error = nil }
            return .some(state.error)
        }
        if let error { throw error }
    }

    private static func work(
        _ state: Monitor<State>, _ onFinished: Monitor<(PackWriter.Finished) throws -> Void>
    ) {
        while let full = next(state) {
            let hasFailed = state.with { $0.error != nil }
            var failure: (any Error)?
            if !hasFailed {
                do { try finish(full, onFinished) } catch { failure = error }
            }
            state.with(notifying: true) { state in
                state.error = state.error ?? failure
                state.freeBuffers.append(full.buffer)
                state.count -= 1
            }
        }
    }

    private static func next(_ state: Monitor<State>) -> Full? {
        state.wait { state -> Full?? in
            if !state.waiting.isEmpty { return state.waiting.removeFirst() }
            return state.isClosed ? .some(nil) : nil
        }
    }

    private static func finish(
        _ full: Full, _ onFinished: Monitor<(PackWriter.Finished) throws -> Void>
    ) throws {
        do { try full.writer.finish() } catch {
            // What was collected may be of use to the next run.
            full.note?.leave()
            throw error
        }
        try onFinished.with { try $0(full.pack) }
        try full.writer.forget()
        try full.note?.remove()
    }
}
