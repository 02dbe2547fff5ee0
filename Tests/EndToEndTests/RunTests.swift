// SPDX-License-Identifier: Apache-2.0
import Glibc
import RegBytes
import RegJSON
import RegTesting
import Testing

extension Sandbox {
    /// A project with a sample pushed, and a pin of it in `job.pin` beside it; `script` is its `job.sh`.
    fileprivate func pinnedProject(_ script: String = "true\n") throws -> Place {
        let work = try project()
        try work.write(script, to: "job.sh")
        try work.addSampleAndPush()
        try work.reg("pin", "-o", "../job.pin", "--seed", "7", "--", "sh", "job.sh")
        return work
    }

    /// A place with nothing in it, whose registry is the sandbox's.
    fileprivate func elsewhere(_ name: String = "elsewhere") throws -> Place {
        var place = try directory(name)
        place.environment["REG_REGISTRY"] = registry.lossy
        return place
    }

    fileprivate var runs: BytePath { path.appending("home/.cache/reg/runs") }
}

extension Place {
    fileprivate func run(_ arguments: String...) throws -> JSON {
        try json((["run", "--pin", "../job.pin"] + arguments).map { Array($0.utf8) })
    }

    /// What a run prints with `--json` that ends with another code.
    fileprivate func run(_ arguments: String..., endingWith code: Int32) throws -> (JSON, errors: String) {
        let outcome = try runReg(
            (["run", "--json", "--pin", "../job.pin"] + arguments).map { Array($0.utf8) })
        try #require(outcome.code == code, "\(outcome.ending)\n\(outcome.errorText)")
        return (try JSON.parse(outcome.output), outcome.errorText)
    }
}

@Suite struct RunTests {
    @Test func aRunIsACleanCopyAndOneRecord() throws {
        try withSandbox { sandbox in
            let script = """
                find . -type f | sort > "$REG_OUTPUTS/files"
                test "$PWD" = "$REG_INPUTS" && test "$REG_SEED" = 7 && test -f "$REG_PIN"
                echo "$REG_RUN_ID" > "$REG_OUTPUTS/id"
                echo '{"val": {"map": 0.5}, "loss": 2}' > "$REG_METRICS"
                echo out; echo err >&2
                """
            let work = try sandbox.pinnedProject(script)
            try work.write("not pinned", to: "untracked")
            let place = try sandbox.elsewhere()
            let run = try place.run("--out", "files=files", "--out", "id=id")
            #expect(run.text("status") == "succeeded" && run.count("exit") == 0)
            #expect(run.list("outputs").map { $0.text("name") } == ["files", "id"])
            #expect(run["metrics"]?["val.map"] == .number(0.5) && run["metrics"]?["loss"] == .number(2))
            let files = try place.reg("cat", "files:files").text
            let pinned = Set(
                try work.git("ls-files").split(separator: "\n") + ["data/0.jpg", "weights/model.safetensors"])
            #expect(pinned.isSubset(of: Set(files.split(separator: "\n").map { $0.dropFirst(2) })))
            #expect(!files.contains("untracked") && !files.contains(".git/"))
            #expect(try place.reg("cat", "id:id").text == run.text("run").map { $0 + "\n" })
            let entries = try work.json("log").list("entries").filter {
                $0.count("record") == run.count("record")
            }
            #expect(entries.map { $0.text("kind") } == ["run", "push", "push"], "newest first")
            #expect(try list(sandbox.runs).isEmpty, "what is archived is gone from the host")
            #expect(try place.json("verify", "--data").flag("ok") == true)
            let shown = try place.json("show", try #require(run.text("run")))
            #expect(shown["description"]?.texts("command") == ["sh", "job.sh"])
            #expect(shown["description"]?["host"]?.text("name") != nil)
            let inputs = shown.list("inputs")
            #expect(inputs.map { $0.text("name") } == ["annotations", "config", "data", "model"])
            #expect(inputs.map { $0.count("version") } == [1, 1, 1, 1])
            #expect(try place.reg("show", try #require(run.text("run"))).text.contains("data@v1"))
        }
    }

    @Test func theSecondRunAsksTheRegistryForNothing() throws {
        try withSandbox { sandbox in
            _ = try sandbox.pinnedProject("cp -r data/. \"$REG_OUTPUTS\"\n")
            let place = try sandbox.elsewhere()
            let first = try place.run()
            let away = sandbox.path.appending("away")
            try move(sandbox.registry, to: away)
            let (second, errors) = try place.run("--", "sh", "-c", "ls data > /dev/null", endingWith: 5)
            #expect(
                second.count("exit") == 0 && second["record"] == .null,
                "it ran; it could not be archived: \(errors)")
            try move(away, to: sandbox.registry)
            let pushed = try place.json("push")
            #expect(pushed.texts("notes").first?.contains("succeeded") == true)
            let runs = try place.json("runs").list("runs")
            #expect(runs.map { $0.text("state") } == ["succeeded", "succeeded"])
            #expect(runs.last?.text("run") == first.text("run"))
        }
    }

