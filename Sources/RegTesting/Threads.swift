// SPDX-License-Identifier: Apache-2.0
internal import RegJobs

/// Calls `body` on `count` threads that start together, and gives what each made of its number.
///
/// - Throws: the first error that any of them threw.
package func onThreads<Result: Sendable>(
    _ count: Int, _ body: @escaping @Sendable (Int) throws -> Result
) throws -> [Result] {
    let state = Monitor(Meeting<Result>(results: Array(repeating: nil, count: count)))
    let threads = try (0..<count).map { number in
        try WorkerThread {
            state.with(notifying: true) { $0.arrived += 1 }
            state.wait { $0.arrived == count ? () : nil }
            do {
                let result = try body(number)
                state.with { $0.results[number] = result }
            } catch {
                state.with { $0.error = $0.error ?? error }
            }
        }
    }
    for thread in threads { thread.join() }
    return try state.with { state in
        if let error = state.error { throw error }
        return state.results.compactMap(\.self)
    }
}

private struct Meeting<Result: Sendable> {
    var arrived = 0
    var results: [Result?]
    var error: (any Error)?
}
