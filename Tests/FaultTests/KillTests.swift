// SPDX-License-Identifier: Apache-2.0
import RegTesting
import Testing

/// SIGKILL: every name keeps its old value or has its new one, and the same command then succeeds.
struct KillTests {
    /// How runs are ended before their time.
    enum Killer {
        /// At random moments, uniform over the time that one undisturbed run takes.
        case clock
        /// So, and then the run that recovers too.
        case clockTwice
        /// At the k-th call of each system call that writes.
        case systemCall
    }

    /// One run that is killed, or two in a row.
    private enum Attempt {
        /// As shares of the time that one undisturbed run takes.
        case moments([Double])
        case call(Tampering)
    }

    @Test(arguments: Work.Kind.allCases, [Killer.clock, .clockTwice])
    func killedRunLeavesOldOrNew(of kind: Work.Kind, by killer: Killer) throws {
        try kill(kind, by: killer)
    }

    @Test(.needsTracing, arguments: Work.Kind.allCases)
    func runKilledInACallLeavesOldOrNew(of kind: Work.Kind) throws { try kill(kind, by: .systemCall) }

    private func kill(_ kind: Work.Kind, by killer: Killer) throws {
        let work = try Work(kind)
        // Always at the same path, since reg remembers by path what it wrote.
        try work.project.store(as: "stored")
        try work.project.restore(from: "stored")
        let whole = try work.command.run()
        try #require(whole.code == 0, "\(whole.errorText)")
        try work.checkDone("undisturbed")
        let attempts = try attempts(by: killer, on: work)
        // The second run: the first read from a cold cache.
        var time = try work.command.run().time
        var killed = 0
        for (number, attempt) in attempts.enumerated() {
            try work.project.restore(from: "stored")
            let context = "\(kind), attempt \(number): \(attempt)"
            switch attempt {
            case .moments(let shares):
                for share in shares {
                    let outcome = try work.command.run(killedAfter: time * share)
                    let isKilled = try check(outcome, of: work, context)
                    // One that is sooner at its end shows that the measured one had to share the machine.
                    if isKilled { killed += 1 } else { time = min(time, outcome.time) }
                }
            case .call(let tampering):
                let outcome = try work.traced([tampering.call], tampering).run()
                if try check(outcome, of: work, context) { killed += 1 }
            }
            let next = try work.command.run()
            #expect(next.code == 0, "\(context): next run: \(next.ending) \(next.errorText)")
            try work.checkDone(context)
        }
        print("kill \(kind) by \(killer): \(killed) in \(attempts.count) attempts")
        #expect(killed >= attempts.count / 4, "too few runs were still there to be killed")
    }

    private func attempts(by killer: Killer, on work: Work) throws -> [Attempt] {
        try work.project.restore(from: "stored")
        var random = SeededRandom(seed: printedSeed("kill \(work.kind) by \(killer)"))
        if killer == .systemCall {
            try #require(try work.traced(Tampering.writing).run().code == 0)
            let trace = try work.sandbox.trace()
            return Tampering.writing.flatMap { call in
                sample(trace.count(of: call), most: Soak.count(1, full: 400), using: &random).map {
                    .call(Tampering(call, .kill, at: $0))
                }
            }
        }
        func moment() -> Double { Double.random(in: 0...1, using: &random) }
        if killer == .clock { return (0..<Soak.count(8, full: 200)).map { _ in .moments([moment()]) } }
        return (0..<Soak.count(2, full: 50)).map { _ in .moments([moment(), moment()]) }
    }

    /// Looks at what a run has left that was to be killed; whether it was.
    private func check(_ outcome: Command.Outcome, of work: Work, _ context: String) throws -> Bool {
        let isKilled = [.killed, .signalled(9)].contains(outcome.ending)
        #expect(isKilled || outcome.code == 0, "\(context): \(outcome.ending) \(outcome.errorText)")
        try work.checkOldOrNew(context)
        try work.prepareAgain()
        return isKilled
    }
}
