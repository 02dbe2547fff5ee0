// SPDX-License-Identifier: Apache-2.0

/// Calls `body` for each item, at most `threads` at one time, and gives the results in order.
///
/// For work that waits, such as requests; one item, or one thread, stays on the caller's thread.
///
/// - Throws: the first error; items that have not begun then never do.
@discardableResult
package func concurrently<Item: Sendable, Result: Sendable, Failure: Error>(
    _ items: [Item], threads: Int, _ body: @escaping @Sendable (Item) throws(Failure) -> Result
) throws(Failure) -> [Result] {
    let state = Monitor(ConcurrentWork<Result, Failure>(count: items.count))
    let work: @Sendable () -> Void = {
        while let number = state.with({ $0.take() }) {
            do throws(Failure) {
                let result = try body(items[number])
                state.with { $0.results[number] = result }
            } catch { state.with { $0.failure = $0.failure ?? error } }
        }
    }
    var workers: [WorkerThread] = []
    for _ in 1..<max(1, min(threads, items.count)) {
        // Fewer threads than asked for do the same work.
        guard let worker = try? WorkerThread(work) else { break }
        workers.append(worker)
    }
    work()
    for worker in workers { worker.join() }
    let end = state.with { $0 }
    if let failure = end.failure { throw failure }
    return end.results.compactMap(\.self)
}

private struct ConcurrentWork<Result: Sendable, Failure: Error>: Sendable {
    var next = 0
    var results: [Result?]
    var failure: Failure?

    init(count: Int) { results = Array(repeating: nil, count: count) }

    /// The number of the next item to begin with; nil at the end, or after a failure.
    mutating func take() -> Int? {
        if failure != nil || next == results.count { return nil }
        next += 1
        return next - 1
    }
}
