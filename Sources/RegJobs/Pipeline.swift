// SPDX-License-Identifier: Apache-2.0

/// One step that every slot of a ``Pipeline`` passes.
package struct Stage<Slot: Sendable>: Sendable {
    fileprivate let threads: Int
    fileprivate let body: @Sendable (Slot) throws -> Void

    /// One slot at a time, in the order of submission.
    package static func ordered(_ body: @escaping @Sendable (Slot) throws -> Void) -> Stage {
        Stage(threads: 1, body: body)
    }

    /// Up to `threads` slots at a time, in any order.
    package static func parallel(_ threads: Int, _ body: @escaping @Sendable (Slot) throws -> Void) -> Stage {
        Stage(threads: max(1, threads), body: body)
    }
}

/// A few reused slots that go round from a producer through stages, each stage on threads of its own.
///
/// Memory is bounded by construction: what is in flight is in a slot, and there are no more slots than were given.
/// Slow stages hold up fast ones by keeping the slots; blocking in a stage holds up nobody else's processor. The
/// first error of any stage stops the work: later slots pass without being worked on, and the producer is told.
package final class Pipeline<Slot: Sendable>: Sendable {
    private struct State {
        var free: [Slot]
        /// Per stage: what waits for it, by number of submission.
        var waiting: [[Int: Slot]]
        /// Per ordered stage: the number it takes next.
        var next: [Int]
        var submitted = 0
        var isClosed = false
        var error: (any Error)?
    }

    private let state: Monitor<State>
    private let stages: [Stage<Slot>]

    private init(slots: [Slot], stages: [Stage<Slot>]) {
        self.stages = stages
        state = Monitor(
            State(
                free: slots, waiting: Array(repeating: [:], count: stages.count),
                next: Array(repeating: 0, count: stages.count)))
    }

    /// Runs `produce`, which takes slots by `acquire`, fills them and gives them to `submit`, and returns when all of
    /// them have passed all stages.
    ///
    /// - Throws: the first error of `produce` or of a stage.
    package static func run(
        slots: [Slot], stages: [Stage<Slot>], produce: (Pipeline) throws -> Void
    ) throws {
        let pipeline = Pipeline(slots: slots, stages: stages)
        let threads = stages.indices.flatMap { index in
            (0..<stages[index].threads).map { _ in WorkerThread { pipeline.work(stage: index) } }
        }
        do { try produce(pipeline) } catch { pipeline.fail(error) }
        pipeline.state.with(notifying: true) { $0.isClosed = true }
        for thread in threads { thread.join() }
        if let error = pipeline.state.with({ $0.error }) { throw error }
    }

    /// A free slot; waits for one.
    ///
    /// - Throws: the first error of any stage, as soon as there is one.
    package func acquire() throws -> Slot {
        try state.wait { state in
            if let error = state.error { throw error }
            return state.free.popLast()
        }
    }

    /// Sends a slot on its way.
    package func submit(_ slot: Slot) {
        state.with(notifying: true) { state in
            state.waiting[0][state.submitted] = slot
            state.submitted += 1
        }
    }

    private func fail(_ error: any Error) {
        state.with(notifying: true) { if $0.error == nil { $0.error = error } }
    }

    private func work(stage: Int) {
        while let (number, slot) = take(stage: stage) {
            let hasFailed = state.with { $0.error != nil }
            if !hasFailed {
                do { try stages[stage].body(slot) } catch { fail(error) }
            }
            state.with(notifying: true) { state in
                if stage + 1 < stages.count {
                    state.waiting[stage + 1][number] = slot
                } else {
                    state.free.append(slot)
                }
            }
        }
    }

    /// The next slot for `stage`, nil when no more can come.
    private func take(stage: Int) -> (Int, Slot)? {
        let isOrdered = stages[stage].threads == 1
        return state.wait { state -> (Int, Slot)?? in
            let number = isOrdered ? state.next[stage] : state.waiting[stage].keys.min()
            if let number, let slot = state.waiting[stage].removeValue(forKey: number) {
                state.next[stage] += 1
                return (number, slot)
            }
            let isDone = state.isClosed && state.next[stage] == state.submitted
            return isDone ? .some(nil) : nil
        }
    }
}
