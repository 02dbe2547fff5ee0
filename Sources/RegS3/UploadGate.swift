// SPDX-License-Identifier: Apache-2.0
internal import RegJobs

/// How many large uploads run at one time: one at first, then two, and up to four once a gibibyte has gone well.
///
/// What is cut off on its way is sent again, and that is to be little beside what was sent before.
final class UploadGate: Sendable {
    static let most = 4

    private struct State {
        var running = 0
        var ended = 0
    }

    private let state = Monitor(State())

    func enter(isUnsteady: Bool) {
        state.wait { state -> Void? in
            let limit = isUnsteady || state.ended == 0 ? 1 : min(UploadGate.most, 2 + state.ended / 16)
            guard state.running < limit else { return nil }
            state.running += 1
            return ()
        }
    }

    func leave() {
        state.with(notifying: true) { state in
            state.running -= 1
            state.ended += 1
        }
    }
}
