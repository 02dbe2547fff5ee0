// SPDX-License-Identifier: Apache-2.0
import Glibc
import RegBytes
import RegGit
import RegLock
import RegProcess
import RegTesting
import Testing

@Suite struct FileListTests {
    /// Names that mean something to git, to shells or to people who forget that paths are bytes.
    static let oddNames: [BytePath] =
        [
            "a b", "new\nline", "tab\there", "\"quoted\"", "*", "?x", "[ab]", "back\\slash", ":x", ":(glob)y",
            "-rf",
            "--all", "#c", "!d", " lead", "trail ", "é", "\u{202e}x", "cr\r", "~", "$HOME", "a'b",
        ].map { BytePath($0) } + [BytePath([0x61, 0xff, 0xfe])]

    @Test func listsAWholeCommit() throws {
        try withRepository { repository in
            try repository.write("1", to: "b/plain")
            try repository.write("22", to: "b/run.sh")
            try repository.write("333", to: "b.txt")
            #expect(chmod(repository.path.appending("b/run.sh").lossy, 0o755) == 0)
            #expect(symlink("../b.txt", repository.path.appending("b/link").lossy) == 0)
            try repository.commitAll()
            let git = try repository.discovered(from: "b")
            let head = try #require(try git.head())
            let all = try git.files(under: BytePath(""), in: head)
            #expect(all.map(\.path.lossy) == ["b.txt", "b/link", "b/plain", "b/run.sh"])
            #expect(all.map(\.kind) == [.file, .symlink, .file, .executable])
            #expect(all.map(\.size) == [3, 8, 1, 2])
            #expect(all[2].id == (try repository.git("rev-parse", "HEAD:b/plain")))
            #expect(try git.files(under: BytePath("b"), in: head) == Array(all.dropFirst()))
            #expect(try git.files(under: BytePath("b/plain"), in: head) == [all[2]])
            #expect(try git.files(under: BytePath("b*"), in: head) == [])
            #expect(try git.files(under: BytePath("b/"), in: head) == Array(all.dropFirst()))
        }
    }

    @Test func oddNamesSurvive() throws {
        try withRepository { repository in
            for (index, name) in FileListTests.oddNames.enumerated() {
                try repository.write(bytes("\(index)"), to: BytePath("d").appending(name))
            }
            try repository.commitAll()
            let git = try repository.discovered()
            let head = try #require(try git.head())
            let expected = FileListTests.oddNames.map { BytePath("d").appending($0) }.sorted()
            let listed = try git.files(under: BytePath("d"), in: head)
            #expect(listed.map(\.path) == expected)
            #expect(try git.trackedFiles(under: BytePath("")) == expected)
            for (index, name) in FileListTests.oddNames.enumerated() {
                let path = BytePath("d").appending(name)
                #expect(try git.trackedFiles(under: path) == [path])
                #expect(try git.files(under: path, in: head).map(\.path) == [path])
                #expect(try git.blob(at: path, in: head) == bytes("\(index)"))
            }
        }
    }

    @Test func tracksOnlyWhatTheIndexHolds() throws {
        try withRepository { repository in
            for name in ["a/x", "a/y", "ab", "c"] { try repository.write("1", to: name) }
            try repository.git("add", "a/x", "ab")
            let git = try repository.discovered(from: "a")
            #expect(try git.trackedFiles(under: BytePath("")).map(\.lossy) == ["a/x", "ab"])
            #expect(try git.trackedFiles(under: BytePath("a")).map(\.lossy) == ["a/x"])
            #expect(try git.trackedFiles(under: BytePath("c")) == [])
            #expect(try git.trackedFiles(under: BytePath("nope")) == [])
        }
    }

    @Test func aFileInConflictIsListedOnce() throws {
        try withRepository { repository in
            try repository.write("base", to: "f")
            try repository.commitAll()
            try repository.git("checkout", "--quiet", "-b", "other")
            try repository.write("theirs", to: "f")
            try repository.commitAll()
            try repository.git("checkout", "--quiet", "main")
            try repository.write("ours", to: "f")
            try repository.commitAll()
            #expect(throws: FixtureFailure.self) { try repository.git("merge", "--quiet", "other") }
            #expect(try repository.git("ls-files", "--stage").split(separator: "\n").count == 3)
            #expect(try repository.discovered().trackedFiles(under: BytePath("")) == [BytePath("f")])
        }
    }

    @Test func tellsWhatIsIgnored() throws {
        try withRepository { repository in
            try repository.write("*.bin\n/data/\n!keep.bin\nd/*\n", to: ".gitignore")
            try repository.write("x", to: "tracked.bin")
            try repository.git("add", "--force", "tracked.bin")
            try repository.write("local\n", to: ".git/info/exclude")
            let git = try repository.discovered()
            let asked = [
                "a.bin", "x/a.bin", "keep.bin", "data/", "data/deep/file", "other/data/", "local",
                "tracked.bin",
                "*.txt", ":x.bin", ":(glob)*", "", "plain",
            ].map { BytePath($0) }
            let expected = ["a.bin", "x/a.bin", "data/", "data/deep/file", "local", "tracked.bin", ":x.bin"]
            #expect(try git.ignored(among: asked) == Set(expected.map { BytePath($0) }))
            let odd = FileListTests.oddNames.map { BytePath("d").appending($0) }
            #expect(try git.ignored(among: odd) == Set(odd))
            #expect(try git.ignored(among: [BytePath("plain")]) == [])
            #expect(try git.ignored(among: []) == [])
        }
    }

