// SPDX-License-Identifier: Apache-2.0
import Glibc
import RegBytes
import RegProcess
import RegTesting
import Testing

@Suite struct SubprocessTests {
    @Test func keepsOutputErrorsAndStatus() throws {
        let outcome = try Subprocess.shell("echo out; echo err >&2; exit 3").run()
        #expect(outcome.status == .exited(3))
        #expect(outcome.output == bytes("out\n"))
        #expect(outcome.errors == bytes("err\n"))
        #expect(!outcome.isSuccess)
    }

    @Test func tellsSignals() throws {
        #expect(try Subprocess.shell("kill -TERM $$").run().status == .signalled(SIGTERM))
    }

    @Test func argumentsAreNotWords() throws {
        let arguments: [Subprocess.Argument] = ["%s|", "a b", "$HOME", "", .init([0xff, 0x0a]), "*"]
        let outcome = try Subprocess(program: BytePath("/usr/bin/printf"), arguments).run()
        #expect(outcome.output == bytes("a b|$HOME||") + [0xff, 0x0a] + bytes("|*|"))
    }

    @Test func refusesNUL() {
        let subprocess = Subprocess(program: BytePath("/bin/true"), ["a\0b"])
        #expect(throws: SubprocessError.nulByte) { try subprocess.run() }
    }

    @Test func missingProgramIsAnError() {
        let program = BytePath("/nonexistent/program")
        #expect(throws: SubprocessError.start(program: program, code: ENOENT)) {
            try Subprocess(program: program, []).run()
        }
    }

    @Test func missingDirectoryIsAnError() {
        var subprocess = Subprocess(program: BytePath("/bin/true"), [])
        subprocess.directory = BytePath("/nonexistent")
        let expected = SubprocessError.start(program: subprocess.program, code: ENOENT)
        #expect(throws: expected) { try subprocess.run() }
    }

    @Test func startsInItsDirectory() throws {
        try withTemporaryDirectory { directory in
            var subprocess = Subprocess.shell("pwd")
            subprocess.directory = directory
            let outcome = try subprocess.run()
            #expect(outcome.output == directory.bytes + [0x0a])
        }
    }

    @Test func inputIsEmptyUnlessGiven() throws {
        #expect(try Subprocess.shell("cat").run().output == [])
        #expect(try Subprocess.shell("cat", input: []).run().output == [])
        #expect(try Subprocess.shell("cat", input: bytes("hello")).run().output == bytes("hello"))
    }

    @Test func fullChannelsDoNotBlockEachOther() throws {
        let input = [UInt8](repeating: 0x61, count: 3 << 20)
        let script = "tee /dev/stderr; head -c 1000000 /dev/zero >&2; head -c 1000000 /dev/zero"
        let outcome = try Subprocess.shell(script, input: input).run()
        #expect(outcome.status == .exited(0))
        #expect(outcome.output.count == input.count + 1_000_000)
        #expect(outcome.errors.count == 64 << 10)
    }

    @Test func survivesAProgramThatDoesNotRead() throws {
        let input = [UInt8](repeating: 0x61, count: 3 << 20)
        let outcome = try Subprocess.shell("exec <&-; echo done", input: input).run()
        #expect(outcome.output == bytes("done\n"))
    }

    @Test func endsAProgramThatPrintsTooMuch() throws {
        #expect(throws: SubprocessError.outputTooLarge(limit: 1_000)) {
            try Subprocess.shell("exec cat /dev/zero").run(outputLimit: 1_000)
        }
        #expect(try Subprocess.shell("printf 12345").run(outputLimit: 5).output == bytes("12345"))
    }

    /// Also one that has closed its channels.
    @Test(arguments: ["exec sleep 600", "exec sleep 600 >&- 2>&-"])
    func endsAProgramAtItsTimeLimit(script: String) throws {
        #expect(throws: SubprocessError.tooSlow(limit: .milliseconds(300))) {
            try Subprocess.shell(script).run(outputLimit: 10, timeLimit: .milliseconds(300))
        }
        let outcome = try Subprocess.shell("exec >&- 2>&-; exit 3").run(
            outputLimit: 10, timeLimit: .seconds(600))
        #expect(outcome.status == .exited(3))
    }

    @Test func streamsAndPassesErrorsThrough() throws {
        var total = 0
        let outcome = try Subprocess.shell("head -c 5000000 /dev/zero").stream { total += $0.count }
        #expect(outcome.isSuccess)
        #expect(total == 5_000_000)
        #expect(throws: FixtureFailure.self) {
            try Subprocess.shell("exec cat /dev/zero").stream { _ in throw FixtureFailure(what: "enough") }
        }
    }

    @Test func programsDoNotInheritChannelsOfOthers() throws {
        let alone = try socketsOfAProgram()
        var beside: [Int] = []
        _ = try Subprocess.shell("cat", input: [1]).stream { _ in beside.append(try socketsOfAProgram()) }
        #expect(alone >= 3)
        #expect(beside == [alone])
    }

    /// How many sockets a new program finds open, its own three channels included.
    private func socketsOfAProgram() throws -> Int {
        let listed = try Subprocess(program: BytePath("/bin/ls"), ["-l", "/proc/self/fd"], input: [1]).run()
        return String(decoding: listed.output, as: UTF8.self).split(separator: "socket:").count - 1
    }

    @Test func environmentIsWhatWasGiven() throws {
        var environment = ProcessEnvironment().setting(["A": "1", "B": "2"])
        environment["A"] = nil
        environment["C"] = [0xff]
        environment["B"] = bytes("3")
        let outcome = try Subprocess(
            program: BytePath("/usr/bin/env"), arguments: [], environment: environment
        ).run()
        #expect(outcome.output == bytes("C=") + [0xff] + bytes("\nB=3\n"))
        #expect(environment["C"] == [0xff])
        #expect(environment["A"] == nil)
    }

    @Test func findsProgramsInAbsoluteDirectoriesOnly() {
        #expect(ProcessEnvironment().executable(named: "sh") != nil)
        #expect(
            ProcessEnvironment().setting(["PATH": "/nonexistent:/usr/bin:/bin"]).executable(named: "env")
                == BytePath("/usr/bin/env"))
        for path in ["", ":", ".", "usr/bin", "/nonexistent", "/etc"] {
            #expect(ProcessEnvironment().setting(["PATH": path]).executable(named: "env") == nil)
        }
        // There, but a directory, and a file that nobody may execute.
        #expect(ProcessEnvironment().setting(["PATH": "/"]).executable(named: "usr") == nil)
        #expect(ProcessEnvironment().setting(["PATH": "/etc"]).executable(named: "passwd") == nil)
    }
}
