// SPDX-License-Identifier: Apache-2.0
import RegTesting
import Testing

@Test func runsCommands() throws {
    let command = Command("/bin/sh", ["-c", "cat; echo hi >&2; exit 3"], environment: [:], in: "/tmp")
    var c = command
    c.input = Array("abc".utf8)
    let outcome = try c.run()
    #expect(outcome.code == 3 && outcome.text == "abc" && outcome.errorText == "hi\n")
    c.arguments = [Array("-c".utf8), Array("echo a; sleep 5".utf8)]
    #expect(try c.run(killedAfter: .milliseconds(50)).ending == .killed)
    #expect(try c.run(limit: .milliseconds(50)).ending == .killed)
}
