// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegGit
import RegLock
import RegProcess
import Testing

@Suite struct CommitTests {
    @Test func noCommitYet() throws {
        try withRepository { repository in
            let git = try repository.discovered()
            #expect(try git.head() == nil)
            #expect(try git.trackedFiles(under: BytePath("")) == [])
        }
    }

    @Test func detachedHead() throws {
        try withRepository { repository in
            let first = try repository.commitAll("one")
            try repository.commitAll("two")
            try repository.git("checkout", "--quiet", "--detach", "HEAD~")
            #expect(try repository.discovered().head()?.hex == first)
        }
    }

    @Test func resolvesRevisions() throws {
        try withRepository { repository in
            let first = try repository.commitAll("one")
            let second = try repository.commitAll("two")
            try repository.git("tag", "--annotate", "--message", "m", "v1", "HEAD~")
            try repository.git("branch", "feature/x")
            let git = try repository.discovered()
            let names = ["v1", "HEAD~", "HEAD^", first, String(first.prefix(8)), "main~1", "HEAD^{/one}"]
            for revision in names {
                #expect(try git.commit(revision)?.hex == first, "\(revision)")
            }
            #expect(try git.commit("feature/x")?.hex == second)
        }
    }

    @Test(arguments: [
        "", "nope", "--all", "-x", "--", "HEAD~9", "HEAD:", "HEAD..main", "^HEAD", "HEAD main", "a\0b", "\n",
        "..",
        "HEAD\n", "*", "0000000000000000000000000000000000000000", "--output=/tmp/reg-git-must-not-be-there",
    ])
    func findsNoCommitByOtherText(revision: String) throws {
        try withRepository { repository in
            try repository.commitAll("one")
            try repository.commitAll("two")
            #expect(try repository.discovered().commit(revision) == nil)
        }
    }

    @Test func replacedCommitsAreNotSeen() throws {
        try withRepository { repository in
            try repository.write("old", to: "reg.lock")
            let first = try repository.commitAll()
            try repository.write("new", to: "reg.lock")
            let second = try repository.commitAll()
            try repository.git("replace", .init(first), .init(second))
            let git = try repository.discovered()
            let commit = try #require(try git.commit(first))
            #expect(try git.blob(at: BytePath("reg.lock"), in: commit) == bytes("old"))
        }
    }

    @Test func readsABlob() throws {
        try withRepository { repository in
            let odd = BytePath(bytes("dir/a\nb ") + [0xff])
            try repository.write("reg-lock 1\n", to: "reg.lock")
            try repository.write("", to: "empty")
            try repository.write([1, 0, 255, 10], to: odd)
            try repository.commitAll()
            try repository.write("changed since", to: "reg.lock")
            let git = try repository.discovered(from: "dir")
            let head = try #require(try git.head())
            #expect(try git.blob(at: BytePath("reg.lock"), in: head) == bytes("reg-lock 1\n"))
            #expect(try git.blob(at: BytePath("empty"), in: head) == [])
            #expect(try git.blob(at: odd, in: head) == [1, 0, 255, 10])
            for path in ["nope", "dir", "dir/nope", "", "reg.lock/x", "*"] {
                #expect(try git.blob(at: BytePath(path), in: head) == nil, "\(path)")
            }
        }
    }

    @Test func boundsABlob() throws {
        try withRepository { repository in
            try repository.write([UInt8](repeating: 7, count: 1_000), to: BytePath("f"))
            try repository.commitAll()
            let git = try repository.discovered()
            let head = try #require(try git.head())
            #expect(try git.blob(at: BytePath("f"), in: head, limit: 1_000)?.count == 1_000)
            #expect(throws: GitError.tooLarge(BytePath("f"), limit: 999)) {
                try git.blob(at: BytePath("f"), in: head, limit: 999)
            }
        }
    }

    @Test func doesNotTakeALostBlobForNone() throws {
        try withRepository { repository in
            try repository.write("x", to: "f")
            try repository.commitAll()
            let id = try repository.git("rev-parse", "HEAD:f")
            try repository.git(
                "-c", "alias.lose=!rm -f", "lose", .init(".git/objects/\(id.prefix(2))/\(id.dropFirst(2))"))
            let git = try repository.discovered()
            let head = try #require(try git.head())
            #expect(throws: GitError.self) { try git.blob(at: BytePath("f"), in: head) }
            #expect(throws: GitError.missingObject(id)) { try git.collectBlobs([id]) }
            let stranger = try #require(CommitID(hex: String(repeating: "ab", count: 20)))
            #expect(throws: GitError.self) { try git.blob(at: BytePath("f"), in: stranger) }
        }
    }

    @Test func listsWhatOneHistoryHasAndAnotherHasNot() throws {
        try withRepository { repository in
            let first = try repository.commitAll("one\n\nand why")
            try repository.git("checkout", "--quiet", "-b", "side")
            try repository.commitAll("aside")
            try repository.git("checkout", "--quiet", "main")
            try repository.commitAll("two \u{1b}[31m")
            let third = try repository.commitAll("three")
            try repository.git("config", "log.showSignature", "true")
            try repository.git("config", "log.decorate", "full")
            try repository.git("config", "format.pretty", "raw")
            let git = try repository.discovered()
            let side = try #require(try git.commit("side"))
            let main = try #require(try git.head())
            let ahead = try git.commits(after: side, to: main, limit: 9)
            #expect(ahead.count == 2 && ahead.commits.map(\.subject) == ["three", "two \u{1b}[31m"])
            #expect(ahead.commits.first?.id.hex == third && ahead.commits.first?.author == "Ada Lovelace")
            #expect(try git.commits(after: main, to: side, limit: 9).commits.map(\.subject) == ["aside"])
            let few = try git.commits(after: try #require(try git.commit(first)), to: main, limit: 1)
            #expect(few.count == 2 && few.commits.map(\.subject) == ["three"])
            #expect(try git.commits(after: main, to: main, limit: 9) == CommitRange(commits: [], count: 0))
        }
    }

    @Test func namesTheAuthor() throws {
        try withRepository { repository in
            #expect(try repository.discovered().author() == "Ada Lovelace <ada@example.org>")
            var nobody = repository
            for name in ["NAME", "EMAIL"] {
                nobody.environment["GIT_AUTHOR_\(name)"] = nil
                nobody.environment["GIT_COMMITTER_\(name)"] = nil
            }
            nobody.environment["LOGNAME"] = bytes("ada")
            try repository.git("config", "user.useConfigOnly", "true")
            let author = try nobody.discovered().author()
            #expect(author.hasPrefix("ada@") && author.utf8.count > 4)
            try repository.git("config", "user.name", "Grace > Hopper")
            try repository.git("config", "user.email", "grace@example.org")
            #expect(try nobody.discovered().author() == "Grace  Hopper <grace@example.org>")
        }
    }

    @Test func namesAUserEvenWithoutVariables() {
        let author = Git.localAuthor(environment: ProcessEnvironment())
        #expect(author.split(separator: "@").count == 2)
    }
}
