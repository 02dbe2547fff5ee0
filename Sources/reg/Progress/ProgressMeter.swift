// SPDX-License-Identifier: Apache-2.0
internal import RegKit

/// Turns reports of progress into a rate that does not jump about.
struct ProgressMeter {
    /// Seconds over which the rate is smoothed.
    private static let memory = 3.0

    private var last: (progress: Progress, time: ContinuousClock.Instant)?
    /// Bytes a second; nil until two reports were seen.
    private(set) var rate: Double?

    /// Takes note of `progress` at `time`; a new phase begins anew.
    mutating func record(_ progress: Progress, at time: ContinuousClock.Instant) {
        defer { last = (progress, time) }
        guard let last, last.progress.phase == progress.phase,
            progress.doneByteCount >= last.progress.doneByteCount
        else {
            rate = nil
            return
        }
        let seconds = (time - last.time) / .seconds(1)
        guard seconds > 0 else { return }
        let current = Double(progress.doneByteCount - last.progress.doneByteCount) / seconds
        let weight = seconds / (seconds + ProgressMeter.memory)
        rate = rate.map { $0 + weight * (current - $0) } ?? current
    }
}
