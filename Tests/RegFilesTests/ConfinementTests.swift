// SPDX-License-Identifier: Apache-2.0
import Glibc
import RegBytes
import RegFiles
import RegTesting
import Testing

/// Calls `body` with `root`, in which links lead to `outside`, its neighbour.
private func withLinks(_ body: (_ root: Descriptor, _ outside: Descriptor) throws -> Void) throws {
    try withDirectory { base in
        try base.makeDirectory(BytePath("outside"))
        try base.makeDirectory(BytePath("root"))
        let outside = try base.openBeneath(BytePath("outside"), .directory)
        let root = try base.openBeneath(BytePath("root"), .directory)
        try outside.make("secret")
        try root.makeDirectory(BytePath("in"))
        try root.openBeneath(BytePath("in"), .directory).make("file", [7])
        try root.makeLink(BytePath("out"), to: BytePath("../outside"))
        try root.makeLink(BytePath("absolute"), to: outside.path)
        try root.makeLink(BytePath("alias"), to: BytePath("in"))
        try root.makeLink(BytePath("leaf"), to: BytePath("in/file"))
        try root.makeLink(BytePath("loop"), to: BytePath("loop"))
        try body(root, outside)
    }
}

@Suite struct ConfinementTests {
    @Test(arguments: [
        "..", "../outside/secret", "in/../../outside/secret", "/etc/passwd", "out", "out/secret",
        "absolute/secret",
        "alias/file", "leaf", "loop", "loop/x",
    ])
    func nothingOutsideAndNoLinkIsReached(path: String) throws {
        try withLinks { root, _ throws in
            for mode in [.read, .directory] as [Descriptor.Mode] {
                let error = #expect(throws: FileError.self) {
                    _ = try root.openBeneath(BytePath(path), mode)
                }
                #expect(error?.isUnsafePath == true, "\(error?.message ?? "")")
            }
        }
    }

    @Test func whatLiesInsideIsReached() throws {
        try withLinks { root, _ throws in
            #expect(try root.openBeneath(BytePath("in/file"), .read).readAll(limit: 1) == [7])
            #expect(try root.openBeneath(BytePath("in"), .directory).names() == [BytePath("file")])
            #expect(try root.openBeneath(BytePath(""), .directory).names().count == 6)
        }
    }

    @Test(arguments: ["out/new", "absolute/new", "alias/new", "../new", "in/../../new", "loop/new"])
    func directoriesAreNotMadeThroughLinksOrOutside(path: String) throws {
        try withLinks { root, outside throws in
            #expect(throws: FileError.self) { _ = try root.makeDirectoriesBeneath(BytePath(path)) }
            #expect(try outside.names() == [BytePath("secret")])
            #expect(try Descriptor.directory(root.path.parent).names().count == 2)
            #expect(try root.openBeneath(BytePath("in"), .directory).names() == [BytePath("file")])
        }
    }

    @Test func directoriesAreMadeAsDeepAsNeeded() throws {
        try withLinks { root, _ throws in
            for _ in 0..<2 {
                let made = try root.makeDirectoriesBeneath(BytePath("in/a/b/c"))
                #expect(made.path == root.path.appending("in/a/b/c"))
            }
            #expect(code { _ = try root.makeDirectoriesBeneath(BytePath("in/file/x")) } == ENOTDIR)
        }
    }

    @Test func aFIFODoesNotBlock() throws {
        try withDirectory { directory throws in
            #expect(mkfifo(directory.path.appending("fifo").lossy, 0o600) == 0)
            let opened = [
                try Descriptor.open(directory.path.appending("fifo"), .read),
                try directory.openBeneath(BytePath("fifo"), .read),
            ]
            for file in opened { #expect(try file.status().kind == .fifo) }
            #expect(try directory.status(of: BytePath("fifo"))?.kind == .fifo)
        }
    }

    @Test func symlinksAreSeenAndNotFollowed() throws {
        try withLinks { root, _ throws in
            let leaf = BytePath("leaf")
            #expect(try root.status(of: leaf)?.kind == .symlink)
            #expect(try root.readLink(leaf) == BytePath("in/file"))
            #expect(try root.status(of: BytePath("missing")) == nil)
            #expect(try root.status(of: BytePath("in/file/x")) == nil)
            try root.remove(leaf)
            try root.remove(leaf)  // what is gone is gone
            #expect(try root.openBeneath(BytePath("in/file"), .read).readAll(limit: 1) == [7])
        }
    }

    @Test func aLinkNeverReplacesAName() throws {
        try withDirectory { directory throws in
            try directory.make("a", [1])
            try directory.make("b", [2])
            #expect(try !directory.link(BytePath("a"), to: BytePath("b")))
            #expect(try !hardLink(directory.path.appending("a"), to: directory.path.appending("b")))
            #expect(try directory.link(BytePath("a"), to: BytePath("c")))
            #expect(try directory.content("b") == [2])
            #expect(try directory.content("c") == [1])
        }
    }

    @Test func onlyEmptyDirectoriesAreRemoved() throws {
        try withDirectory { directory throws in
            _ = try directory.makeDirectoriesBeneath(BytePath("a/b"))
            #expect(!directory.removeEmptyDirectory(BytePath("a")))
            #expect(try directory.isEmptyDirectory() == false)
            #expect(try directory.openBeneath(BytePath("a"), .directory).removeEmptyDirectory(BytePath("b")))
            #expect(directory.removeEmptyDirectory(BytePath("a")))
            #expect(try directory.isEmptyDirectory())
        }
    }
}

