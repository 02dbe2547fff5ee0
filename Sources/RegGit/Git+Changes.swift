// SPDX-License-Identifier: Apache-2.0
package import RegBytes
package import RegLock
internal import RegProcess

/// How the work tree and the index differ from the commit that is checked out.
package struct GitChanges: Equatable, Sendable {
    /// Files that git tracks, changed in the work tree or in the index; submodules with changes among them.
    package var tracked: [BytePath] = []
    /// Files and directories that git neither tracks nor ignores.
    package var untracked: [BytePath] = []
    /// Those submodules that have changes of their own, beside a commit that is not the recorded one.
    package var submodules: [BytePath] = []

    package init() {}
}

extension Git {
    /// What a `git commit --all` would commit, and what it would leave.
    package func changes() throws(GitError) -> GitChanges {
        var changes = GitChanges()
        var isOrigin = false
        let options: [Subprocess.Argument] = [
            "--porcelain=v2", "-z", "--untracked-files=normal", "--ignore-submodules=none", "--no-renames",
        ]
        let outcome = try program.records("status", options) { record throws(GitError) in
            if isOrigin {
                isOrigin = false
                return
            }
            let fields = record.split(
                separator: UInt8(ascii: " "), maxSplits: 8, omittingEmptySubsequences: false)
            switch record.first {
            case UInt8(ascii: "1"):
                guard fields.count == 9 else { throw .unexpectedOutput(command: "status") }
                let path = BytePath(fields[8])
                changes.tracked.append(path)
                // S, then c for another commit, m for changed files, u for untracked ones.
                if fields[2].first == UInt8(ascii: "S"), fields[2].contains(UInt8(ascii: "M")) {
                    changes.submodules.append(path)
                }
            case UInt8(ascii: "2"): isOrigin = true
            case UInt8(ascii: "u"):
                let fields = record.split(separator: UInt8(ascii: " "), maxSplits: 10)
                guard let path = fields.last, fields.count == 11 else {
                    throw .unexpectedOutput(command: "status")
                }
                changes.tracked.append(BytePath(path))
            case UInt8(ascii: "?"): changes.untracked.append(BytePath(record.dropFirst(2)))
            default: break
            }
        }
        guard outcome.isSuccess else { throw outcome.failure(of: "status") }
        return changes
    }

    /// The name of a tree that has all tracked files as they are now, as git would commit them.
    ///
    /// Two processes. The user's index stays as it is: `scratch` is a copy of it, which changes.
    package func currentTree(index scratch: BytePath) throws(GitError) -> CommitID {
        var program = program
        program.environment["GIT_INDEX_FILE"] = scratch.bytes
        program.environment["GIT_OPTIONAL_LOCKS"] = nil
        program.environment["GIT_LITERAL_PATHSPECS"] = nil
        let added = try program.run("add", ["--update", "--", ":/"])
        guard added.isSuccess else { throw added.failure(of: "add") }
        let written = try program.run("write-tree", [])
        guard written.isSuccess else { throw written.failure(of: "write-tree") }
        let line = written.output.prefix { $0 != UInt8(ascii: "\n") }
        guard let tree = CommitID(objectFormat: objectFormat, hex: String(decoding: line, as: UTF8.self))
        else {
            throw .unexpectedOutput(command: "write-tree")
        }
        return tree
    }

    /// How a tree differs from a commit, as `git apply` takes it.
    /// - Throws: `tooLarge` beyond `limit` bytes.
    package func patch(from commit: CommitID, to tree: CommitID, limit: Int) throws(GitError) -> [UInt8] {
        let outcome: Subprocess.Outcome
        do throws(GitError) {
            outcome = try program.run(
                "diff-tree",
                [
                    "-p", "-r", "--binary", "--full-index", "--no-renames", "--no-ext-diff", "--no-textconv",
                    "--no-color", "--end-of-options", .init(commit.hex), .init(tree.hex),
                ], outputLimit: limit)
        } catch .process(.outputTooLarge) { throw .tooLarge(BytePath("patch.diff"), limit: limit) }
        guard outcome.isSuccess else { throw outcome.failure(of: "diff-tree") }
        return outcome.output
    }
}
