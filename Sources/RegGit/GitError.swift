// SPDX-License-Identifier: Apache-2.0
package import RegBytes
package import RegProcess

/// Why git could not answer.
package enum GitError: Error, Equatable {
    /// No git program in `PATH`.
    case notInstalled
    /// The repository belongs to somebody else, so that git does not trust its configuration.
    case dubiousOwnership(BytePath)
    /// A repository without a work tree.
    case bareRepository(BytePath)
    /// A directory inside `.git`.
    case insideGitDirectory(BytePath)
    /// The repository lacks an object that it names: damaged, or cloned without it.
    case missingObject(String)
    /// More than `limit` bytes where that much is not to be held in memory.
    case tooLarge(BytePath, limit: Int)
    /// git ended with another status than its manual page names; `message` is what it said, in one line.
    case failed(command: String, Subprocess.ExitStatus, message: String)
    /// git printed something else than its manual page says.
    case unexpectedOutput(command: String)
    case process(SubprocessError)

    package var message: String {
        switch self {
        case .notInstalled: "git is not installed, or not in PATH"
        case .dubiousOwnership(let path): "git does not trust \(printable(path)): it belongs to another user"
        case .bareRepository(let path): "\(printable(path)) is in a bare git repository"
        case .insideGitDirectory(let path): "\(printable(path)) is inside a git directory, not in a work tree"
        case .missingObject(let id): "git has no object \(printable(id))"
        case .tooLarge(let path, let limit): "\(printable(path)) in git is longer than \(limit) bytes"
        case .failed(let command, let status, let message):
            "git \(command) \(status.phrase)" + (message.isEmpty ? "" : ": \(printable(message))")
        case .unexpectedOutput(let command): "git \(command) printed what reg does not understand"
        case .process(let error): error.message
        }
    }

    /// What the user can do about it.
    package var hint: String? {
        switch self {
        case .notInstalled: "install git (Debian: apt install git)"
        case .dubiousOwnership(let path):
            "if you trust it: git config --global --add safe.directory \(shellQuoted(path))"
        case .bareRepository, .insideGitDirectory: "run reg in a work tree of the repository"
        case .missingObject: "run 'git fsck', or fetch the missing history"
        case .tooLarge, .failed, .unexpectedOutput, .process: nil
        }
    }
}

/// A path as a word for a shell, for people to copy.
private func shellQuoted(_ path: BytePath) -> String {
    let parts = printable(path).split(separator: "'", omittingEmptySubsequences: false)
    return "'" + parts.joined(separator: "'\\''") + "'"
}

extension Subprocess.ExitStatus {
    /// How it ended, as it reads after the program's name.
    package var phrase: String {
        switch self {
        case .exited(let code): "ended with status \(code)"
        case .signalled(let signal): "was ended by signal \(signal)"
        }
    }
}
