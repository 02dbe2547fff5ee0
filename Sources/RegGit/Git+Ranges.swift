// SPDX-License-Identifier: Apache-2.0
package import RegLock
internal import RegProcess

extension Git {
    /// The commits of a range such as `main..feature`, or the one that a revision names, oldest first.
    ///
    /// At most `limit` of them, the newest ones. Nil where git knows no such commits.
    package func commits(in range: String, limit: Int) throws(GitError) -> [CommitID]? {
        if let commit = try commit(range) { return [commit] }
        guard !range.utf8.contains(0) else { return nil }
        let outcome = try program.run(
            "rev-list",
            [
                "--topo-order", "--reverse", Subprocess.Argument("--max-count=\(limit)"), "--end-of-options",
                Subprocess.Argument(range), "--",
            ])
        switch outcome.status {
        case .exited(0): break
        case .exited(128): return nil
        default: throw outcome.failure(of: "rev-list")
        }
        var commits: [CommitID] = []
        for line in outcome.output.split(separator: UInt8(ascii: "\n")) {
            let hex = String(decoding: line, as: UTF8.self)
            guard let commit = CommitID(objectFormat: objectFormat, hex: hex) else {
                throw .unexpectedOutput(command: "rev-list")
            }
            commits.append(commit)
        }
        return commits
    }
}
