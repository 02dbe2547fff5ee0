// SPDX-License-Identifier: Apache-2.0
internal import RegKit
internal import Synchronization

/// Shows on standard error how far a verb is, told from any thread and as often as anybody likes.
final class ProgressDisplay: Sendable {
    enum Form: Sendable {
        case none
        /// One line of a terminal, drawn over at most ten times a second and erased at the end.
        case bar
        /// A line at most once a second, for a log file.
        case lines

        fileprivate var interval: Duration { self == .bar ? .milliseconds(100) : .seconds(1) }

        /// A verb that is done by then draws no bar, and tells one line.
        fileprivate var delay: Duration { self == .bar ? .milliseconds(250) : .seconds(1) }
    }

    /// The world around: the clock, the terminal's width and standard error.
    struct Surroundings: Sendable {
        var now: @Sendable () -> ContinuousClock.Instant = { .now }
        var columns: @Sendable () -> Int = { Terminal.columns }
        var write: @Sendable (String) -> Void = writeToStandardError
    }

    private struct State {
        var meter = ProgressMeter()
        var next: ContinuousClock.Instant
        var isDrawn = false
        /// What `lines` has not told yet.
        var untold: Progress?
        var isFinished = false
    }

    /// Back to the first column, and nothing there.
    static let eraseLine = "\r\u{1b}[K"

    let form: Form
    private let surroundings: Surroundings
    private let state: Mutex<State>

    init(_ form: Form, _ surroundings: Surroundings = Surroundings()) {
        self.form = form
        self.surroundings = surroundings
        state = Mutex(State(next: surroundings.now() + form.delay))
    }

    /// Shows `progress`, or drops it where one was shown just now or is being shown.
    func update(_ progress: Progress) {
        guard form != .none else { return }
        // Nobody who works waits for a slow terminal.
        _ = state.withLockIfAvailable { state in
            guard !state.isFinished else { return }
            state.untold = progress
            let now = surroundings.now()
            guard now >= state.next else { return }
            state.next = now + form.interval
            state.meter.record(progress, at: now)
            show(progress, &state)
        }
    }

    private func show(_ progress: Progress, _ state: inout State) {
        let line = ProgressLine(progress: progress, rate: state.meter.rate)
        switch form {
        case .none: return
        case .bar: surroundings.write(ProgressDisplay.eraseLine + line.bar(columns: surroundings.columns()))
        case .lines: surroundings.write(line.plain + "\n")
        }
        state.isDrawn = form == .bar
        state.untold = nil
    }

    /// Writes a line of its own, above the bar where there is one.
    func say(_ line: String) {
        state.withLock { state in
            erase(&state)
            surroundings.write(line + "\n")
        }
    }

    /// Erases the bar, or tells the end of what was told in lines; nothing is shown any more.
    func finish() {
        state.withLock { state in
            guard !state.isFinished else { return }
            state.isFinished = true
            erase(&state)
            if form == .lines, let last = state.untold { show(last, &state) }
        }
    }

    private func erase(_ state: inout State) {
        if state.isDrawn { surroundings.write(ProgressDisplay.eraseLine) }
        state.isDrawn = false
    }
}
