// SPDX-License-Identifier: Apache-2.0
import RegTesting
import Testing

/// The power is cut at random moments: what exited 0 is there after the start, the rest is old or new.
struct PowerCutTests {
    @Test(.needsImages, arguments: Work.Kind.allCases) func powerCutLosesNothing(of kind: Work.Kind) throws {
        let work = try Work(kind)
        let sandbox = work.sandbox
        try work.project.store(as: "stored")
        try DiskImage.with(at: work.project.place, in: sandbox) { disk in
            try sandbox.run(
                "/bin/cp", ["-a", "--", sandbox.path("stored/."), sandbox.path(work.project.place)])
            try disk.store()
            try cut(disk, during: work)
        }
    }

    private func cut(_ disk: DiskImage, during work: Work) throws {
        try #require(try work.command.run().code == 0)
        try disk.restore()
        let time = try work.command.run().time
        var random = SeededRandom(seed: printedSeed("power cut during \(work.kind)"))
        var succeeded = 0
        let count = Soak.count(1, full: 10)
        for number in 0..<count {
            try disk.restore()
            let delay = time * Double.random(in: 0...1.2, using: &random)
            let context = "\(work.kind), cut \(number) after \(delay)"
            let outcome = try work.command.run(after: delay) { try disk.cutPower() }
            // git says of a disk that is gone that there is no repository on it; only then is it not 9.
            let isFromGit = outcome.errorText.contains("git rev-parse ended")
            expectFailure(outcome, isFromGit ? [2, 9] : [0, 9], context)
            try disk.restart()
            if outcome.code == 0 {
                succeeded += 1
            } else {
                try work.checkOldOrNew(context)
                try work.prepareAgain()
                let next = try work.command.run()
                #expect(next.code == 0, "\(context): next run: \(next.ending) \(next.errorText)")
            }
            try work.checkDone(context)
        }
        print("power cut during \(work.kind): \(succeeded) of \(count) had succeeded")
    }
}
