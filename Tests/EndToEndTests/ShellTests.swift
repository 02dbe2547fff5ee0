// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegJSON
import RegTesting
import Testing

/// reg among other programs.
@Suite struct ShellTests {
    @Test func completionIsAShellScript() throws {
        try withSandbox { sandbox in
            let place = try sandbox.directory("plain")
            let script = try place.reg("completion", "bash").output
            #expect(script.count > 1000)
            let check = try place.run("bash", ["-n"], input: script)
            #expect(check.code == 0 && check.errorText == "", "\(check.errorText)")
            let words =
                String(decoding: script, as: UTF8.self)
                + "\nCOMP_WORDS=(reg ver); COMP_CWORD=1; COMP_LINE='reg ver'; COMP_POINT=7\n"
                + "complete -p reg\n"
            let completed = try place.run("bash", [], input: Array(words.utf8))
            #expect(completed.code == 0 && completed.text.contains("reg"), "\(completed.errorText)")
            for shell in ["zsh", "fish"] { #expect(try place.reg("completion", shell).text.contains("reg")) }
            let document = try place.json("completion", "bash")
            #expect(document.text("script").map { Array("\($0)\n".utf8) } == script)
        }
    }

    @Test func readerThatGoesAwayIsNoFailure() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            try work.write(seededBytes(count: 3_000_000, seed: 1), to: BytePath("data/a.bin"))
            for index in 0..<3_000 { try work.write([], to: BytePath("many/a-long-name-of-a-file-\(index)")) }
            try work.reg("add", "data", "many")
            try work.commit()
            try work.reg("push")
            let reg = try Binary.require()
            for command in [
                "log", "log --json", "cat data:a.bin", "ls many", "ls many --json", "show many -v",
            ] {
                let line = "\"$0\" \(command) | head -c 20 >/dev/null; echo \"${PIPESTATUS[0]}\""
                let outcome = try work.run("bash", ["-c", line, reg])
                #expect(outcome.errorText == "", "\(command)")
                #expect(["0\n", "141\n"].contains(outcome.text), "\(command): \(outcome.text)")
            }
        }
    }

    @Test func standardOutputThatCannotBeWrittenIsALocalFailure() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pushedProject()
            let outcome = try work.run("bash", ["-c", "\"$0\" log --json >/dev/full", try Binary.require()])
            #expect(outcome.code == 9, "\(outcome.errorText)")
        }
    }

    @Test func quietCommandsSayNothing() throws {
        try withSandbox { sandbox in
            let work = try sandbox.repository()
            try work.write("one\n", to: "data/a.txt")
            let commands = [
                ["init", "--registry", sandbox.registry.lossy], ["add", "data"], ["push"], ["pull"],
            ]
            for command in commands {
                let outcome = try work.reg((command + ["-q"]).map { Array($0.utf8) })
                #expect(outcome.output.isEmpty && outcome.errors.isEmpty, "\(command): \(outcome.errorText)")
            }
        }
    }

    @Test func progressGoesToStandardErrorAndOnlyWhenAskedFor() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            try work.write(seededBytes(count: 3_000_000, seed: 1), to: BytePath("data/a.bin"))
            let silent = try work.reg("add", "data", "--json")
            #expect(silent.errors.isEmpty)
            try work.write(seededBytes(count: 3_000_000, seed: 2), to: BytePath("data/b.bin"))
            let told = try work.reg("add", "data", "--json", "--progress")
            #expect(!told.errors.isEmpty)
            #expect((try? JSON.parse(told.output)) != nil)
        }
    }

    @Test func argumentsAfterTwoDashesAreOperands() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            try work.write("one\n", to: "--json")
            try work.reg("add", "--as", "dashes", "--", "--json")
            #expect(try work.text(of: "reg.lock").contains("\ndashes other --json "))
        }
    }

    @Test func severalJobsGiveTheSameResult() throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            try work.write(seededBytes(count: 2_000_000, seed: 1), to: BytePath("data/a.bin"))
            for index in 0..<50 { try work.write("file \(index)\n", to: "data/\(index).txt") }
            let digests = try ["1", "2", "7"].map { jobs in
                try remove(work[".git/reg"])
                return try work.json("add", "data", "-j", jobs).list("artifacts").first?.text("digest")
            }
            #expect(Set(digests).count == 1 && digests[0] != nil)
        }
    }
}