    @Test func asksAboutManyPathsAtOnce() throws {
        try withRepository { repository in
            try repository.write("*0\n", to: ".gitignore")
            let directory = BytePath("directory/with/a/long/name/so/that/channels/fill")
            let paths = (0..<30_000).map { directory.appending("\($0)") }
            #expect(try repository.discovered().ignored(among: paths).count == 3_000)
        }
    }

    @Test func runsNoProgramOfTheRepository() throws {
        try withRepository { repository in
            try repository.write("x", to: "f")
            try repository.commitAll()
            let git = try repository.discovered()
            let mark = repository.path.appending("mark")
            try repository.write("#!/bin/sh\ntouch '\(mark.lossy)'\n", to: "monitor")
            #expect(chmod(repository.path.appending("monitor").lossy, 0o755) == 0)
            try repository.git("update-index", "--fsmonitor")
            try repository.git("config", "core.fsmonitor", .init(repository.path.appending("monitor")))
            #expect(try git.trackedFiles(under: BytePath("")) == [BytePath("f")])
            #expect(try git.ignored(among: [BytePath("f")]) == [])
            #expect(access(mark.lossy, F_OK) != 0)
            // The monitor does work: git by itself would have run it.
            try repository.git("status")
            #expect(access(mark.lossy, F_OK) == 0)
        }
    }

    @Test func gitGetsNoKeysOfBuckets() throws {
        try withRepository { repository in
            let place = repository.path.appending("bin")
            try repository.write(
                "#!/bin/sh\nenv > '\(place.lossy)/seen'\nexec /usr/bin/git \"$@\"\n", to: "bin/git")
            #expect(chmod(place.appending("git").lossy, 0o755) == 0)
            var environment = repository.environment.setting([
                "PATH": place.lossy + ":/usr/bin:/bin", "MINE": "kept",
            ])
            for name in ProcessEnvironment.secretNames { environment[name] = bytes("canary") }
            let git = try #require(try Git.discover(from: repository.path, environment: environment))
            _ = try git.trackedFiles(under: BytePath(""))
            let seen = try Subprocess(program: BytePath("/bin/cat"), [.init(place.appending("seen"))]).run()
                .output
            let text = String(decoding: seen, as: UTF8.self)
            #expect(text.contains("MINE=kept"))
            #expect(!text.contains("canary"))
        }
    }

    @Test func refusesToAnswerOutside() throws {
        try withRepository { repository in
            let git = try repository.discovered()
            #expect(throws: GitError.self) { try git.ignored(among: [BytePath("../x")]) }
            #expect(throws: GitError.self) { try git.trackedFiles(under: BytePath("../x")) }
        }
    }
}

@Suite struct BlobReadingTests {
    @Test func readsManyThroughOneProcess() throws {
        try withRepository { repository in
            let contents = [
                [], bytes("\n"), bytes("a missing\n"), seededBytes(count: 65_536, seed: 1),
                seededBytes(count: 3_000_001, seed: 2), [0],
            ]
            for (index, content) in contents.enumerated() {
                try repository.write(content, to: BytePath("f\(index)"))
            }
            try repository.commitAll()
            let git = try repository.discovered()
            let ids = try git.files(under: BytePath(""), in: try #require(try git.head())).map(\.id)
            let order = (ids + ids.reversed() + [ids[0], ids[0]])
            #expect(
                try git.collectBlobs(order) == contents + contents.reversed() + [contents[0], contents[0]])
            #expect(try git.collectBlobs([]) == [])
        }
    }

    @Test func blocksAreShort() throws {
        try withRepository { repository in
            try repository.write(seededBytes(count: 1_000_000, seed: 3), to: BytePath("f"))
            try repository.commitAll()
            let git = try repository.discovered()
            var sizes: [Int] = []
            var announced: UInt64 = 0
            try git.readBlobs([try repository.git("rev-parse", "HEAD:f")]) { part in
                if case .start(_, let size) = part { announced = size }
                if case .block(let block) = part { sizes.append(block.count) }
            }
            #expect(announced == 1_000_000)
            #expect(sizes.reduce(0, +) == 1_000_000)
            #expect(sizes.allSatisfy { $0 <= 64 << 10 })
        }
    }

    @Test func refusesWhatIsNoBlobHere() throws {
        try withRepository { repository in
            try repository.write("x", to: "f")
            let commit = try repository.commitAll()
            let git = try repository.discovered()
            let lost = String(repeating: "ab", count: 20)
            for id in [commit, lost, "HEAD:f", "HEAD", "", "\n"] {
                #expect(throws: GitError.missingObject(id)) { try git.collectBlobs([id]) }
            }
        }
    }

    @Test func passesErrorsThrough() throws {
        try withRepository { repository in
            try repository.write(seededBytes(count: 2_000_000, seed: 4), to: BytePath("f"))
            try repository.commitAll()
            let git = try repository.discovered()
            let id = try repository.git("rev-parse", "HEAD:f")
            #expect(throws: FixtureFailure.self) {
                try git.readBlobs([id, id]) { part in
                    if case .block = part { throw FixtureFailure(what: "enough") }
                }
            }
        }
    }
}
