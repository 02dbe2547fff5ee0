// SPDX-License-Identifier: Apache-2.0
internal import RegJobs

/// How often and when a request is sent again.
package struct RetryPolicy: Sendable {
    /// Requests for one thing, as long as nothing of it arrives.
    package var attempts = 8
    /// How long one thing may take with all its attempts.
    package var limit: Duration = .seconds(15 * 60)
    /// The first wait is random up to this, each further one up to twice the one before.
    package var base: Duration = .milliseconds(200)
    /// The same where the server asks to be spared.
    package var sparingBase: Duration = .seconds(1)
    package var longestWait: Duration = .seconds(20)

    package init() {}

    /// A random wait before attempt `number` + 1: waits of many clients spread evenly, so that they do not meet again.
    func wait(after number: Int, isSparing: Bool, askedFor: Int?) -> Duration {
        let base = isSparing ? sparingBase : base
        let ceiling = min(base * (1 << min(number - 1, 10)), longestWait)
        let random = ceiling * Double.random(in: 0...1)
        // Those whom the server has told the same time do not come back all at once.
        return random + min(.seconds(askedFor ?? 0), longestWait)
    }
}

/// The retries that a process may still make: each takes one, each success gives half of one back.
///
/// Where most requests fail, sending ever more of them helps nobody.
final class RetryBudget: Sendable {
    private static let capacity = 200.0
    private let left = Monitor(capacity)

    func take() -> Bool {
        left.with { left in
            guard left >= 1 else { return false }
            left -= 1
            return true
        }
    }

    func giveBack() { left.with { $0 = min(RetryBudget.capacity, $0 + 0.5) } }
}

/// How many requests run at one time: half as many when the server asks to be spared, one more every ten seconds.
final class Throttle: Sendable {
    private struct State {
        var limit: Int
        var running = 0
        var lastChange = ContinuousClock.now
    }

    private let most: Int
    private let state: Monitor<State>

    init(most: Int) {
        self.most = most
        state = Monitor(State(limit: most))
    }

    func enter() {
        state.wait { state -> Void? in
            if state.limit < most, ContinuousClock.now - state.lastChange >= .seconds(10) {
                state.limit += 1
                state.lastChange = .now
            }
            guard state.running < state.limit else { return nil }
            state.running += 1
            return ()
        }
    }

    func leave() { state.with(notifying: true) { $0.running -= 1 } }

    /// The server asked to be spared.
    func slowDown() {
        state.with { state in
            guard ContinuousClock.now - state.lastChange >= .seconds(1) || state.limit == most else { return }
            state.limit = max(1, state.limit / 2)
            state.lastChange = .now
        }
    }
}
