// SPDX-License-Identifier: Apache-2.0
import Glibc
import RegBytes
import RegFiles
import RegProcess
import RegTesting
import Testing

/// One after another: a process has but one command in the foreground.
@Suite(.serialized) struct ForegroundCommandTests {
    init() { resetSignals() }

    @Test(arguments: [
        ("exit 0", Subprocess.ExitStatus.exited(0), 0), ("exit 3", .exited(3), 3),
        ("exit 255", .exited(255), 255), ("kill -TERM $$", .signalled(SIGTERM), 143),
        ("kill -KILL $$", .signalled(SIGKILL), 137),
    ])
    func tellsHowTheCommandEnded(script: String, status: Subprocess.ExitStatus, code: Int32) throws {
        let before = nanosecondsNow()
        let run = try Foreground.shell(script)
        #expect(run.ending.status == status)
        #expect(run.ending.exitCode == code)
        #expect(run.ending.interruption == nil)
        #expect(before <= run.ending.startTime && run.ending.startTime <= run.ending.endTime)
        #expect(run.ending.endTime <= nanosecondsNow())
    }

    @Test(arguments: [
        ("nonexistent-program", 127), ("/nonexistent/program", 127), ("./missing", 127), ("", 127),
        ("/etc/passwd/x", 127), ("/etc", 126), ("./plain", 126), ("plain", 126), ("/etc/passwd", 126),
    ])
    func tellsWhatCannotBeRunBeforeAnythingHappens(name: String, code: Int32) throws {
        try withTemporaryDirectory { directory in
            try make("plain", "exit 0\n", mode: 0o644, in: directory)
            let environment = ProcessEnvironment().setting(["PATH": "/nonexistent:\(directory.lossy)"])
            let error = #expect(throws: ForegroundError.self) {
                _ = try ForegroundCommand(
                    [.init(name)], environment: environment, in: directory, log: -1)
            }
            #expect(error?.exitCode == code)
        }
    }

    /// What only the kernel finds out.
    @Test func tellsWhatCannotBeStarted() throws {
        try withTemporaryDirectory { directory in
            try make("orphan", "#!/nonexistent/interpreter\n", mode: 0o755, in: directory)
            try make("broken", "\u{7f}ELF", mode: 0o755, in: directory)
            let orphan = #expect(throws: ForegroundError.self) {
                try Foreground(["./orphan"], in: directory)
            }
            #expect(orphan?.exitCode == 127)
            let missing = directory.appending("missing")
            #expect(throws: ForegroundError.directory(missing, code: ENOENT)) {
                try Foreground(["/bin/true"], in: missing)
            }
        }
    }

    @Test func refusesNUL() {
        #expect(throws: ForegroundError.process(.nulByte)) {
            _ = try ForegroundCommand(
                ["/bin/echo", "a\0b"], environment: .inherited, in: BytePath("/"), log: -1)
        }
    }

    @Test func findsProgramsAsShellsDo() throws {
        try withTemporaryDirectory { directory in
            for name in ["first", "second"] { mkdir(directory.appending(name).lossy, 0o755) }
            try make("first/tool", "exit 1\n", mode: 0o644, in: directory)
            try make("second/tool", "#!/bin/sh\necho \"$0 $1\"\n", mode: 0o755, in: directory)
            let path = "nonexistent:first:second:/usr/bin:/bin"
            let environment = ProcessEnvironment().setting(["PATH": path])
            #expect(
                try Foreground(["tool", "x y"], environment: environment, in: directory).output
                    == bytes("second/tool x y\n"))
            #expect(try Foreground(["second/tool"], in: directory).output == bytes("second/tool \n"))
            try make("plain", "echo \"plain $1\"\n", mode: 0o755, in: directory)
            #expect(try Foreground(["./plain", "*"], in: directory).output == bytes("plain *\n"))
        }
    }

    @Test func hasItsDirectoryAndItsEnvironment() throws {
        try withTemporaryDirectory { directory in
            let environment = ProcessEnvironment().setting(["A": "1", "PATH": "/usr/bin:/bin"])
            let run = try Foreground(
                ["sh", "-c", "pwd; echo $A; env | wc -l"], environment: environment, in: directory)
            // sh adds PWD, and with some shells more.
            #expect(run.output.starts(with: directory.bytes + bytes("\n1\n")))
        }
    }

    @Test func bothStreamsArePassedOnAndLogged() throws {
        let script = "for i in 1 2 3; do echo out$i; sleep 0.1; echo err$i >&2; sleep 0.1; done"
        let run = try Foreground.shell(script)
        #expect(run.output == bytes("out1\nout2\nout3\n"))
        #expect(run.errors == bytes("err1\nerr2\nerr3\n"))
        #expect(run.log == bytes("out1\nerr1\nout2\nerr2\nout3\nerr3\n"))
    }

    @Test func bytesComeAsTheyAre() throws {
        let script = """
            import os
            for number in range(256):
                os.write(1 + number % 2, bytes([number]) * 1000)
            """
        let run = try Foreground(["python3", "-c", .init(script)])
        func all(_ rest: Int) -> [UInt8] {
            (0..<256).filter { $0 % 2 == rest }.flatMap { Array(repeating: UInt8($0), count: 1000) }
        }
        #expect(run.output == all(0))
        #expect(run.errors == all(1))
        #expect(run.log.count == 256_000)
    }

    @Test func muchOutputNeedsNoMemory() throws {
        let before = peakMemory()
        let run = try Foreground.shell("head -c 100000000 /dev/zero", output: .null)
        #expect(run.logSize == 100_000_000)
        #expect(peakMemory() - before < 16 << 20)
    }

    @Test func aClosedOutputDoesNotEndTheCommand() throws {
        for target in [Foreground.Target.closedPipe, .badDescriptor] {
            let run = try Foreground.shell("head -c 1000000 /dev/zero; exit 5", output: target)
            #expect(run.ending.status == .exited(5))
            #expect(run.logSize == 1_000_000)
        }
    }

    @Test func aFullLogDoesNotEndTheCommand() throws {
        let full = open("/dev/full", O_WRONLY)
        defer { close(full) }
        let run = try Foreground.shell("echo a; echo b; exit 4", log: full)
        #expect(run.ending.status == .exited(4))
        #expect(run.ending.logFailure == ENOSPC)
        #expect(run.output == bytes("a\nb\n"))
    }

    @Test func aSlowReaderGetsEverything() throws {
        let run = try Foreground.shell(
            "head -c 400000 /dev/zero",
            output: .pipe { descriptor in
                usleep(2_500_000)
                return readAll(descriptor)
            })
        #expect(run.output.count == 400_000)
    }

    @Test(arguments: [SIGUSR1, SIGUSR2, SIGHUP, SIGINT, SIGTERM, SIGQUIT, SIGWINCH, SIGCONT])
    func signalsToThisProcessReachTheCommand(number: Int32) throws {
        let script = """
            import os, signal, sys
            numbers = [\(SIGUSR1), \(SIGUSR2), \(SIGHUP), \(SIGINT), \(SIGTERM), \(SIGQUIT), \(SIGWINCH), \(SIGCONT)]
            signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
            os.write(1, b"ready\\n")
            print(int(signal.sigwait(numbers)))
            """
        let run = try Foreground(
            ["python3", "-c", .init(script)], output: .whenReady { kill(getpid(), number) })
        #expect(run.output == bytes("\(number)\n"))
        let asksToEnd = [SIGHUP, SIGINT, SIGTERM, SIGQUIT].contains(number)
        #expect(run.ending.interruption == (asksToEnd ? number : nil))
        #expect(run.ending.status == .exited(0))
    }

    @Test func afterTheSecondRequestItIsKilled() throws {
        let script = "trap '' INT TERM; echo ready; while :; do sleep 0.05; done"
        let run = try Foreground.shell(
            script,
            output: .whenReady {
                kill(getpid(), SIGINT)
                usleep(300_000)
                kill(getpid(), SIGTERM)
            })
        #expect(run.ending.status == .signalled(SIGKILL))
        #expect(run.ending.interruption == SIGINT)
    }

    @Test func signalsAreAsTheyWereBeforeAndAfter() throws {
        func handler(_ number: Int32) -> UInt {
            var action = sigaction()
            sigaction(number, nil, &action)
            return unsafeBitCast(action.__sigaction_handler.sa_handler, to: UInt.self)
        }
        let numbers = [SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD, SIGUSR1]
        let before = numbers.map(handler)
        let old = signal(SIGUSR2, SIG_IGN)
        defer { signal(SIGUSR2, old) }
        let run = try Foreground.shell("grep -E '^Sig(Blk|Ign)' /proc/self/status")
        let lines = String(decoding: run.output, as: UTF8.self).split(separator: "\n")
        let masks = lines.compactMap { UInt64($0.split(separator: "\t").last ?? "", radix: 16) }
        #expect(masks.count == 2)
        #expect(masks.first == 0)
        // What is ignored stays so, but for what reg itself ignores.
        #expect(masks.last.map { $0 >> UInt64(SIGUSR2 - 1) & 1 } == 1)
        #expect(masks.last.map { $0 >> UInt64(SIGPIPE - 1) & 1 } == 0)
        #expect(numbers.map(handler) == before)
    }

    @Test func whatTheCommandLeavesBehindIsNotAwaited() throws {
        let start = ContinuousClock.now
        let run = try Foreground.shell("sleep 600 & echo $!; exit 2")
        #expect(ContinuousClock.now - start < .seconds(60))
        #expect(run.ending.status == .exited(2))
        let left = try #require(Int32(String(decoding: run.output.dropLast(), as: UTF8.self)))
        #expect(kill(left, SIGKILL) == 0)
    }

    @Test func aDescendantHoldsTheInheritedLock() throws {
        try withTemporaryDirectory { directory throws in
            let path = directory.appending("guard")
            var guarding: Descriptor? = try Descriptor.open(path, .lock)
            try guarding?.lock(.exclusive)
            let inherited = guarding?.raw
            let run = try Foreground.shell("sleep 600 >&- 2>&- & echo $!", inherited: inherited)
            guarding = nil
            let left = try #require(Int32(String(decoding: run.output.dropLast(), as: UTF8.self)))
            let other = try Descriptor.open(path, .lock)
            #expect(try !other.tryLock())
            #expect(kill(left, SIGKILL) == 0)
            try other.lock(.exclusive)
        }
    }

    @Test func nothingElseIsInherited() throws {
        let run = try Foreground(["/bin/ls", "/proc/self/fd"])
        let names = String(decoding: run.output, as: UTF8.self).split(separator: "\n")
        // The test may have been started with some itself.
        let own = names.compactMap { Int32($0) }.filter { fcntl($0, F_GETFD) != 0 }
        // ls has the directory open that it lists.
        #expect(own.count == 1, "\(names)")
    }

    @Test func onlyOneRunsAtATime() throws {
        _ = try Foreground.shell(
            "echo ready; sleep 0.3",
            output: .whenReady {
                let error = #expect(throws: ForegroundError.self) { _ = try Foreground.shell("exit 0") }
                #expect(error == .process(.system(call: "sigaction", code: EBUSY)))
            })
        #expect(try Foreground.shell("exit 0").ending.status == .exited(0))
    }
}

