// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegTesting
import Testing

/// System calls that fail, lie or are interrupted: exit code 9, names old or new, and the next run succeeds.
struct SystemErrorTests {
    private static let syncing = ["fsync", "fdatasync", "syncfs"]
    private static let reading = ["read", "pread64"]

    /// Runs the work with each of `calls` failing at some of its numbers; `check` judges the run and what strace saw.
    private func failing(
        _ kind: Work.Kind, _ calls: [String], _ effect: Tampering.Effect, most: Int,
        check: (Work, Command.Outcome, Trace, String) throws -> Void
    ) throws {
        let work = try Work(kind)
        try work.project.store(as: "stored")
        try work.project.restore(from: "stored")
        try #require(try work.traced(calls).run().code == 0)
        let trace = try work.sandbox.trace()
        var random = SeededRandom(seed: printedSeed("\(effect) in \(kind)"))
        var hits = 0
        for call in calls {
            for number in sample(trace.count(of: call), most: most, using: &random) {
                try work.project.restore(from: "stored")
                let tampering = Tampering(call, effect, at: number)
                let context = "\(kind), \(tampering)"
                let outcome = try work.traced(calls, tampering).run()
                let trace = try work.sandbox.trace()
                if trace.lines.contains(where: \.isTampered) { hits += 1 }
                try check(work, outcome, trace, context)
                try work.checkOldOrNew(context)
                try work.prepareAgain()
                let next = try work.command.run()
                #expect(next.code == 0, "\(context): next run: \(next.ending) \(next.errorText)")
                try work.checkDone(context)
            }
        }
        #expect(hits > 0, "nothing was hit")
    }

    /// What a failed sync wrote is given up: the kernel has forgotten it, and a second sync would lie.
    @Test(.needsTracing, arguments: Work.Kind.allCases) func failedSyncIsFinal(of kind: Work.Kind) throws {
        try failing(kind, SystemErrorTests.syncing, .ioError, most: Soak.count(2, full: 400)) {
            work, outcome, trace, context in
            guard let failed = trace.lines.firstIndex(where: \.isTampered) else { return }
            let path = trace.lines[failed].path ?? ""
            // SQLite passes over a directory that cannot be synced.
            expectFailure(outcome, path.hasSuffix("/.git/reg") ? [0, 9] : [9], "\(context) of \(path)")
            guard outcome.code != 0 else { return }
            // SQLite truncates its journal and syncs that.
            guard path.contains("/.tmp-") else { return }
            let again = trace.lines[(failed + 1)...].filter { $0.path == path }
            #expect(again.isEmpty, "\(context): synced again: \(path)")
        }
    }

    @Test(.needsTracing, arguments: Work.Kind.allCases) func failedReadIsNamed(kind: Work.Kind) throws {
        try failing(kind, SystemErrorTests.reading, .ioError, most: Soak.count(3, full: 200)) {
            work, outcome, trace, context in
            guard let failed = trace.lines.first(where: \.isTampered) else { return }
            let path = String(failed.path ?? "")
            guard path.hasPrefix(work.sandbox.root) else { return }  // the program itself could not be loaded
            // What SQLite cannot read it takes for damaged, and the file is made anew; what the store cannot give
            // may be in the registry as well.
            let mayBeElsewhere = path.contains("/manifest.sqlite") || path.contains("/store/manifests/")
            expectFailure(outcome, mayBeElsewhere ? [0, 9] : [9], "\(context) of \(path)")
            if outcome.code == 0 && path.contains("/store/manifests/") { return }
            let name = path.replacing("-journal", with: "").split(separator: "/").last ?? ""
            #expect(outcome.errorText.contains(name), "\(context) of \(path): \(outcome.errorText)")
        }
    }

    @Test(.needsTracing, arguments: [Work.Kind.add, .push, .pull]) func interruptedCallIsMadeAgain(
        kind: Work.Kind
    ) throws {
        let calls = SystemErrorTests.reading + ["write", "fsync", "ftruncate"]
        try failing(kind, calls, .interruption, most: Soak.count(1, full: 100)) {
            work, outcome, trace, context in
            guard let path = trace.lines.first(where: \.isTampered)?.path else { return }
            guard path.hasPrefix(work.sandbox.root) else { return }
            expectFailure(outcome, [0], "\(context) of \(path)")
        }
    }
}
