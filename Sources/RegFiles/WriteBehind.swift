// SPDX-License-Identifier: Apache-2.0
internal import RegJobs

/// Writes buffers to a file on a thread of its own, while its owner fills the next one.
///
/// At most one buffer is under way; whoever gives the next waits for it. One owner, one thread at a time.
final class WriteBehind {
    private struct State: @unchecked Sendable {  // the bytes are the owner's, who keeps off them meanwhile
        var waiting: UnsafeRawBufferPointer?
        var error: FileError?
        var isClosed = false
    }

    private let state = Monitor(State())
    private let thread: WorkerThread

    init(_ file: Descriptor) throws(FileError) {
        let body: @Sendable () -> Void = { [state] in
            while let bytes = state.wait(until: {
                $0.waiting.map(Optional.some) ?? ($0.isClosed ? .some(nil) : nil)
            }) {
                var failure: FileError?
                do throws(FileError) { try file.write(bytes) } catch { failure = error }
                state.with(notifying: true) { state in
                    state.waiting = nil
                    state.error = state.error ?? failure
                }
            }
        }
        do { thread = try WorkerThread(body) } catch {
            throw FileError("start a thread to write", file.path, code: error.code)
        }
    }

    deinit {
        state.with(notifying: true) { $0.isClosed = true }
        thread.join()
    }

    /// Has `bytes` written, which must stay as they are until the next call returns.
    ///
    /// Throws the first error of any write.
    func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        let error = state.wait { state in state.waiting == nil ? .some(state.error) : nil }
        if let error { throw error }
        state.with(notifying: true) { $0.waiting = bytes }
    }

    /// Waits until everything is written.
    ///
    /// Throws the first error of any write.
    func finish() throws(FileError) {
        let error = state.wait { state in state.waiting == nil ? .some(state.error) : nil }
        if let error { throw error }
    }
}
