// SPDX-License-Identifier: Apache-2.0
import RegLock
import Testing

@Suite struct LockConflictTests {
    private static func line(_ name: String) -> String { "\(name) other p-\(name) \(digestText) 1 1\n" }

    @Test func namesTheArtifactsInConflict() throws {
        let text = """
            reg-lock 1

            \(LockConflictTests.line("a"))
            <<<<<<< HEAD
            \(LockConflictTests.line("c"))
            ||||||| 1234567
            \(LockConflictTests.line("b"))
            =======
            \(LockConflictTests.line("c"))
            >>>>>>> branch

            \(LockConflictTests.line("d"))
            """
        let error = refusal(of: bytes(text))
        #expect(error == .conflict(names: [try name("b"), try name("c")]))
    }

    @Test func comesBeforeOtherErrors() throws {
        let text =
            "<<<<<<< HEAD\nreg-lock 1\n=======\nreg-lock 2\n>>>>>>> x\nnonsense\n<<<<<<< a\nz nonsense\n"
        let error = refusal(of: bytes(text))
        #expect(error == .conflict(names: [try name("reg-lock"), try name("z")]))
    }

    @Test(arguments: ["<<<<<<<", "=======", ">>>>>>> x", "||||||| x", "<<<<<<<<<< x"])
    func oneMarkerIsEnough(marker: String) {
        let text = "reg-lock 1\n\(marker)\n"
        #expect(refusal(of: bytes(text)) == .conflict(names: []))
    }

    @Test(arguments: ["<<<<<<", "<<<<<<=", " <<<<<<<"])
    func almostAMarkerIsNone(line: String) {
        let text = "reg-lock 1\n\(line)\n"
        let error = refusal(of: bytes(text))
        #expect(error == .malformed(line: 2, .fields))
    }
}
