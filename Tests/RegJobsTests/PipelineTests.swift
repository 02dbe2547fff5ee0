// SPDX-License-Identifier: Apache-2.0
import RegJobs
import RegTesting
import Testing

/// What goes round: a number, and a mark that only one stage at a time may set.
private final class Slot: @unchecked Sendable {  // the pipeline hands it from thread to thread
    var number = -1
    private let isHeld = Monitor(false)

    /// Runs `body` as the only one that has the slot.
    func held<Result>(_ body: () throws -> Result) rethrows -> Result {
        let wasHeld = isHeld.with { held in
            defer { held = true }
            return held
        }
        #expect(!wasHeld, "one stage at a time has a slot")
        defer { isHeld.with { $0 = false } }
        return try body()
    }
}

private struct Failure: Error, Equatable {
    let place: String
}

private func slots(_ count: Int) -> [Slot] { (0..<count).map { _ in Slot() } }

/// Sends `count` numbers round.
private func send(_ count: Int, through pipeline: Pipeline<Slot>) throws {
    for number in 0..<count {
        let slot = try pipeline.acquire()
        slot.held { slot.number = number }
        pipeline.submit(slot)
    }
}

/// A little work, so that slots overtake each other.
private func spin(_ seed: UInt64) {
    var random = SeededRandom(seed: seed)
    for _ in 0..<Int.random(in: 0..<60, using: &random) { _ = random.next() }
}

@Suite(.timeLimit(.minutes(2))) struct PipelineTests {
    @Test(arguments: 1...12 as ClosedRange<UInt64>)
    func orderedStagesKeepTheOrderWhateverParallelOnesDo(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let slotCount = Int.random(in: 1...9, using: &random)
        let threadCounts = (0..<3).map { _ in Int.random(in: 2...8, using: &random) }
        print("seed \(seed): \(slotCount) slots, \(threadCounts) threads")
        let seen = Monitor<[[Int]]>([[], [], []])
        @Sendable func note(_ slot: Slot, _ list: Int) { seen.with { $0[list].append(slot.number) } }
        let count = 400
        try Pipeline.run(
            slots: slots(slotCount),
            stages: [
                .ordered { slot in slot.held { note(slot, 0) } },
                .parallel(threadCounts[0]) { slot in slot.held { spin(seed &+ UInt64(slot.number)) } },
                .parallel(threadCounts[1]) { slot in
                    slot.held {
                        note(slot, 1)
                        spin(seed ^ UInt64(slot.number))
                    }
                },
                .ordered { slot in slot.held { note(slot, 2) } },
            ]
        ) { try send(count, through: $0) }
        let lists = seen.with { $0 }
        #expect(lists[0] == Array(0..<count))
        #expect(lists[1].sorted() == Array(0..<count))
        #expect(lists[2] == Array(0..<count))
    }

    @Test(arguments: [1, 2, 5])
    func noMoreIsInFlightThanThereAreSlots(slotCount: Int) throws {
        let flight = Monitor((now: 0, most: 0))
        try Pipeline.run(
            slots: slots(slotCount),
            stages: [
                .parallel(8) { spin(UInt64($0.number)) },
                .ordered { _ in flight.with { $0.now -= 1 } },
            ]
        ) { pipeline in
            for number in 0..<300 {
                let slot = try pipeline.acquire()
                slot.number = number
                flight.with {
                    $0.now += 1
                    $0.most = max($0.most, $0.now)
                }
                pipeline.submit(slot)
            }
        }
        #expect(flight.with { $0.now } == 0)
        #expect(flight.with { $0.most } <= slotCount)
    }

    @Test func aParallelStageTakesSeveralAtOnce() throws {
        let meeting = Monitor(0)
        try Pipeline.run(
            slots: slots(3),
            stages: [
                .parallel(3) { _ in
                    meeting.with(notifying: true) { $0 += 1 }
                    meeting.wait { $0 >= 3 ? () : nil }  // for ever, if one came after the other
                }
            ]
        ) { try send(3, through: $0) }
        #expect(meeting.with { $0 } == 3)
    }

    @Test func nothingToDoIsDoneAtOnce() throws {
        try Pipeline.run(slots: slots(2), stages: [.ordered { _ in }, .parallel(3) { _ in }]) { _ in }
    }

    @Test(arguments: 0..<4, [1, 2, 7])
    func anErrorOfAStageEndsAllAndIsThrown(stage: Int, slotCount: Int) throws {
        let worked = Monitor(0)
        let failing = (0..<4).map { index in
            { @Sendable (slot: Slot) throws in
                if index == 3 { worked.with { $0 += 1 } }
                if index == stage, slot.number == 10 { throw Failure(place: "stage \(index)") }
            }
        }
        #expect(throws: Failure(place: "stage \(stage)")) {
            try Pipeline.run(
                slots: slots(slotCount),
                stages: [
                    .ordered(failing[0]), .parallel(4, failing[1]), .ordered(failing[2]),
                    .parallel(2, failing[3]),
                ]
            ) { pipeline in
                // Without an end: only the error ends it, mostly while this waits for a slot.
                for number in 0... {
                    let slot = try pipeline.acquire()
                    slot.number = number
                    pipeline.submit(slot)
                }
            }
        }
        #expect(worked.with { $0 } <= 10 + slotCount)
    }

    @Test(arguments: [0, 1, 50])
    func anErrorOfTheProducerEndsAllAndIsThrown(count: Int) {
        let worked = Monitor(0)
        #expect(throws: Failure(place: "producer")) {
            try Pipeline.run(
                slots: slots(3),
                stages: [.parallel(2) { spin(UInt64($0.number)) }, .ordered { _ in worked.with { $0 += 1 } }]
            ) { pipeline in
                try send(count, through: pipeline)
                throw Failure(place: "producer")
            }
        }
        #expect(worked.with { $0 } <= count)
    }

    @Test func theFirstErrorIsTheOneThrown() {
        #expect(throws: Failure(place: "stage")) {
            try Pipeline.run(slots: slots(1), stages: [.ordered { _ in throw Failure(place: "stage") }]) {
                pipeline in
                do { try send(5, through: pipeline) } catch { throw Failure(place: "producer") }
            }
        }
    }

    @Test(arguments: 1...10 as ClosedRange<UInt64>)
    func errorsAtRandomPlacesNeverHang(seed: UInt64) {
        print("seed \(seed)")
        var random = SeededRandom(seed: seed)
        let places = (0..<3).map { _ in Int.random(in: 0..<200, using: &random) }
        let slotCount = Int.random(in: 1...5, using: &random)
        let threads = Int.random(in: 2...6, using: &random)
        @Sendable func work(_ slot: Slot, _ stage: Int) throws {
            spin(seed &+ UInt64(slot.number))
            if slot.number == places[stage] { throw Failure(place: "\(stage)") }
        }
        #expect(throws: Failure.self) {
            try Pipeline.run(
                slots: slots(slotCount),
                stages: [
                    .parallel(threads) { try work($0, 0) }, .ordered { try work($0, 1) },
                    .parallel(threads) { try work($0, 2) },
                ]
            ) { try send(1_000, through: $0) }
        }
    }
}

