// SPDX-License-Identifier: Apache-2.0
import RegTesting
import Testing

/// Limits that a shell or a batch system sets: exit code 9 and no signal, or the work is done within them.
struct LimitTests {
    /// Runs the work under limits, then without; the outcomes of the former.
    private func limiting(_ kind: Work.Kind, _ limits: [String]) throws -> [Command.Outcome] {
        let work = try Work(kind)
        try work.project.store(as: "stored")
        return try limits.map { limit in
            try work.project.restore(from: "stored")
            let words = [limit, "--", Sandbox.regBinary] + work.arguments
            let outcome = try work.sandbox.command("/usr/bin/prlimit", words, in: work.place).run(
                limit: .seconds(30))
            let context = "\(kind), \(limit)"
            expectFailure(outcome, [0, 9], context)
            try work.checkOldOrNew(context)
            try work.prepareAgain()
            let next = try work.command.run()
            #expect(next.code == 0, "\(context): next run: \(next.ending) \(next.errorText)")
            try work.checkDone(context)
            return outcome
        }
    }

    @Test(arguments: [Work.Kind.add, .pull, .pullApart])
    func limitOnTheSizeOfFilesIsALocalFailure(of kind: Work.Kind) throws {
        let count = Soak.count(2, full: 20)
        let sizes = (1...count).map { $0 * 3_000_000 / count }
        for outcome in try limiting(kind, sizes.map { "--fsize=\($0)" }) {
            #expect(outcome.code == 9, "\(kind): \(outcome.ending)")
            #expect(outcome.errorText.contains("/tmp/reg-test-"), "\(outcome.errorText)")
        }
    }

    @Test(arguments: Work.Kind.allCases) func fewDescriptorsAreEnoughOrNamed(of kind: Work.Kind) throws {
        let counts = Soak.isFull ? Array(4...40) : [5, 10, 16, 32]
        let outcomes = try limiting(kind, counts.map { "--nofile=\($0)" })
        #expect(outcomes.last?.code == 0, "\(kind): \(outcomes.last?.errorText ?? "")")
    }
}
