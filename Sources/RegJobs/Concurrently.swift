// SPDX-License-Identifier: Apache-2.0

/// Calls `body` for each item, at most `threads` at one time, and returns when all are done.
///
/// - Throws: the first error; items that have not begun then never do.
package func forEachConcurrently<Item: Sendable>(
    _ items: [Item], threads: Int, _ body: @escaping @Sendable (Item) throws -> Void
) throws {
    let state = Monitor<(rest: ArraySlice<Item>, error: (any Error)?)>((items[...], nil))
    let work: @Sendable () -> Void = {
        while let item = state.with({ $0.error == nil ? $0.rest.popFirst() : nil }) {
            do { try body(item) } catch { state.with { $0.error = $0.error ?? error } }
        }
    }
    var workers: [WorkerThread] = []
    defer { for worker in workers { worker.join() } }
    for _ in 1..<max(1, min(threads, items.count)) { workers.append(try WorkerThread(work)) }
    work()
    while let worker = workers.popLast() { worker.join() }
    if let error = state.with({ $0.error }) { throw error }
}
