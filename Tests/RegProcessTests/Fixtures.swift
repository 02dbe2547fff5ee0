// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegProcess

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

struct FixtureFailure: Error { let what: String }

extension Subprocess {
    init(program: BytePath, _ arguments: [Argument], input: [UInt8]? = nil) {
        self.init(program: program, arguments: arguments, environment: .inherited, input: input)
    }

    /// Runs a script; for programs that behave in a particular way.
    static func shell(_ script: String, input: [UInt8]? = nil) -> Subprocess {
        Subprocess(program: BytePath("/bin/sh"), ["-c", Argument(script)], input: input)
    }

    @discardableResult func run() throws -> Outcome { try run(outputLimit: 16 << 20) }
}
