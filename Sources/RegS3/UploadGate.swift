// SPDX-License-Identifier: Apache-2.0
internal import RegJobs

/// How many large uploads run at one time: one at first, one more for each that has ended well.
///
/// What is cut off on its way is sent again, so there is little of it where uploads are cut off.
final class UploadGate: Sendable {
    static let most = 4

    private struct State {
        var running = 0
        var ended = 0
    }

    private let state = Monitor(State())

    func enter(isUnsteady: Bool) {
        state.wait { state -> Void? in
            let limit = isUnsteady ? 1 : min(UploadGate.most, 1 + state.ended)
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
