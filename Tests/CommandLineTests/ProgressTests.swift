// SPDX-License-Identifier: Apache-2.0

import RegKit
import Synchronization
import Testing

@testable import reg

private func progress(_ done: UInt64, of total: UInt64? = nil, saved: UInt64 = 0) -> Progress {
    var progress = Progress(phase: "push", totalByteCount: total)
    progress.doneByteCount = done
    progress.savedByteCount = saved
    return progress
}

@Suite struct ProgressLineTests {
    private let line = ProgressLine(
        progress: progress(41 << 20, of: 100 << 20, saved: 8 << 20), rate: 10_485_760)

    @Test func aLogGetsEverything() {
        #expect(line.plain == "push: 41%, 41.0/100.0 MiB, 10.0 MiB/s, 0:06 left, 8.0 MiB saved")
    }

    @Test func aTerminalGetsABarWhereThereIsRoom() {
        let bar = "push  41%  [############                  ]  41.0/100.0 MiB  10.0 MiB/s  0:06 left"
        #expect(line.bar(columns: 120) == bar + "  8.0 MiB saved")
        #expect(line.bar(columns: 50) == "push  41%  41.0/100.0 MiB  10.0 MiB/s  0:06 left")
    }

    @Test(arguments: 0...200)
    func itNeverReachesTheLastColumn(columns: Int) {
        #expect(line.bar(columns: columns).count < max(1, columns))
    }

    @Test func anUnknownTotalLeavesOutWhatFollowsFromIt() {
        let line = ProgressLine(progress: progress(5 << 20), rate: 1_024)
        #expect(line.plain == "push: 5.0 MiB, 1.0 KiB/s")
        #expect(line.bar(columns: 80) == "push  5.0 MiB  1.0 KiB/s")
    }

    @Test(arguments: [(0, 0), (0, 1), (5, 3), (.max, 1), (1, .max), (.max, .max)] as [(UInt64, UInt64)])
    func oddNumbersDoNoHarm(done: UInt64, total: UInt64) {
        for rate in [nil, 0, 1e-9, 1e300] {
            let line = ProgressLine(progress: progress(done, of: total, saved: .max), rate: rate)
            #expect(line.bar(columns: 80).count < 80)
            #expect(line.plain.hasPrefix("push: "))
        }
    }
}

@Suite struct ProgressMeterTests {
    @Test func theRateIsSmoothed() throws {
        var meter = ProgressMeter()
        let start = ContinuousClock.now
        for second in 0...10 { meter.record(progress(UInt64(second) * 1_000), at: start + .seconds(second)) }
        #expect(meter.rate == 1_000)
        meter.record(progress(14_000), at: start + .seconds(11))
        #expect(try #require(meter.rate) == 1_750)
    }

    @Test func anotherPhaseBeginsAnew() {
        var meter = ProgressMeter()
        let start = ContinuousClock.now
        meter.record(progress(0), at: start)
        meter.record(progress(1_000), at: start + .seconds(1))
        meter.record(Progress(phase: "verify"), at: start + .seconds(2))
        #expect(meter.rate == nil)
    }
}

/// A display over a clock that only the test moves.
private final class Stage: Sendable {
    private let clock = Mutex(ContinuousClock.now)
    private let output = Mutex("")

    var written: String {
        output.withLock { text in
            defer { text = "" }
            return text
        }
    }

    func pass(_ duration: Duration) { clock.withLock { $0 += duration } }

    func display(_ form: ProgressDisplay.Form) -> ProgressDisplay {
        ProgressDisplay(
            form,
            .init(
                now: { self.clock.withLock { $0 } }, columns: { 80 },
                write: { text in self.output.withLock { $0 += text } }))
    }
}

@Suite struct ProgressDisplayTests {
    private let erase = ProgressDisplay.eraseLine

    @Test func aShortVerbDrawsNoBar() {
        let stage = Stage()
        let display = stage.display(.bar)
        display.update(progress(1, of: 2))
        stage.pass(.milliseconds(200))
        display.update(progress(2, of: 2))
        display.finish()
        #expect(stage.written == "")
    }

    @Test func theBarIsDrawnTenTimesASecondAndErased() {
        let stage = Stage()
        let display = stage.display(.bar)
        stage.pass(.milliseconds(200))
        var draws = 0
        for done in 0..<1_000 {
            stage.pass(.milliseconds(1))
            display.update(progress(UInt64(done), of: 1_000))
            if stage.written.hasPrefix(erase) { draws += 1 }
        }
        #expect((9...10).contains(draws))
        display.finish()
        #expect(stage.written == erase)
        display.update(progress(1_000, of: 1_000))
        display.finish()
        #expect(stage.written == "")
    }

    @Test func aNoticeStandsAboveTheBar() {
        let stage = Stage()
        let display = stage.display(.bar)
        stage.pass(.seconds(1))
        display.update(progress(1, of: 2))
        _ = stage.written
        display.say("retrying")
        #expect(stage.written == erase + "retrying\n")
        display.finish()
        #expect(stage.written == "")
    }

    @Test func aLogGetsALineASecondAndTheEnd() {
        let stage = Stage()
        let display = stage.display(.lines)
        for done in 1...25 {
            stage.pass(.milliseconds(100))
            display.update(progress(UInt64(done), of: 25))
        }
        display.finish()
        let lines = stage.written.split(separator: "\n")
        #expect(lines.count == 3)
        #expect(lines.last?.hasPrefix("push: 100%, 25/25 B") == true)
        #expect(!lines.contains { $0.contains("\u{1b}") })
    }

    @Test func aShortVerbStillTellsALogItsEnd() {
        let stage = Stage()
        let display = stage.display(.lines)
        display.update(progress(7, of: 7))
        display.finish()
        #expect(stage.written == "push: 100%, 7/7 B\n")
    }

    @Test func withoutAFormNothingIsShown() {
        let stage = Stage()
        let display = stage.display(.none)
        stage.pass(.seconds(9))
        display.update(progress(1, of: 2))
        display.finish()
        #expect(stage.written == "")
    }
}
