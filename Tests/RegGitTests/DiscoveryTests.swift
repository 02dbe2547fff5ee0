// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegGit
import RegLock
import RegProcess
import Testing

@Suite struct DiscoveryTests {
    @Test func findsTheRepositoryFromBelow() throws {
        try withRepository { repository in
            try make(repository.path.appending("a/b"))
            let git = try repository.discovered(from: "a/b")
            #expect(git.topLevel == repository.path)
            #expect(git.gitDirectory == repository.path.appending(".git"))
            #expect(git.commonDirectory == git.gitDirectory)
            #expect(git.objectFormat == .sha1)
            #expect(!git.isShallow)
        }
    }

    @Test func findsNothingOutside() throws {
        try withTemporaryDirectory { directory in
            let git = try Git.discover(from: directory, environment: cleanEnvironment())
            #expect(git == nil)
        }
    }

    @Test func findsNothingWithoutGit() throws {
        try withRepository { repository in
            for path in ["/nonexistent", ""] {
                let environment = repository.environment.setting(["PATH": path])
                #expect(try Git.discover(from: repository.path, environment: environment) == nil)
                #expect(throws: GitError.notInstalled) { try Git.requireInstalled(environment: environment) }
            }
            try Git.requireInstalled(environment: repository.environment)
        }
    }

    @Test func namesANewlineInThePathRightly() throws {
        try withTemporaryDirectory { directory in
            let repository = Repository(path: directory.appending(BytePath(bytes("a\nb \n") + [0xff])))
            try make(repository.path)
            try repository.git("init", "--quiet")
            let git = try repository.discovered()
            #expect(git.topLevel == repository.path)
            #expect(git.commonDirectory == repository.path.appending(".git"))
            #expect(try git.head() == nil)
        }
    }

    @Test func explainsDubiousOwnership() throws {
        try withRepository { repository in
            let environment = repository.environment.setting(["GIT_TEST_ASSUME_DIFFERENT_OWNER": "1"])
            let expected = GitError.dubiousOwnership(repository.path)
            #expect(throws: expected) { try Git.discover(from: repository.path, environment: environment) }
            let fix = "git config --global --add safe.directory '\(repository.path.lossy)'"
            #expect(expected.hint?.hasSuffix(fix) == true)
        }
    }

    @Test func quotesOddPathsInHints() {
        let hint = GitError.dubiousOwnership(BytePath("/it's")).hint
        #expect(hint?.hasSuffix(" '/it'\\''s'") == true)
    }

