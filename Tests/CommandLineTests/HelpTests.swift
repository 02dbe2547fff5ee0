// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Testing

@testable import reg

@Suite struct HelpTests {
    /// What running `arguments` prints where it is help.
    private func help(_ arguments: [String]) -> String? {
        do {
            var command = try parse(arguments)
            try command.run()
            return nil
        } catch {
            return helpText(error)
        }
    }

    @Test(arguments: [
        ["--help"], ["-h"], [], ["help"], ["push", "--help"], ["help", "push"], ["manifest"],
        ["ls", "x", "--help"],
    ])
    func helpIsNoFailure(arguments: [String]) throws {
        #expect(try #require(help(arguments)).contains("USAGE: reg"))
    }

    @Test func theVersionIsOneLine() {
        #expect(help(["--version"]) == "reg 0.1.0")
    }

    @Test func everyCommandHasAnAbstractAndExamples() {
        let top = Reg.configuration.subcommands.map { ($0.configuration, parent: "") }
        let nested = [Manifest.configuration, Store.configuration, Hooks.configuration].flatMap { parent in
            parent.subcommands.map { ($0.configuration, parent: (parent.commandName ?? "") + " ") }
        }
        for (configuration, parent) in top + nested {
            #expect(configuration.abstract.utf8.count <= 54, "the list of commands keeps to one line each")
            let example = "  reg \(parent)\(configuration.commandName ?? "")"
            #expect(configuration.discussion.contains(example))
        }
    }

    @Test func theRootNamesEveryExitCode() throws {
        let text = try #require(help(["--help"]))
        for code in [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 70, 130, 143] {
            #expect(text.contains(" \(code)  ") || text.contains("(\(code):"), "\(code)")
        }
    }

    @Test func argumentsHaveLowerCaseNamesInHelp() throws {
        #expect(try #require(help(["add", "--help"])).contains("<path>"))
    }
}
