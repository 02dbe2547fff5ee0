// SPDX-License-Identifier: Apache-2.0
import Glibc
import RegBytes
import RegJSON
import RegTesting
import Testing

/// Several promote at one time.
@Suite struct PromotionRaceTests {
    private static let promoters = 8

    /// A `git` that waits before it reads `reg.toml` of a commit, until as many wait as there are promoters: by then
    /// each has seen where the alias is.
    private func waitingGit(_ sandbox: Sandbox) throws -> String {
        let git = try Binary.find("git")
        let place = try sandbox.directory("bin")
        let script = """
            #!/bin/sh
            case "$*" in
            *"cat-file blob "*:reg.toml)
                : > "$BARRIER/$$"
                while [ ! -e "$BARRIER/go" ]; do
                    [ "$(ls "$BARRIER" | wc -l)" -ge \(PromotionRaceTests.promoters) ] && : > "$BARRIER/go"
                    sleep 0.02
                done ;;
            esac
            exec \(git) "$@"
            """
        try place.write(Array(script.utf8), to: BytePath("git"), mode: 0o755)
        return place.path.lossy
    }

    @Test func oneOfManyWinsAndTheOthersAreTold() throws {
        try withSandbox { sandbox in
            let count = PromotionRaceTests.promoters
            let work = try sandbox.gatedProject(versions: count + 1, require: ["map50 >= 2"])
            let wrapper = try waitingGit(sandbox)
            var winners: [Int64] = []
            for round in 0..<Soak.count(4, full: 50) {
                var place = work
                place.environment["PATH"] = wrapper + ":" + (place.environment["PATH"] ?? "")
                let barrier = try sandbox.directory("barrier-\(round)").path.lossy
                place.environment["BARRIER"] = barrier
                let racer = place
                // All but what is there already.
                let versions = (1...Int64(count + 1)).filter { $0 != winners.last }
                let outcomes = try onThreads(count) { number in
                    let words = ["promote", "det@v\(versions[number])", "--to", "staging", "--json"]
                    return try racer.runReg(words.map { Array($0.utf8) })
                }
                let won = outcomes.filter { outcome in
                    let document = try? JSON.parse(outcome.output)
                    return document?.flag("promoted") == true
                }
                #expect(won.count == 1, "round \(round): \(outcomes.map(\.errorText))")
                for outcome in outcomes where outcome.code != 0 {
                    #expect(outcome.code == 3, "\(outcome.errorText)")
                    #expect(
                        outcome.errorText.contains("moved meanwhile") && outcome.errorText.contains("Ada"))
                }
                winners += won.compactMap { try? JSON.parse($0.output).count("to") }
            }
            let entries = try work.json("history", "det@staging").list("entries")
            #expect(entries.reversed().map { $0.count("to") } == winners)
            #expect(entries.reversed().map { $0.count("from") } == [nil] + winners.dropLast())
        }
    }
}
