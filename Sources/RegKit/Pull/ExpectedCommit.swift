// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegCatalog
internal import RegGit
internal import RegHash
internal import RegLock
internal import RegLog
internal import RegPin

extension Session {
    /// Makes sure that versions go with a commit: it is bound to them, or a run under its pin has written them.
    ///
    /// - Throws: `conflict` that names the commits that the first other version goes with.
    func check(_ versions: [ResolvedVersion], goWith revision: String) throws {
        let prefix = try commitPrefix(revision)
        try registry().catchUpOnce()
        var found: Set<String> = []
        for version in versions {
            let commits = try commits(of: version)
            let matches = commits.filter { $0.hasPrefix(prefix) }
            if matches.isEmpty { throw otherCommits(commits, of: version, revision) }
            found.formUnion(matches)
        }
        if found.count > 1 {
            throw RegError(.usage, "commit \(prefix) is more than one", hint: "give more digits")
        }
    }

    /// The id of the commit that a revision names; without git, where it may be unknown, the digits that are given.
    private func commitPrefix(_ revision: String) throws -> String {
        if let commit = try workspace?.git?.commit(revision) { return commit.hex }
        guard (7...64).contains(revision.utf8.count),
            revision.utf8.allSatisfy({ "0123456789abcdef".utf8.contains($0) })
        else {
            throw RegError(
                .notFound, "'\(printable(revision))' is no commit that is known here",
                hint: "give its id, at least 7 digits of it")
        }
        return revision
    }

    /// The commits that a version goes with, newest first, each once.
    private func commits(of version: ResolvedVersion) throws -> [String] {
        var commits = try catalog.commits(with: version.name, digest: version.digest)
        if let logged = try catalog.version(of: version.name, digest: version.digest) {
            commits += try catalog.runs(writing: logged).compactMap { try catalog.pin($0.pin)?.commit.hex }
        }
        var seen: Set<String> = []
        return commits.filter { seen.insert($0).inserted }
    }

    private func otherCommits(
        _ commits: [String], of version: ResolvedVersion, _ revision: String
    ) -> RegError {
        let named = commits.prefix(3).map { String($0.prefix(12)) }.joined(separator: ", ")
        let more = commits.count > 3 ? " and \(commits.count - 3) more" : ""
        let others = commits.isEmpty ? "no commit that is known" : named + more
        return RegError(
            .conflict,
            "\(version.subject) does not go with commit \(printable(revision)), but with \(others)",
            hint: "pull what that commit has: reg pull \(version.name)@\(printable(revision)); if nothing "
                + "is bound to it, push from there: reg push")
    }
}
