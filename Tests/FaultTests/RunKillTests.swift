// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegHash
import RegJSON
import RegTesting
import Testing

/// `reg run` and its command killed at random moments: a run is recorded or can be, no version is half of one, and the
/// inputs stay as they are.
@Suite struct RunKillTests {
    enum Victim: CaseIterable {
        case reg
        case command
    }

    private static let output = String(repeating: "weights ", count: 40_000)

    /// Writes an output in many steps; ends itself after some of them where it is told to.
    private static let script = """
        i=0
        while test $i -lt 40; do
            test "$i" = "$DIE_AT" && kill -KILL $$
            printf '%8000s' '' | sed 's/        /weights /g' >> "$REG_OUTPUTS/best.bin"
            i=$((i + 1))
        done
        echo '{"map": 0.5}' > "$REG_METRICS"
        """

    @Test(arguments: Victim.allCases)
    func nothingIsHalfPublished(victim: Victim) throws {
        let sandbox = try Sandbox()
        let project = try Project.make("project", in: sandbox)
        try sandbox.write("\(project.repository)/job.sh", Array(Self.script.utf8))
        for number in 0..<50 {
            try sandbox.write(
                "\(project.repository)/data/\(number)", seededBytes(count: 20_000, seed: UInt64(number)))
        }
        try project.pushAll(["data"])
        try sandbox.succeed(["pin", "-o", "../job.pin", "--", "sh", "job.sh"], in: project.repository)
        var random = SeededRandom(seed: printedSeed("run killed: \(victim)"))
        func run(dyingAt step: Int? = nil) -> Command {
            var command = sandbox.reg(
                ["run", "--pin", "../job.pin", "--out", "best=best.bin"], in: project.repository)
            command.environment["DIE_AT"] = step.map { "\($0)" } ?? "never"
            return command
        }
        let whole = try run().run()
        try #require(whole.code == 0, "\(whole.errorText)")
        var unfinished = 0
        for number in 0..<Soak.count(6, full: 50) {
            let context = "\(victim), attempt \(number)"
            switch victim {
            case .reg: _ = try run().run(killedAfter: whole.time * Double.random(in: 0...1.1, using: &random))
            case .command: _ = try run(dyingAt: Int(random.next() % 40)).run()
            }
            try waitForEnd(in: sandbox, project)
            let pushed = try sandbox.reg(["push", "--json"], in: project.repository).run()
            #expect(pushed.code == 0, "\(context): \(pushed.errorText)")
            let runs =
                try sandbox.succeed(["runs", "-n", "1000", "--json"], in: project.repository)["runs"]?
                .arrayValue ?? []
            #expect(
                runs.allSatisfy { ["succeeded", "killed"].contains($0["state"]?.stringValue) }, "\(context)")
            unfinished += runs.first?["state"]?.stringValue == "killed" ? 1 : 0
        }
        print("run killed, \(victim): \(unfinished) runs did not end")
        let versions =
            try sandbox.succeed(["log", "best", "--json"], in: project.repository)["entries"]?.arrayValue
            ?? []
        #expect(!versions.isEmpty)
        for version in versions where version["kind"]?.stringValue == "push" {
            let text = try sandbox.reg(
                ["cat", "best@v\(version["version"]?.integerValue ?? 0):best.bin"], in: project.repository
            ).run().text
            #expect(text == Self.output, "a version is what a whole run has written")
        }
        try sandbox.succeed(["pull", "--pin", "../job.pin", "-o", "../copy"], in: project.repository)
        for number in 0..<50 {
            let bytes = try sandbox.read("\(project.place)/copy/data/\(number)")
            #expect(bytes == seededBytes(count: 20_000, seed: UInt64(number)), "the inputs are untouched")
        }
        try project.expectSound("\(victim)")
    }

    /// Until nothing of the runs lives any more: the command ends after reg does.
    private func waitForEnd(in sandbox: Sandbox, _ project: Project) throws {
        for _ in 0..<600 {
            let runs =
                try sandbox.succeed(["runs", "--json"], in: project.repository)["runs"]?.arrayValue ?? []
            if !runs.contains(where: { $0["state"]?.stringValue == "running" }) { return }
            try sandbox.run("/bin/sleep", ["0.05"], in: ".")
        }
        Issue.record("a command did not end")
    }
}
