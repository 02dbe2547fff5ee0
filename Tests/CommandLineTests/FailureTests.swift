// SPDX-License-Identifier: Apache-2.0

import RegJSON
import RegKit
import Testing

@testable import reg

private struct Unforeseen: Error {}

@Suite struct FailureTests {
    @Test(arguments: [
        (["ls", "--json"], true), (["--json"], true), (["ls"], false), (["add", "--", "--json"], false),
        (["push", "--jsn", "--json", "x"], true),
    ])
    func theArgumentsSayInWhichFormItIsTold(arguments: [String], isJSON: Bool) {
        #expect(FailureWriter(arguments: arguments).isJSON == isJSON)
    }

    @Test func forProgramsItIsOneLine() throws {
        let error = RegError(.notFound, "no \"x\"", hint: nil)
        let text = FailureWriter(arguments: ["--json"]).text(error)
        let line = #"{"error":{"code":5,"kind":"notFound","message":"no \"x\"","hint":null}}"# + "\n"
        #expect(text == line)
    }

    @Test func forPeopleItIsAnErrorAndAHint() {
        let text = FailureWriter(arguments: []).text(RegError(.conflict, "a is edited", hint: "use --force"))
        #expect(text == "error: a is edited\nhint: use --force\n" || text.contains("\u{1b}["))
    }

    @Test func theDocumentIsThatOfItsSchema() throws {
        let schema = try Schema("error")
        #expect(schema.faults(in: errorDocument(RegError(.gate, "m", hint: "h"))) == [])
        #expect(schema.faults(in: errorDocument(RegError(.interrupted, "terminated"), code: 143)) == [])
    }

    @Test func whatNobodyForesawIsInternal() {
        let error = RegError.unforeseen(Unforeseen())
        #expect(error.kind.exitCode == 70)
        #expect(error.message.contains("Unforeseen"))
    }
}
