// SPDX-License-Identifier: Apache-2.0
import RegGit
import Testing

@Suite struct GitHookTests {
    @Test(
        arguments: [
            "#!/bin/sh\n", "#!/usr/bin/env bash\nset -e\nexit 0", "#!/usr/bin/env -S zsh -f\n\necho\n",
            "#! /bin/dash -e\nexec other \"$@\"\n",
        ], GitHook.allCases)
    func whatIsTakenOutAgainGivesBackTheScript(text: String, hook: GitHook) throws {
        let installed = try #require(hook.installed(in: Array(text.utf8)))
        #expect(hook.installed(in: installed) == installed)
        let left = String(decoding: hook.removed(from: installed), as: UTF8.self)
        #expect(left == (text == "#!/bin/sh\n" ? "" : text))
        #expect(hook.removed(from: Array(text.utf8)) == Array(text.utf8))
    }

    @Test(arguments: ["#!/usr/bin/python3\n", "\u{7f}ELF", "echo\n", "#!/bin/sh", "#!/bin/shark\n", "#!\n"])
    func otherProgramsAreNone(text: String) {
        #expect(GitHook.prePush.installed(in: Array(text.utf8)) == nil)
        #expect(GitHook.prePush.removed(from: Array(text.utf8)) == Array(text.utf8))
    }

    @Test func aNewScriptIsOneOfTheShell() throws {
        let text = String(decoding: try #require(GitHook.prePush.installed(in: [])), as: UTF8.self)
        #expect(text.hasPrefix("#!/bin/sh\n# >>> reg\n") && text.hasSuffix("# <<< reg\n"))
    }
}
