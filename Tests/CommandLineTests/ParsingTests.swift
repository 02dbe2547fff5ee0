// SPDX-License-Identifier: Apache-2.0

import RegBytes
import RegKit
import RegLock
import Testing

@testable import reg

@Suite struct ParsingTests {
    private func parsed<Command>(_ line: String, as: Command.Type) throws -> Command {
        try #require(try parse(line.split(separator: " ").map(String.init)) as? Command)
    }

    @Test func addTakesPathsNameAndType() throws {
        let add = try parsed("add data/ -j 3 b --as train --type dataset -v", as: Add.self)
        #expect(add.paths == [BytePath("data/"), BytePath("b")])
        #expect(add.naming.name?.text == "train")
        #expect(add.naming.type == .dataset)
        #expect(add.shared.jobs == 3)
        #expect(add.shared.isVerbose)
    }

    @Test func aPathNeedNotBeText() throws {
        let add = try #require(try parse(["add", argument([0x61, 0xff])]) as? Add)
        #expect(add.paths == [BytePath([0x61, 0xff])])
    }

    @Test func afterTwoDashesEverythingIsAPath() throws {
        #expect(try parsed("add -- -v --json", as: Add.self).paths == [BytePath("-v"), BytePath("--json")])
    }

    @Test func pushTakesAMessageAndMayShare() throws {
        let push = try #require(try parse(["push", "a", "-m", "two words", "--shared"]) as? Push)
        #expect(push.artifacts == ["a"])
        #expect(push.message == "two words")
        #expect(push.isShared)
    }

    @Test func pullTakesReferencesAndADirectory() throws {
        let pull = try parsed("pull a@v3 b -o out --force --dry-run --accept-rollback", as: Pull.self)
        #expect(pull.references == ["a@v3", "b"])
        #expect(pull.output == BytePath("out"))
        #expect(pull.replacesEditedFiles && pull.isDryRun && pull.shared.acceptsRollback)
    }

    @Test(arguments: [("0-0", 0...0), ("7-9", 7...9), ("0-18446744073709551615", 0...UInt64.max)])
    func rangesAreFirstAndLastByte(text: String, range: ClosedRange<UInt64>) throws {
        #expect(try parsed("cat a:b --range \(text)", as: Cat.self).range == range)
    }

    @Test(arguments: ["", "1", "5-3", "-1", "1-", "+1-2", "1-2-3", "a-b", "1-18446744073709551616"])
    func otherRangesAreRefused(text: String) {
        #expect(throws: (any Error).self) { try rangeArgument(text) }
    }

    @Test(arguments: [
        ["ls", "--jobs", "0"], ["ls", "--jobs", "x"], ["ls", "--nope"], ["ls", "a", "b"], ["show"], ["cat"],
        ["push", "--as", "Upper"], ["push", "--as", "-x"], ["add", "--type", "model"], ["log", "-n", "0"],
        ["pull", ""], ["pull", argument([0xff])], ["completion", "csh"], ["psh"], ["manifest", "rebuld"],
        ["-v", "ls"],
        ["help", "nope"], [""],
    ])
    func mistakesAreUsageErrorsWithAHint(arguments: [String]) {
        let error = #expect(throws: RegError.self) { try parse(arguments) }
        #expect(error?.kind == .usage)
        #expect(error?.hint?.isEmpty == false)
    }

    @Test(arguments: [
        (["push", "--as", "Upper"], "[a-z0-9]"), (["add", "--type", "model"], "weights"),
        (["add", "--type", "a\nb\u{1b}"], "\\x1b"), (["psh"], "'psh' is no command of 'reg'"),
        (["pull", argument([0x61, 0xff])], "'a\\xff'"),
    ])
    func messagesNameWhatIsWrong(arguments: [String], part: String) {
        let error = #expect(throws: RegError.self) { try parse(arguments) }
        #expect(error?.message.contains(part) == true)
        #expect(error?.message.contains("\n") == false)
    }

    @Test(arguments: [
        (["psh"], "did you mean 'reg push'?"),
        (["manifest", "rebuld"], "did you mean 'reg manifest rebuild'?"),
        (["xyzzy"], "see 'reg --help'"), (["push", "--nope"], "see 'reg push --help'"),
        (["manifest", "rebuild", "x"], "see 'reg manifest rebuild --help'"),
        (["-v", "ls"], "options stand after the command; see 'reg --help'"),
    ])
    func hintsLeadOn(arguments: [String], hint: String) {
        let error = #expect(throws: RegError.self) { try parse(arguments) }
        #expect(error?.hint == hint)
    }
}