@Suite struct DirectoryPathTests {
    @Test(
        arguments: [
            ("/", "/"), ("/a/b", "/a/b"), ("/a//b/", "/a/b"), ("/a/./b/.", "/a/b"), ("/a/../b", "/b"),
            ("/../..", "/"), ("/a/b/../..", "/"),
        ])
    func absolutePathsAreMadePlain(path: String, plain: String) {
        #expect(absolute(BytePath(path)) == BytePath(plain))
    }

    @Test func relativePathsBeginWhereTheProcessWorks() {
        #expect(absolute(BytePath("a/../b")) == currentDirectory().appending("b"))
        #expect(absolute(BytePath("")) == currentDirectory())
    }

    @Test func allMissingDirectoriesAreMade() throws {
        try withDirectory { directory throws in
            for path in ["a/b/c", "a/b/c", "a/b/d/", "a"] {
                try makeDirectories(directory.path.appending(path))
            }
            let made = try Descriptor.directory(directory.path.appending("a/b")).names()
            #expect(made == [BytePath("c"), BytePath("d")])
            try directory.make("file")
            #expect(code { try makeDirectories(directory.path.appending("file/x")) } == ENOTDIR)
        }
    }

    @Test func symlinksAreResolvedToWhatIsThere() throws {
        try withDirectory { directory throws in
            try directory.makeDirectory(BytePath("real"))
            try directory.makeLink(BytePath("link"), to: BytePath("real"))
            #expect(
                resolvingSymlinks(directory.path.appending("link")) == directory.path.appending("real"))
            #expect(resolvingSymlinks(directory.path.appending("missing")) == nil)
        }
    }

    @Test func anExclusiveLockWaitsForItsTurn() throws {
        try withDirectory { directory throws in
            let path = directory.path.appending("lock")
            try directory.make("count", [0])
            _ = try onThreads(4) { _ in
                for _ in 0..<25 {
                    let lock = try Descriptor.open(path, .lock)
                    try lock.lock(.exclusive)
                    let count = try #require(try directory.content("count")?.first)
                    try publish([count + 1], as: BytePath("count"), in: directory, .replacing)
                }
            }
            #expect(try directory.content("count") == [100])
            let held = try (0..<2).map { _ in try Descriptor.open(path, .lock) }
            for lock in held { try lock.lock(.shared) }
        }
    }
}