/// What needs a process of its own: this test program, started once more.
@Suite struct ForegroundProcessTests {
    @Test func theCommandEndsWithItsParent() throws {
        let sandbox = try Sandbox()
        // Waits for the signal as such: a handler may miss the moment before the program goes to sleep.
        let script = """
            exec python3 -c '
            import os, signal
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
            os.kill(os.getppid(), signal.SIGKILL)
            if signal.sigtimedwait([signal.SIGTERM], 30):
                open("trace", "w").write("term\\n")
            '
            """
        let outcome = try helper(script, sandbox).run()
        #expect(outcome.ending == .signalled(SIGKILL))
        #expect(try waitFor("term\n", in: sandbox))
    }

    @Test func standardInputIsTheCommands() throws {
        let sandbox = try Sandbox()
        var command = helper("cat > trace", sandbox)
        command.input = bytes("what is typed")
        #expect(try command.run().code == 0)
        #expect(try sandbox.read("trace") == bytes("what is typed"))
    }

    /// The terminal sends it to the command and to this process; it is not passed on once more.
    @Test func whatTheTerminalSendsComesOnce() throws {
        let sandbox = try Sandbox()
        let script = """
            trap 'echo INT >> trace' INT
            echo ready
            for i in 1 2 3 4 5 6 7 8; do sleep 0.1; done
            echo end >> trace
            """
        let terminal = """
            import os, pty, sys
            process, terminal = pty.fork()
            if process == 0:
                os.execv(sys.argv[1], sys.argv[1:])
            seen, sent = b"", False
            while True:
                try:
                    block = os.read(terminal, 4096)
                except OSError:
                    break
                if not block:
                    break
                seen += block
                if not sent and b"ready" in seen:
                    os.write(terminal, b"\\x03")
                    sent = True
            sys.exit(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))
            """
        let inner = helper(script, sandbox)
        let words = [bytes("-c"), bytes(terminal), bytes(inner.program)] + inner.arguments
        let command = Command(
            "/usr/bin/python3", words, environment: inner.environment, in: inner.directory)
        let outcome = try command.run()
        #expect(outcome.code == 0, "\(outcome.errorText)")
        #expect(try sandbox.read("trace") == bytes("INT\nend\n"))
    }

