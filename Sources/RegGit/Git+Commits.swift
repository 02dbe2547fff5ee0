// SPDX-License-Identifier: Apache-2.0
package import RegBytes
package import RegLock
internal import RegProcess

extension Git {
    /// The commit that is checked out; nil where there is none yet.
    package func head() throws(GitError) -> CommitID? { try commit("HEAD") }

    /// The commit that a revision, in git's own notation, names; nil if there is none.
    package func commit(_ revision: String) throws(GitError) -> CommitID? {
        let name = revision + "^{commit}"
        guard !name.utf8.contains(0) else { return nil }
        let outcome = try program.run(
            "rev-parse", ["--verify", "--quiet", "--end-of-options", Subprocess.Argument(name)])
        switch outcome.status {
        case .exited(0):
            // What is no commit's name here is a range such as `^HEAD`.
            let line = outcome.output.prefix { $0 != UInt8(ascii: "\n") }
            return CommitID(objectFormat: objectFormat, hex: String(decoding: line, as: UTF8.self))
        case .exited(1): return nil
        default: throw outcome.failure(of: "rev-parse")
        }
    }

    /// The bytes of a file as `commit` has it; nil where it has no file of that path.
    ///
    /// `path` is relative to the repository's root. One process, two where there is no such file.
    /// - Throws: `tooLarge` beyond `limit` bytes.
    package func blob(
        at path: BytePath, in commit: CommitID, limit: Int = 16 << 20
    ) throws(GitError) -> [UInt8]? {
        let name = Array("\(commit.hex):".utf8) + path.bytes
        let outcome: Subprocess.Outcome
        do throws(GitError) {
            outcome = try program.run("cat-file", ["blob", Subprocess.Argument(name)], outputLimit: limit)
        } catch .process(.outputTooLarge) {
            throw .tooLarge(path, limit: limit)
        }
        if outcome.isSuccess { return outcome.output }
        // Not there, or there but damaged?
        let isThere = try files(under: path, in: commit).contains { $0.path == path && $0.kind != .submodule }
        guard isThere else { return nil }
        throw outcome.failure(of: "cat-file")
    }
}