    @Test func whatAFailedAttemptToArchiveTookIsPutBack() throws {
        try withSandbox { sandbox in
            _ = try sandbox.pinnedProject(
                "mkdir __pycache__; echo x > \"$REG_OUTPUTS/x\"; echo '{\"a\": 2}' > \"$REG_METRICS\"; exit 3\n"
            )
            let place = try sandbox.elsewhere()
            _ = try place.run(endingWith: 3)
            let away = sandbox.path.appending("away")
            try move(sandbox.registry, to: away)
            let (waiting, _) = try place.run(endingWith: 3)
            #expect(waiting.texts("problems").isEmpty, "compiled modules are no strays")
            let directory = sandbox.runs.appending(try #require(waiting.text("run")))
            let archive = directory.appending("archive")
            try makeDirectory(archive)
            try move(directory.appending("metrics"), to: archive.appending("metrics.jsonl"))
            for name in ["log", "outputs"] {
                try move(directory.appending(name), to: archive.appending(name))
            }
            try move(away, to: sandbox.registry)
            try place.reg("push")
            let id = try #require(waiting.text("run"))
            let shown = try place.json("show", id)
            #expect(shown["metrics"]?["a"] == .number(2))
            let resumed = try place.json("run", "--resume", id, "--", "sh", "-c", "cat \"$REG_OUTPUTS/x\"")
            #expect(resumed.text("status") == "succeeded" && resumed.count("attempt") == 2)
        }
    }

    @Test func theCommandsEndIsTheRuns() throws {
        try withSandbox { sandbox in
            _ = try sandbox.pinnedProject("echo half > \"$REG_OUTPUTS/part\"; exit 3\n")
            let place = try sandbox.elsewhere()
            let (failed, _) = try place.run("--out", "model-out=part", endingWith: 3)
            #expect(failed.text("status") == "failed" && failed.list("outputs").isEmpty)
            let id = try #require(failed.text("run"))
            #expect(try place.json("ls").member("artifacts", named: "model-out") == nil, "no version of it")
            #expect(try place.json("show", id).count("exit") == 3)
            let (missing, errors) = try place.run("--out", "a=nowhere/best.bin", "--", "true", endingWith: 5)
            #expect(missing.text("status") == "failed" && missing.count("exit") == 0)
            #expect(missing.texts("problems").first?.contains("nowhere/best.bin") == true, "\(errors)")
            #expect(try place.json("ls").member("artifacts", named: "a") == nil)
            let shown = try place.reg("show", try #require(missing.text("run"))).text
            #expect(shown.contains("problem   output a is not there"), "\(shown)")
            let told = try place.runReg(
                ["run", "--pin", "../job.pin", "--out", "b=none.bin", "--", "true"].map { Array($0.utf8) })
            #expect(told.code == 5 && told.errorText.contains("\nerror: output b is not there"))
            #expect(told.errorText.contains("$REG_OUTPUTS/none.bin"), "\(told.errorText)")
            let (killed, _) = try place.run("--", "sh", "-c", "kill -TERM $$", endingWith: 143)
            #expect(killed.text("status") == "killed")
            for (command, code) in [("no-such-program", 127), ("./job.sh", 126)] as [(String, Int32)] {
                let outcome = try place.runReg(
                    ["run", "--pin", "../job.pin", "--", command].map { Array($0.utf8) })
                #expect(outcome.code == code && outcome.errorText.contains(command), "\(outcome.errorText)")
            }
            #expect(try place.json("runs").list("runs").count == 4, "what did not start is no run")
            #expect(try list(sandbox.runs).isEmpty)
        }
    }

    @Test func metricsThatCannotBeReadAreSaid() throws {
        try withSandbox { sandbox in
            _ = try sandbox.pinnedProject()
            let place = try sandbox.elsewhere()
            let unparsable = try place.run("--", "sh", "-c", "echo '{\"a\": 1,' > \"$REG_METRICS\"")
            #expect(unparsable.text("status") == "succeeded")
            #expect(unparsable.texts("problems").first?.contains("metrics") == true)
            let notANumber = try place.run("--", "sh", "-c", "echo '{\"a\": NaN}' > \"$REG_METRICS\"")
            #expect(notANumber["metrics"]?["a"] == .string("NaN"))
        }
    }

    @Test func whatWasChangedIsNamed() throws {
        try withSandbox { sandbox in
            _ = try sandbox.pinnedProject()
            let place = try sandbox.elsewhere()
            let edit = "chmod u+w data data/0.jpg; echo x >> data/0.jpg; echo o > \"$REG_OUTPUTS/o\""
            let (edited, _) = try place.run("--", "sh", "-c", edit, endingWith: 4)
            #expect(edited.text("status") == "failed" && edited.list("outputs").isEmpty)
            #expect(edited.texts("problems").joined().contains("data/0.jpg"))
            let stray = try place.run(
                "--", "sh", "-c", "echo x > stray; echo y >> job.sh; mkdir -p weights; echo z > weights/z")
            let problems = stray.texts("problems").joined()
            #expect(stray.text("status") == "succeeded")
            #expect(
                problems.contains("stray") && problems.contains("job.sh") && problems.contains("weights/z"))
            let clean = try place.run("--", "sha256sum", "data/0.jpg", "job.sh")
            #expect(clean.texts("problems").isEmpty, "the next run has what the pin says")
            let writable = try place.run("--writable", "data", "--", "sh", "-c", "echo x >> data/0.jpg")
            #expect(writable.texts("problems").isEmpty && writable.text("status") == "succeeded")
        }
    }

    @Test func aKilledRunIsRecordedAndCanGoOn() throws {
        try withSandbox { sandbox in
            let script = """
                if test -e "$REG_OUTPUTS/checkpoint"; then echo done > "$REG_OUTPUTS/best"; exit 0; fi
                echo 1 > "$REG_OUTPUTS/checkpoint"
                kill -KILL $PPID
                """
            let work = try sandbox.pinnedProject(script)
            let place = try sandbox.elsewhere()
            #expect(try place.sh("\"$REG\" run --pin ../job.pin --out w=best; echo $?").text == "137\n")
            let waiting = try #require(try place.json("runs").list("runs").first)
            #expect(waiting.text("state") == "killed, not archived")
            #expect(waiting.text("commit") == (try work.git("rev-parse", "HEAD")))
            let id = try #require(waiting.text("run"))
            let resumed = try place.json("run", "--resume", id)
            #expect(resumed.text("run") == id && resumed.count("attempt") == 2)
            #expect(resumed.list("outputs").map { $0.text("name") } == ["w"])
            #expect(try place.reg("cat", "w:best").text == "done\n")
            #expect(try place.fails(3, "run", "--resume", id).contains("succeeded"))
        }
    }

    /// The log has them in the order of their ends.
    @Test func runsAreListedByTheirStarts() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pinnedProject()
            let run = try #require(try work.run().text("run"))
            let forge = sandbox.forge
            let pin = try forge.appendPin([], commit: try work.git("rev-parse", "HEAD"))
            let older = try forge.appendRun(of: pin, metrics: [:])
            #expect(try work.json("runs").list("runs").map { $0.text("run") } == [run, older])
            #expect(try work.json("runs", "-n", "1").list("runs").map { $0.text("run") } == [run])
        }
    }

    @Test func aKilledRunGoesOnOnAnotherHost() throws {
        try withSandbox { sandbox in
            let script = """
                echo "{\\"n\\": $(wc -l < "$REG_METRICS" 2> /dev/null || echo 0)}" >> "$REG_METRICS"
                test -e "$REG_OUTPUTS/checkpoint" && { echo done > "$REG_OUTPUTS/best"; exit 0; }
                echo 1 > "$REG_OUTPUTS/checkpoint"
                kill -KILL $PPID
                """
            let work = try sandbox.pinnedProject("exit 7\n")
            let place = try sandbox.elsewhere()
            try work.reg("pin", "-o", "../job.pin", "--env", "FLAVOUR", "--", "sh", "job.sh")
            let command = "\"$REG\" run --pin ../job.pin --out w=best -- sh -c \"$SCRIPT\"; echo $?"
            var killer = place
            killer.environment["SCRIPT"] = script
            killer.environment["FLAVOUR"] = "of the run"
            #expect(try killer.sh(command).text == "137\n")
            #expect(try place.json("push").texts("notes").first?.contains("was killed") == true)
            let id = try #require(try place.json("runs").list("runs").first?.text("run"))
            let values = try place.json("show", id)["description"]?["environment"]
            #expect(values?["FLAVOUR"] == "of the run", "not what whoever archives it has")
            var other = place
            try makeDirectory(sandbox.path.appending("other-home"))
            other.environment["HOME"] = sandbox.path.appending("other-home").lossy
            let resumed = try other.json("run", "--resume", id)
            #expect(resumed.text("status") == "succeeded" && resumed.count("attempt") == 2)
            #expect(resumed.list("outputs").map { $0.text("name") } == ["w"], "the same command and outputs")
            #expect(resumed["metrics"]?["n"] == .number(1), "metrics go on as well")
        }
    }

    @Test func aJobThatItsEngineStartsAgainGoesOn() throws {
        try withSandbox { sandbox in
            let script = """
                test -e "$REG_OUTPUTS/checkpoint" && exit 0
                echo 1 > "$REG_OUTPUTS/checkpoint"
                exit 9
                """
            _ = try sandbox.pinnedProject(script)
            var place = try sandbox.elsewhere()
            place.environment["SLURM_JOB_ID"] = "17"
            let (first, _) = try place.run(endingWith: 9)
            place.environment["SLURM_RESTART_COUNT"] = "1"
            let second = try place.run()
            #expect(second.text("run") == first.text("run") && second.count("attempt") == 2)
            let again = try place.run()
            #expect(again.text("run") == first.text("run") && again.count("record") == second.count("record"))
            #expect(again.texts("notes").first?.contains("not run again") == true)
            place.environment["SLURM_JOB_ID"] = "18"
            let (other, _) = try place.run(endingWith: 9)
            #expect(other.text("run") != first.text("run"))
        }
    }

    @Test func aJobWithANameOfItsOwnGoesOnOnAnotherHost() throws {
        try withSandbox { sandbox in
            let script = """
                test -e "$REG_OUTPUTS/checkpoint" && { echo done > "$REG_OUTPUTS/best"; exit 0; }
                echo 1 > "$REG_OUTPUTS/checkpoint"
                kill -TERM $$
                """
            _ = try sandbox.pinnedProject(script)
            var place = try sandbox.elsewhere()
            place.environment["REG_JOB"] = "digits nightly"
            let (first, _) = try place.run("--out", "w=best", endingWith: 143)
            var other = place
            other.environment["HOME"] = try sandbox.directory("other-home").path.lossy
            let second = try other.run("--out", "w=best")
            #expect(second.text("run") == first.text("run") && second.count("attempt") == 2)
            #expect(second.list("outputs").map { $0.text("name") } == ["w"])
            let (third, _) = try other.run("--out", "w=best", endingWith: 143)
            #expect(third.text("run") != first.text("run"), "the one before has succeeded")
            let step = try other.run("--", "true")
            #expect(step.text("run") != third.text("run"), "another command of the same job")
            place.environment["REG_JOB"] = "two\nlines"
            #expect(try place.fails(2, "run", "--pin", "../job.pin").contains("REG_JOB"))
        }
    }

    @Test func inputsOfALongRunStayWhereverItsDirectoryIs() throws {
        try withSandbox { sandbox in
            // A run of two days, as far as others can see; with the other settings they would not find it.
            let script = """
                touch -d '2 days ago' .
                cd / && REG_RUNS= "$REG" run --pin "$PIN" -- true && cd - && cat data/0.jpg > /dev/null
                """
            _ = try sandbox.pinnedProject(script)
            var place = try sandbox.elsewhere()
            place.environment["REG"] = try Binary.require()
            place.environment["PIN"] = sandbox.path.appending("job.pin").lossy
            place.environment["REG_RUNS"] = sandbox.path.appending("elsewhere-runs").lossy
            #expect(try place.run().text("status") == "succeeded")
            #expect(try list(sandbox.path.appending("home/.cache/reg/inputs")).isEmpty)
        }
    }

    @Test func aJobGoesOnWithTheNewestOfWhatItsHostsHave() throws {
        try withSandbox { sandbox in
            // Each start finds how far the one before has come; kill -9 leaves that here, TERM in the registry.
            let script = """
                at=$(cat "$REG_OUTPUTS/at" 2> /dev/null); echo "$((${at:-0} + 1))" > "$REG_OUTPUTS/at"
                echo "{\\"at\\": $(cat "$REG_OUTPUTS/at")}" >> "$REG_METRICS"
                case $END in KILL) kill -KILL $PPID;; TERM) kill -TERM $$;; esac; sleep 0.1
                """
            _ = try sandbox.pinnedProject(script)
            var host = try sandbox.elsewhere()
            host.environment["REG_JOB"] = "nightly"
            var other = host
            other.environment["HOME"] = try sandbox.directory("other-home").path.lossy
            func start(_ place: Place, _ end: String) throws {
                // Starts are told apart by the second.
                var place = place
                place.environment["END"] = end
                _ = try place.sh("sleep 1.1; \"$REG\" run --pin ../job.pin --out at=at")
            }
            try start(host, "TERM")  // 1, archived
            try start(host, "KILL")  // 2, on this host
            try start(other, "TERM")  // the registry's again: 2, archived later
            try start(host, "TERM")  // not with what this host has: 3
            try start(other, "")  // 4
            let run = try #require(try other.json("runs").list("runs").first)
            #expect(run.text("state") == "succeeded" && run["metrics"]?["at"] == .number(4), "\(run.pretty)")
            #expect(try other.reg("cat", "at@latest:at").text == "4\n")
        }
    }

    @Test func jobsOfOneNameAndSeveralPinsAreFound() throws {
        try withSandbox { sandbox in
            let script = """
                test -e "$REG_OUTPUTS/checkpoint" && exit 0
                echo 1 > "$REG_OUTPUTS/checkpoint"
                kill -KILL $PPID
                """
            let work = try sandbox.pinnedProject(script)
            try work.reg("pin", "-o", "../second.pin", "--seed", "8", "--", "sh", "job.sh")
            var place = try sandbox.elsewhere()
            place.environment["REG_JOB"] = "array"
            for pin in ["job", "second"] {
                #expect(try place.sh("\"$REG\" run --pin ../\(pin).pin; echo $?").text == "137\n")
            }
            for pin in ["job", "second"] {
                #expect(try place.json("run", "--pin", "../\(pin).pin").count("attempt") == 2)
            }
        }
    }

    @Test func aRunWhoseInputsNobodyLookedAtIsNoSuccess() throws {
        try withSandbox { sandbox in
            _ = try sandbox.pinnedProject("echo o > \"$REG_OUTPUTS/o\"\n")
            let place = try sandbox.elsewhere()
            let away = sandbox.path.appending("away")
            let script = "mv \"$REGISTRY\" \"$AWAY\"; echo o > \"$REG_OUTPUTS/o\""
            var loser = place
            loser.environment["AWAY"] = away.lossy
            loser.environment["REGISTRY"] = sandbox.registry.lossy
            let (run, _) = try loser.run("--out", "o=o", "--", "sh", "-c", script, endingWith: 5)
            #expect(!exists(sandbox.registry), "nothing is written where a registry was")
            try move(away, to: sandbox.registry)
            // As it is for a moment after the command's end.
            let state = sandbox.runs.appending(try #require(run.text("run"))).appending("state.json")
            let text = try readText(state)
            try writeFile(
                Array(text.replacing("\"checked\":true", with: "\"checked\":false").utf8), to: state)
            _ = try place.json("push")
            let shown = try place.json("show", try #require(run.text("run")))
            #expect(
                shown.text("state") == "killed" && shown["description"]?.texts("problems").isEmpty == false)
            #expect(try place.json("ls").member("artifacts", named: "o") == nil)
        }
    }

    @Test func aRankThatCannotStartLeavesTheOthersAlone() throws {
        try withSandbox { sandbox in
            _ = try sandbox.pinnedProject()
            var place = try sandbox.elsewhere()
            place.environment["SLURM_JOB_ID"] = "17"
            place.environment["SLURM_STEP_ID"] = "0"
            place.environment["SLURM_STEP_NUM_TASKS"] = "2"
            let tool = sandbox.path.appending("tools/work")
            try makeDirectory(tool.parent)
            try writeFile(
                Array(
                    "#!/bin/sh\nwhile ! test -e \"$GO\"; do sleep 0.05; done; echo o > \"$REG_OUTPUTS/o\"\n"
                        .utf8),
                to: tool, mode: 0o755)
            place.environment["GO"] = sandbox.path.appending("go").lossy
            place.environment["TOOLS"] = tool.parent.lossy
            let script = """
                SLURM_PROCID=0 PATH="$TOOLS:$PATH" "$REG" run --pin ../job.pin --out o=o -- work & zero=$!
                while ! "$REG" runs | grep -q running; do sleep 0.05; done
                SLURM_PROCID=1 "$REG" run --pin ../job.pin --out o=o -- work; echo "one $?"
                touch "$GO"; wait $zero; echo "zero $?"
                """
            let outcome = try place.sh(script)
            #expect(outcome.text.contains("one 127") && outcome.text.contains("zero 0"), "\(outcome.text)")
            #expect(try place.json("log", "o").list("entries").count == 1, "\(outcome.errorText)")
        }
    }

    @Test func aJobThatCouldNotBeArchivedIsNotRunAgain() throws {
        try withSandbox { sandbox in
            _ = try sandbox.pinnedProject("echo x >> \"$COUNT\"; echo o > \"$REG_OUTPUTS/o\"\n")
            var place = try sandbox.elsewhere()
            place.environment["COUNT"] = sandbox.path.appending("count").lossy
            place.environment["REG_JOB"] = "nightly"
            let away = sandbox.path.appending("away")
            let script = "mv \"$REGISTRY\" \"$AWAY\"; echo x >> \"$COUNT\"; echo o > \"$REG_OUTPUTS/o\""
            place.environment["AWAY"] = away.lossy
            place.environment["REGISTRY"] = sandbox.registry.lossy
            let (first, _) = try place.run("--out", "o=o", "--", "sh", "-c", script, endingWith: 5)
            #expect(first.count("exit") == 0 && first["record"] == .null)
            try move(away, to: sandbox.registry)
            let second = try place.run("--out", "o=o", "--", "sh", "-c", script)
            #expect(
                second.text("run") == first.text("run") && second.count("attempt") == first.count("attempt"))
            #expect(second.texts("notes").first?.contains("not run again") == true, "\(second.pretty)")
            #expect(second.list("outputs").map { $0.text("name") } == ["o"])
            #expect(try readText(sandbox.path.appending("count")) == "x\n")
        }
    }

    @Test func aRunCanBeRepeatedFromTheRegistryAlone() throws {
        try withSandbox { sandbox in
            let script = """
                sha256sum data/* > "$REG_OUTPUTS/sums"; date +%N > "$REG_OUTPUTS/now"
                echo '{"same": 1, "other": '$(date +%s%N)'}' > "$REG_METRICS"
                """
            let work = try sandbox.pinnedProject(script)
            let run = try sandbox.elsewhere().run("--out", "sums=sums", "--out", "now=now")
            try remove(work.path)
            try remove(sandbox.path.appending("home"))
            try makeDirectory(sandbox.path.appending("home"))
            let place = try sandbox.elsewhere("fresh")
            let again = try place.json("rerun", try #require(run.text("run")))
            #expect(again.text("rerun_of") == run.text("run") && again.text("run") != run.text("run"))
            let outputs = again["compared"]?.list("outputs") ?? []
            #expect(outputs.map { $0.text("name") } == ["now", "sums"])
            #expect(outputs.map { $0.flag("same") } == [false, true])
            #expect(again["compared"]?.list("metrics").map { $0.flag("same") } == [false, true])
        }
    }

    @Test func twoRunsAreCompared() throws {
        try withSandbox { sandbox in
            let script = """
                echo $LEVEL > "$REG_OUTPUTS/level"
                for step in 1 2 3; do echo "{\\"step\\": $step, \\"loss\\": $((LEVEL - step))}"; done > "$REG_METRICS"
                """
            _ = try sandbox.pinnedProject(script)
            var place = try sandbox.elsewhere()
            let runs = try ["7", "9"].map { level in
                place.environment["LEVEL"] = level
                return try #require(try place.run("--out", "level=level").text("run"))
            }
            let report = try place.json("diff", runs[0], runs[1])
            let metrics = report.list("metrics")
            #expect(metrics.first?.text("name") == "loss" && metrics.count == 1)
            #expect(metrics.first?["old"] == .number(4) && metrics.first?["new"] == .number(6))
            let files = report.list("files").filter { $0.text("artifact") == "level" }
            #expect(files.map { $0.text("status") } == ["changed"])
            #expect(
                !report.list("files").contains { $0.text("artifact") == "data" }, "both have read the same")
        }
    }

    @Test func ranksShareOneRun() throws {
        try withSandbox { sandbox in
            let script =
                "echo $SLURM_PROCID > \"$REG_OUTPUTS/rank-$SLURM_PROCID\"; sleep 0.$SLURM_PROCID; echo $REG_RUN_ID\n"
            _ = try sandbox.pinnedProject(script)
            var place = try sandbox.elsewhere()
            place.environment["SLURM_JOB_ID"] = "17"
            place.environment["SLURM_STEP_ID"] = "0"
            place.environment["SLURM_STEP_NUM_TASKS"] = "4"
            let outcome = try place.sh(
                """
                for rank in 0 1 2 3; do SLURM_PROCID=$rank "$REG" run --pin ../job.pin & done; wait
                """)
            #expect(Set(outcome.text.split(separator: "\n")).count == 1, "\(outcome.errorText)")
            let runs = try place.json("runs").list("runs")
            #expect(runs.count == 1 && runs.first?.text("state") == "succeeded", "\(outcome.errorText)")
            let files = try place.json("show", "outputs").list("files").map { $0.text("path") }
            #expect(files == ["rank-0", "rank-1", "rank-2", "rank-3"])
            #expect(try list(sandbox.runs).isEmpty)
        }
    }

    @Test func ranksThatTheirEngineStartsAgainGoOn() throws {
        try withSandbox { sandbox in
            let script = """
                test -e "$REG_OUTPUTS/checkpoint" && exit 0
                echo 1 > "$REG_OUTPUTS/checkpoint"
                exit 9
                """
            _ = try sandbox.pinnedProject(script)
            var place = try sandbox.elsewhere()
            place.environment["SLURM_JOB_ID"] = "17"
            place.environment["SLURM_STEP_ID"] = "0"
            place.environment["SLURM_STEP_NUM_TASKS"] = "2"
            place.environment["SLURM_PROCID"] = "0"
            let (first, _) = try place.run(endingWith: 9)
            place.environment["SLURM_RESTART_COUNT"] = "1"
            let second = try place.run()
            #expect(second.text("run") == first.text("run") && second.count("attempt") == 2)
            #expect(second.text("status") == "succeeded")
            let again = try place.run()
            #expect(again.text("run") == first.text("run") && again.count("attempt") == 2)
            #expect(again.texts("notes").first?.contains("not run again") == true)
            #expect(try list(sandbox.runs).isEmpty)
            // Started anew by hand, where nothing says so: not lost, and not taken for the one that succeeded.
            place.environment["SLURM_RESTART_COUNT"] = nil
            let (third, _) = try place.run(endingWith: 9)
            #expect(third["record"] == .null && third.text("failure")?.contains("has succeeded") == true)
            #expect(try list(sandbox.runs).count == 1)
        }
    }

    @Test func anEnvironmentForWorkByHand() throws {
        try withSandbox { sandbox in
            _ = try sandbox.pinnedProject()
            let place = try sandbox.elsewhere()
            let outcome = try place.sh(
                "eval \"$(\"$REG\" env --pin ../job.pin)\" && cd \"$REG_INPUTS\" && cat job.sh && echo $REG_SEED"
            )
            #expect(outcome.text == "true\n7\n", "\(outcome.errorText)")
            #expect(try place.json("env", "--pin", "../job.pin").text("inputs")?.hasSuffix("inputs") == true)
        }
    }

    @Test func whatCannotBeRunIsSaid() throws {
        try withSandbox { sandbox in
            let work = try sandbox.pinnedProject()
            let place = try sandbox.elsewhere()
            var altered = try readFile(sandbox.path.appending("job.pin"))
            let index = try #require(altered.firstIndex(of: UInt8(ascii: "7")))
            altered[index] ^= 1
            try writeFile(altered, to: sandbox.path.appending("altered.pin"))
            #expect(try place.fails(4, "run", "--pin", "../altered.pin").contains("altered"))
            #expect(try place.fails(5, "run", "--pin", "../none.pin").contains("none.pin"))
            #expect(try place.fails(5, "run", "--pin", "sha256:0000").contains("sha256:0000"))
            #expect(try place.fails(2, "run", "--", "true").contains("--pin"))
            #expect(
                try place.fails(2, "run", "--pin", "../job.pin", "--out", "a=../b").contains("REG_OUTPUTS"))
            let other = try sandbox.project("other")
            try other.write("x", to: "data/x")
            try other.reg("add", "data")
            try other.commit()
            try other.reg("push", "--registry", sandbox.path.appending("second").lossy)
            try remove(sandbox.path.appending("home"))
            try makeDirectory(sandbox.path.appending("home"))
            let missing = try place.fails(
                5, "run", "--pin", "../job.pin", "--registry", sandbox.path.appending("second").lossy)
            #expect(missing.contains("is not in"))
            _ = work
        }
    }
}
