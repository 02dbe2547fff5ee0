// SPDX-License-Identifier: Apache-2.0
package import RegBytes
internal import RegProcess

extension Git {
    /// The directory whose hooks git runs: the repository's, which its worktrees share, or what `core.hooksPath` says.
    package func hooksDirectory() throws(GitError) -> BytePath {
        let outcome = try program.run("rev-parse", ["--path-format=absolute", "--git-path", "hooks"])
        guard outcome.isSuccess else { throw outcome.failure(of: "rev-parse") }
        guard outcome.output.last == UInt8(ascii: "\n"), outcome.output.count > 1 else {
            throw .unexpectedOutput(command: "rev-parse")
        }
        return BytePath(outcome.output.dropLast())
    }
}

/// A hook of git's in which reg has a block.
package enum GitHook: String, CaseIterable, Sendable {
    case prePush = "pre-push"
    case postCheckout = "post-checkout"

    /// The script with reg's block right behind its first line, where no `exit` or `exec` of the user's comes before it.
    ///
    /// Empty text is a script that is not there. Nil for what is no script of a shell.
    package func installed(in text: [UInt8]) -> [UInt8]? {
        if text.isEmpty { return Array("#!/bin/sh\n".utf8) + block }
        guard let (head, rest) = GitHook.parts(text) else { return nil }
        return head + block + ManagedBlock.updating(rest, lines: [])
    }

    /// The script without reg's block; empty where nothing else is in it, `text` itself where it has none.
    package func removed(from text: [UInt8]) -> [UInt8] {
        guard let (head, rest) = GitHook.parts(text) else { return text }
        let left = ManagedBlock.updating(rest, lines: [])
        return left.isEmpty && left != rest ? [] : head + left
    }

    private var block: [UInt8] { ManagedBlock.updating([], lines: lines.map { Array($0.utf8) }) }

    private var lines: [String] {
        switch self {
        // What git says on standard input is kept for what follows in the script.
        case .prePush:
            [
                "reg_refs=$(cat)", "if command -v reg >/dev/null 2>&1; then",
                "    printf '%s\\n' \"$reg_refs\" |",
                "        AWS_MAX_ATTEMPTS=\"${AWS_MAX_ATTEMPTS:-2}\" reg hooks run pre-push \"$@\" || exit 1",
                "else", "    echo 'reg is not in PATH: artifacts are not looked at' >&2", "fi",
                "if [ -n \"$reg_refs\" ]; then", "    exec <<REG_REFS", "$reg_refs", "REG_REFS", "fi",
            ]
        case .postCheckout:
            [
                "if command -v reg >/dev/null 2>&1; then", "    reg hooks run post-checkout \"$@\" || :",
                "else", "    echo 'reg is not in PATH: artifacts are not looked at' >&2", "fi",
            ]
        }
    }

    /// The line that names the shell, and what follows; nil where it names none.
    private static func parts(_ text: [UInt8]) -> (head: [UInt8], rest: [UInt8])? {
        guard text.starts(with: "#!".utf8), let end = text.firstIndex(of: UInt8(ascii: "\n")) else {
            return nil
        }
        let words = text[2..<end].split(separator: UInt8(ascii: " ")).map(BytePath.init)
        let isShell = words.prefix(3).contains { word in
            shells.contains { word.lastComponent == BytePath($0) }
        }
        return isShell ? (Array(text[...end]), Array(text[(end + 1)...])) : nil
    }

    private static let shells = ["sh", "bash", "dash", "ash", "ksh", "zsh"]
}
