// SPDX-License-Identifier: Apache-2.0

/// Calls `body` with 0 to `count` − 1 on at most `threads` threads, and gives the results in order.
///
/// For work that waits, such as requests; with one call it stays on the caller's thread.
package func concurrentMap<Result: Sendable>(
    _ count: Int, threads: Int, _ body: @escaping @Sendable (Int) -> Result
) -> [Result] {
    if count <= 1 || threads <= 1 { return (0..<count).map(body) }
    let state = Monitor(Work<Result>(results: Array(repeating: nil, count: count)))
    let work: @Sendable () -> Void = {
        while let number = state.with({ $0.take() }) {
            let result = body(number)
            state.with { $0.results[number] = result }
        }
    }
    var workers: [WorkerThread] = []
    for _ in 1..<min(count, threads) {
        // Fewer threads than asked for do the same work.
        guard let worker = try? WorkerThread(work) else { break }
        workers.append(worker)
    }
    work()
    for worker in workers { worker.join() }
    return state.with { $0.results.compactMap(\.self) }
}

private struct Work<Result> {
    var next = 0
    var results: [Result?]

    mutating func take() -> Int? {
        if next == results.count { return nil }
        next += 1
        return next - 1
    }
}
