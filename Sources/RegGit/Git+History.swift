// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
package import RegLock
internal import RegProcess

/// One commit, as `git log` tells of it.
package struct CommitSummary: Equatable, Sendable {
    package let id: CommitID
    /// The first line of its message; at most 500 characters.
    package let subject: String
    /// The author's name; at most 200 characters.
    package let author: String
    /// When it was written: RFC 3339 with the author's zone.
    package let time: String

    package init(id: CommitID, subject: String, author: String, time: String) {
        self.id = id
        self.subject = subject
        self.author = author
        self.time = time
    }
}

/// What one commit has in its history and another has not.
package struct CommitRange: Equatable, Sendable {
    /// The newest ones, newest first.
    package let commits: [CommitSummary]
    /// How many there are in all.
    package let count: UInt64

    package init(commits: [CommitSummary], count: UInt64) {
        self.commits = commits
        self.count = count
    }
}

extension Git {
    /// The commits that `new` has in its history and `old` has not, the newest `limit` of them.
    ///
    /// Two processes; the first goes through the history between both.
    package func commits(
        after old: CommitID, to new: CommitID, limit: Int
    ) throws(GitError) -> CommitRange {
        let range = Subprocess.Argument("\(old.hex)..\(new.hex)")
        let counted = try program.run("rev-list", ["--count", range])
        guard counted.isSuccess else { throw counted.failure(of: "rev-list") }
        let line = counted.output.prefix { $0 != UInt8(ascii: "\n") }
        guard let count = UInt64(String(decoding: line, as: UTF8.self)) else {
            throw .unexpectedOutput(command: "rev-list")
        }
        if count == 0 { return CommitRange(commits: [], count: 0) }
        // What the user's configuration would add to `git log`, such as signatures, is no part of the answer.
        let format: [Subprocess.Argument] = [
            "-z", "--no-show-signature", "--no-notes", "--no-color", "--no-patch", "--encoding=UTF-8",
            "--format=tformat:%H%n%aI%n%an%n%s", Subprocess.Argument("--max-count=\(limit)"),
        ]
        var commits: [CommitSummary] = []
        let outcome = try program.records("log", format + [range]) { record throws(GitError) in
            guard let commit = CommitSummary(record) else { throw .unexpectedOutput(command: "log") }
            commits.append(commit)
        }
        guard outcome.isSuccess else { throw outcome.failure(of: "log") }
        return CommitRange(commits: commits, count: count)
    }
}

extension CommitSummary {
    /// Takes apart `<id>\n<time>\n<author>\n<subject>`.
    fileprivate init?(_ record: ArraySlice<UInt8>) {
        let lines = record.split(
            separator: UInt8(ascii: "\n"), maxSplits: 3, omittingEmptySubsequences: false
        )
        .map { String(decoding: $0, as: UTF8.self) }
        guard lines.count == 4, let id = CommitID(hex: lines[0]) else { return nil }
        self.init(
            id: id, subject: String(lines[3].prefix(500)), author: String(lines[2].prefix(200)),
            time: lines[1])
    }
}