    @Test func refusesABareRepository() throws {
        try withRepository("--bare") { repository in
            #expect(throws: GitError.bareRepository(repository.path)) {
                try Git.discover(from: repository.path, environment: repository.environment)
            }
        }
    }

    @Test func refusesTheInsideOfAGitDirectory() throws {
        try withRepository { repository in
            let inside = repository.path.appending(".git")
            #expect(throws: GitError.insideGitDirectory(inside)) {
                try Git.discover(from: inside, environment: repository.environment)
            }
        }
    }

    @Test func doesNotTakeABrokenRepositoryForNone() throws {
        try withRepository { repository in
            try repository.write("[broken", to: ".git/config")
            let error = #expect(throws: GitError.self) {
                try Git.discover(from: repository.path, environment: repository.environment)
            }
            guard case .failed("rev-parse", .exited(128), let message) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(message.contains("config"))
        }
    }

    @Test func missingDirectoryIsAnError() throws {
        #expect(throws: GitError.self) {
            try Git.discover(from: BytePath("/nonexistent"), environment: cleanEnvironment())
        }
    }

    @Test func followsTheVariablesThatGitFollows() throws {
        try withRepository { repository in
            try repository.write("x", to: "tracked")
            let commit = try repository.commitAll()
            try make(repository.path.appending("sub"))
            // As a hook has them: relative to where it runs.
            var other = repository
            other.environment = other.environment.setting(["GIT_DIR": "../.git", "GIT_WORK_TREE": ".."])
            let git = try other.discovered(from: "sub")
            #expect(git.topLevel == repository.path)
            #expect(try git.head()?.hex == commit)
            #expect(try git.trackedFiles(under: BytePath("")) == [BytePath("tracked")])
        }
    }

    @Test func knowsSHA256() throws {
        try withRepository("--object-format=sha256") { repository in
            try repository.write("x", to: "f")
            let commit = try repository.commitAll()
            let git = try repository.discovered()
            #expect(git.objectFormat == .sha256)
            let head = try #require(try git.head())
            #expect(head == CommitID(objectFormat: .sha256, hex: commit))
            #expect(try git.blob(at: BytePath("f"), in: head) == bytes("x"))
            let ids = try git.files(under: BytePath(""), in: head).map(\.id)
            #expect(try git.collectBlobs(ids) == [bytes("x")])
        }
    }

    @Test func worktreesShareTheCommonDirectory() throws {
        try withRepository { repository in
            try repository.write("x", to: "f")
            let commit = try repository.commitAll()
            try repository.git("worktree", "add", "--quiet", "--detach", "../other")
            let other = Repository(path: repository.path.parent.appending("other"))
            try other.write("y", to: "g")
            try other.git("add", "g")
            let git = try other.discovered()
            #expect(git.topLevel == other.path)
            #expect(git.commonDirectory == repository.path.appending(".git"))
            #expect(git.gitDirectory == repository.path.appending(".git/worktrees/other"))
            #expect(try git.head()?.hex == commit)
            #expect(try git.trackedFiles(under: BytePath("")) == [BytePath("f"), BytePath("g")])
        }
    }

    @Test func shallowClonesAreKnown() throws {
        try withRepository { repository in
            let first = try repository.commitAll("one")
            let second = try repository.commitAll("two")
            let clone = Repository(path: repository.path.parent.appending("clone"))
            let url = Subprocess.Argument(BytePath(bytes("file://") + repository.path.bytes))
            try repository.git("clone", "--quiet", "--depth=1", url, .init(clone.path))
            let git = try clone.discovered()
            #expect(git.isShallow)
            #expect(try git.head()?.hex == second)
            #expect(try git.commit(first) == nil)
        }
    }

    @Test func submodulesAreRepositoriesOfTheirOwn() throws {
        try withRepository { repository in
            let inner = Repository(path: repository.path.parent.appending("inner"))
            try make(inner.path)
            try inner.git("init", "--quiet")
            try inner.write("x", to: "f")
            let commit = try inner.commitAll()
            try repository.write("y", to: "a")
            try repository.git(
                "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", .init(inner.path), "sub")
            try repository.commitAll()

            let git = try repository.discovered(from: "sub")
            #expect(git.topLevel == repository.path.appending("sub"))
            #expect(git.commonDirectory == repository.path.appending(".git/modules/sub"))
            #expect(try git.head()?.hex == commit)

            let outer = try repository.discovered()
            let files = try outer.files(under: BytePath(""), in: try #require(try outer.head()))
            #expect(files.map(\.kind) == [.file, .file, .submodule])
            #expect(files.last == GitFile(path: BytePath("sub"), kind: .submodule, id: commit, size: 0))
            #expect(try outer.blob(at: BytePath("sub"), in: try #require(try outer.head())) == nil)
        }
    }
}

extension Git {
    /// The blobs as whole arrays.
    func collectBlobs(_ ids: [String]) throws -> [[UInt8]] {
        var result: [[UInt8]] = []
        var isOpen = false
        try readBlobs(ids) { part in
            switch part {
            case .start(let index, _):
                #expect(index == result.count && !isOpen)
                result.append([])
                isOpen = true
            case .block(let block):
                #expect(isOpen && !block.isEmpty)
                result[result.count - 1] += block
            case .end: isOpen = false
            }
        }
        #expect(!isOpen)
        return result
    }
}
