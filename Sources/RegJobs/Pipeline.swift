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
    private struct Pool {
        var free: [Slot]
        var submitted = 0
        var error: (any Error)?
    }

    /// What waits for a stage.
    private struct Queue {
        /// By number of submission.
        var waiting: [Int: Slot] = [:]
        /// How many slots were taken; for an ordered stage, the number of the next.
        var taken = 0
        /// How many will come in all, once that is known.
        var total: Int?
    }

    private let stages: [Stage<Slot>]
    private let pool: Monitor<Pool>
    /// One for each stage, so that what happens in one wakes nobody in another.
    private let queues: [Monitor<Queue>]

    private init(slots: [Slot], stages: [Stage<Slot>]) {
        self.stages = stages
        pool = Monitor(Pool(free: slots))
        queues = stages.map { _ in Monitor(Queue()) }
    }

    /// Runs `produce`, which takes slots by `acquire`, fills them and gives them to `submit`, and returns when all of
    /// them have passed all stages.
    ///
    /// - Throws: the first error of `produce` or of a stage.
    package static func run(
        slots: [Slot], stages: [Stage<Slot>], produce: (Pipeline) throws -> Void
    ) throws {
        let pipeline = Pipeline(slots: slots, stages: stages)
        var threads: [WorkerThread] = []
        do {
            for (index, stage) in stages.enumerated() {
                for _ in 0..<stage.threads {
                    threads.append(try WorkerThread { pipeline.work(stage: index) })
                }
            }
            try produce(pipeline)
        } catch { pipeline.fail(error) }
        let total = pipeline.pool.with { $0.submitted }
        for queue in pipeline.queues { queue.with(notifying: true) { queue in queue.total = total } }
        for thread in threads { thread.join() }
        if let error = pipeline.pool.with({ $0.error }) { throw error }
    }

    /// A free slot; waits for one.
    ///
    /// - Throws: the first error of any stage, as soon as there is one.
    package func acquire() throws -> Slot {
        try pool.wait { pool in
            if let error = pool.error { throw error }
            return pool.free.popLast()
        }
    }

    /// Sends a slot on its way.
    package func submit(_ slot: Slot) {
        let number = pool.with { pool in
            pool.submitted += 1
            return pool.submitted - 1
        }
        queues[0].with(notifying: true) { $0.waiting[number] = slot }
    }

    private func fail(_ error: any Error) {
        pool.with(notifying: true) { if $0.error == nil { $0.error = error } }
    }

    private func work(stage: Int) {
        while let (number, slot) = take(stage: stage) {
            let hasFailed = pool.with { $0.error != nil }
            if !hasFailed {
                do { try stages[stage].body(slot) } catch { fail(error) }
            }
            if stage + 1 < stages.count {
                queues[stage + 1].with(notifying: true) { $0.waiting[number] = slot }
            } else {
                pool.with(notifying: true) { $0.free.append(slot) }
            }
        }
    }

    /// The next slot for `stage`, nil when no more can come.
    private func take(stage: Int) -> (Int, Slot)? {
        let isOrdered = stages[stage].threads == 1
        let next: (Int, Slot)? = queues[stage].wait { queue -> (Int, Slot)?? in
            let number = isOrdered ? queue.taken : queue.waiting.keys.min()
            if let number, let slot = queue.waiting.removeValue(forKey: number) {
                queue.taken += 1
                return (number, slot)
            }
            return queue.taken == queue.total ? .some(nil) : nil
        }
        // The last slot is taken: whoever else waits here waits for nothing.
        if next == nil { queues[stage].with(notifying: true) { _ in } }
        return next
    }
}