    /// As `timeout` and batch systems do: to the group, to this process and the group, to this process alone.
    @Test(arguments: [["group"], ["process", "group"], ["group", "process"], ["process"]])
    func whatIsSentToTheGroupComesOnce(_ targets: [String]) throws {
        let sandbox = try Sandbox()
        let counter = """
            import os, signal
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
            open("ready", "w").close()
            while not os.path.exists("stop"):
                if signal.sigtimedwait([signal.SIGTERM], 0.01):
                    print("TERM", file=open("trace", "a"))
            """
        let sender = """
            import os, signal, subprocess, sys, time
            process = subprocess.Popen(sys.argv[2:], start_new_session=True)
            while not os.path.exists("ready"):
                time.sleep(0.01)
            for round in range(2):
                for target in sys.argv[1].split():
                    (os.killpg if target == "group" else os.kill)(process.pid, signal.SIGTERM)
                time.sleep(0.4)
            open("stop", "w").close()
            sys.exit(process.wait())
            """
        let inner = helper("exec python3 -c '\(counter)'", sandbox)
        let words = [
            bytes("-c"), bytes(sender), bytes(targets.joined(separator: " ")), bytes(inner.program),
        ]
        let command = Command(
            "/usr/bin/python3", words + inner.arguments, environment: inner.environment,
            in: inner.directory)
        let outcome = try command.run()
        #expect(outcome.code == 0, "\(outcome.errorText)")
        #expect(try sandbox.read("trace") == bytes("TERM\nTERM\n"))
    }