@Suite(.timeLimit(.minutes(2))) struct MonitorTests {
    @Test func changesOfManyThreadsAddUp() throws {
        let count = Monitor(0)
        _ = try onThreads(8) { _ in for _ in 0..<500 { count.with { $0 += 1 } } }
        #expect(count.with { $0 } == 4_000)
    }

    @Test func aWaiterIsWokenByTheChangeItWaitsFor() throws {
        let turn = Monitor(0)
        let order = try onThreads(4) { number in
            // Each waits for the thread before it, however they start.
            turn.wait { $0 == number ? () : nil }
            return turn.with(notifying: true) { turn in
                defer { turn += 1 }
                return turn
            }
        }
        #expect(order == [0, 1, 2, 3])
    }

    @Test func anErrorLeavesTheMonitorFree() {
        let monitor = Monitor(1)
        #expect(throws: Failure.self) { try monitor.with { _ in throw Failure(place: "with") } }
        #expect(throws: Failure.self) {
            let _: Int = try monitor.wait { _ in throw Failure(place: "wait") }
        }
        #expect(monitor.with { $0 } == 1)
    }

    @Test func aRecursiveLockKeepsOthersOutUntilTheLastUnlock() throws {
        let lock = RecursiveLock()
        final class Count: @unchecked Sendable { var value = 0 }  // guarded by `lock`
        let count = Count()
        _ = try onThreads(4) { _ in
            for _ in 0..<300 {
                lock.lock()
                lock.lock()
                let value = count.value
                lock.unlock()
                count.value = value + 1
                lock.unlock()
            }
        }
        #expect(count.value == 1_200)
    }
}