    private static let variable = "REG_TEST_FOREGROUND"

    /// This program, to run a script in the foreground.
    private func helper(_ script: String, _ sandbox: Sandbox) -> Command {
        let program = resolvingSymlinks(BytePath("/proc/self/exe"))?.lossy ?? ""
        let words = [
            "--disable-xctest", "--testing-library", "swift-testing", "--filter",
            "ForegroundProcessTests/runsWhatItIsTold",
        ]
        return Command(
            program, words, environment: ["PATH": "/usr/bin:/bin", Self.variable: script],
            in: sandbox.path("."))
    }

    private func waitFor(_ text: String, in sandbox: Sandbox) throws -> Bool {
        for _ in 0..<300 {
            if (try? sandbox.read("trace")) == bytes(text) { return true }
            usleep(100_000)
        }
        return false
    }

    /// The other side of `helper`.
    @Test(.enabled(if: getenv(variable) != nil)) func runsWhatItIsTold() throws {
        resetSignals()
        let script = try #require(getenv(Self.variable).map { String(cString: $0) })
        let null = open("/dev/null", O_WRONLY)
        let command = try ForegroundCommand(
            ["/bin/sh", "-c", .init(script)], environment: .inherited, in: BytePath("."), log: null)
        #expect(try command.run().status == .exited(0))
    }
}
