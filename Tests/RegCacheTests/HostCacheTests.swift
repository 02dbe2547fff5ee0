// SPDX-License-Identifier: Apache-2.0
import Glibc
import RegBytes
import RegCache
import RegFiles
import RegHash
import RegManifest
import RegTesting
import Testing

private let sample = Source([
    "a.txt": .file(text("one")), "bin/tool": .program(text("#!/bin/sh\n")), "bin/copy": .file(text("one")),
    "empty": .file([]), "hollow/inside": .emptyDirectory, "link": .link("bin/tool"),
    "bin/up": .link("../a.txt"),
    "long": .file(Array(repeating: 7, count: 300_000)),
])

@Suite struct HostCacheTests {
    @Test func aTreeIsBroughtOnceAndThenKnown() throws {
        try withCache { cache, _ throws in
            let source = Source(["a": .file(text("a")), "b/c": .program(text("c"))])
            for _ in 0..<3 { _ = try source.prepare(in: cache) }
            _ = try source.prepare(in: HostCache.open(at: cache.path))
            #expect(source.rowCalls == 1)
            #expect(source.fetches == 1)
            #expect(try cache.directory.content(cache.file(text("a"))) == text("a"))
            #expect(try cache.directory.status(cache.file(text("a")))?.permissions == 0o444)
            #expect(
                try cache.directory.status(cache.file(text("c"), isExecutable: true))?.permissions == 0o555)
            #expect(try cache.directory.openBeneath(BytePath("incoming"), .directory).isEmptyDirectory())
        }
    }

    @Test func onlyWhatIsMissingIsBrought() throws {
        try withCache { cache, _ throws in
            _ = try Source(["a": .file(text("same")), "b": .file(text("other"))]).prepare(in: cache)
            let next = Source(["x/y": .file(text("same")), "z": .file(text("new"))])
            _ = try next.prepare(in: cache)
            #expect(next.fetchedFiles == 1)
        }
    }

    @Test func theOtherExecutableBitIsACopy() throws {
        try withCache { cache, run throws in
            _ = try Source(["a": .file(text("same"))]).prepare(in: cache)
            let next = Source(["a": .program(text("same"))])
            try next.prepare(in: cache).materialise(in: place(run, .readOnly), threads: 1)
            #expect(next.fetches == 0)
            #expect(try run.status("data/a")?.permissions == 0o555)
            #expect(try cache.directory.status(cache.file(text("same")))?.permissions == 0o444)
        }
    }

    @Test func equalFilesAreBroughtOnce() throws {
        try withCache { cache, _ throws in
            let bytes = Array(repeating: UInt8(1), count: 1 << 20)
            let source = Source([
                "a": .file([]), "b/c": .file([]), "b/d": .file([]), "best": .file(bytes),
                "last": .file(bytes),
            ])
            _ = try source.prepare(in: cache)
            #expect(source.fetchedFiles == 2)
        }
    }

    @Test func oneOfSeveralThatWantATreeBringsIt() throws {
        try withTemporaryDirectory { directory in
            let source = Source(["a": .file(text("a")), "b": .file(text("b"))])
            _ = try onThreads(6) { number in
                let cache = try HostCache.open(at: directory.appending("cache"), quota: 1 << 40)
                let run = try Descriptor.run(in: directory, "run\(number)")
                try source.prepare(in: cache, delay: 50_000).materialise(
                    in: place(run, .readOnly), threads: 2)
                #expect(try run.content("data/b") == text("b"))
            }
            #expect(source.fetches == 1)
        }
    }

    @Test func whatWasNotBroughtIsAnError() throws {
        try withCache { cache, _ throws in
            let source = Source(["d/a": .file(text("a"))])
            let wrong: [(String, (Descriptor) throws -> Void)] = [
                ("nothing", { _ in }),
                ("a longer file", { _ = try replaceFile(text("aa"), as: BytePath("a"), in: $0) }),
                ("a link", { try $0.makeLink(BytePath("a"), to: BytePath("/etc/passwd")) }),
                ("a directory", { try $0.makeDirectory(BytePath("a")) }),
            ]
            for (what, body) in wrong {
                #expect(throws: (any Error).self, "\(what)") {
                    _ = try cache.prepare(source.digest) { append in
                        for row in source.rows { try append(row) }
                    } fetch: { _, directory in
                        try directory.removeTree(BytePath("d"))
                        try body(directory.makeDirectoriesBeneath(BytePath("d")))
                    }
                }
                #expect(try !cache.holds(text("a")))
            }
            try cache.directory.removeTree(BytePath("incoming"))
            _ = try source.prepare(in: HostCache.open(at: cache.path))
        }
    }

    @Test func rowsThatAreNotTheTreesAreRefused() throws {
        try withCache { cache, _ throws in
            let digest = SHA256.digest(of: text("another"))
            #expect(throws: CacheError.self) {
                _ = try cache.prepare(digest) { append in
                    for row in sample.rows { try append(row) }
                } fetch: { _, _ in
                    Issue.record("there is nothing to fetch")
                }
            }
            #expect(try cache.directory.openBeneath(BytePath("trees"), .directory).isEmptyDirectory())
        }
    }

    @Test(arguments: [
        [TreeRow(path: BytePath("../out"), kind: .emptyDirectory)],
        [TreeRow(path: BytePath("/etc/out"), kind: .emptyDirectory)],
        [TreeRow(path: BytePath("a/.git/x"), kind: .emptyDirectory)],
        [TreeRow(path: BytePath("l"), kind: .symlink(target: BytePath("../out")))],
        [TreeRow(path: BytePath("l"), kind: .symlink(target: BytePath("/etc")))],
        [
            TreeRow(path: BytePath("a"), kind: .symlink(target: BytePath("b"))),
            TreeRow(path: BytePath("a/x"), kind: .emptyDirectory),
        ],
        [
            TreeRow(path: BytePath("b"), kind: .emptyDirectory),
            TreeRow(path: BytePath("a"), kind: .emptyDirectory),
        ],
    ])
    func hostilePathsAreRefused(rows: [TreeRow]) throws {
        try withCache { cache, _ throws in
            var hasher = TreeHasher()
            for row in rows { hasher.append(row) }
            let tree = hasher.finish()
            #expect(throws: ManifestError.self) {
                _ = try cache.prepare(tree) {
                    for row in rows { try $0(row) }
                } fetch: { _, _ in
                }
            }
            #expect(try cache.directory.openBeneath(BytePath("trees"), .directory).isEmptyDirectory())
        }
    }

    @Test func aCacheThatOthersCanChangeIsRefused() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending("cache")
            mkdir(path.lossy, 0o700)
            chmod(path.lossy, 0o777)
            #expect(throws: CacheError.notOwn(path)) { _ = try HostCache.open(at: path) }
            chmod(path.lossy, 0o755)
            _ = try HostCache.open(at: path)
            chmod(path.appending("files").lossy, 0o775)
            #expect(throws: CacheError.notOwn(path.appending("files"))) { _ = try HostCache.open(at: path) }
        }
    }

    @Test func aPlaceThatIsNoDirectoryIsAnError() throws {
        try withTemporaryDirectory { directory in
            _ = try replaceFile([1], as: BytePath("file"), in: .directory(directory))
            #expect(throws: FileError.self) { _ = try HostCache.open(at: directory.appending("file/cache")) }
        }
    }
}

@Suite struct DamagedCacheTests {
    @Test(arguments: [TreePlace.Access.readOnly, .readOnlyCopy, .writable])
    func anEditWhereATreeWasMadeHurtsNobodyElse(access: TreePlace.Access) throws {
        try withCache { cache, run throws in
            let source = Source(["a": .file(text("original")), "b": .file(text("untouched"))])
            try source.prepare(in: cache).materialise(in: place(run, access), threads: 1)
            try run.overwrite("data/a", text("overwrote"))
            let again = try Descriptor.run(in: run.path.parent, "again")
            try source.prepare(in: cache).materialise(in: place(again, .readOnly), threads: 1)
            #expect(try again.content("data/a") == text("original"))
            #expect(try run.content("data/a") == text("overwrote"))
            #expect(source.fetchedFiles <= 3)
        }
    }

    /// An edit of the same length, which only the time tells.
    @Test func anEditThroughAHardLinkIsReplaced() throws {
        try withCache { cache, run throws in
            let source = Source(["a": .file(text("original"))])
            _ = try source.prepare(in: cache)
            let name = cache.file(text("original"))
            #expect(try hardLink(cache.path.appending(name), to: run.path.appending("link")))
            try run.overwrite("link", text("ORIGINAL"))
            #expect(try cache.directory.content(name) == text("ORIGINAL"))
            let tree = try source.prepare(in: cache)
            #expect(source.fetches == 2)
            try tree.materialise(in: place(run, .readOnly), threads: 1)
            #expect(try run.content("data/a") == text("original"))
            #expect(try run.content("link") == text("ORIGINAL"))
        }
    }

    @Test func whatWasOnlyTouchedIsTakenBack() throws {
        try withCache { cache, _ throws in
            let source = Source(["a": .file(text("original"))])
            _ = try source.prepare(in: cache)
            let name = cache.file(text("original"))
            let file = try cache.directory.openBeneath(BytePath(name), .read)
            try file.setModified(nil)
            _ = try source.prepare(in: cache)
            try file.setMode(0o644)
            _ = try source.prepare(in: cache)
            #expect(source.fetches == 1)
            #expect(try cache.directory.status(name)?.permissions == 0o444)
            #expect(try cache.directory.status(name)?.modified == 946_684_800_000_000_000)
        }
    }

    @Test func whateverHasTheNameOfAFileIsReplaced() throws {
        try withCache { cache, run throws in
            let source = Source(["a": .file(text("original"))])
            _ = try source.prepare(in: cache)
            let parent = try cache.directory.openBeneath(
                BytePath(cache.file(text("original"))).parent, .directory)
            let name = BytePath(cache.file(text("original"))).lastComponent
            let wrong: [(Descriptor) throws -> Void] = [
                { _ = try replaceFile(text("x"), as: name, in: $0) },
                { _ = try replaceFile(text("ORIGINAL"), as: name, in: $0) },
                { try $0.makeLink(name, to: BytePath("/etc/passwd")) },
                { try $0.makeDirectory(name) },
                { _ in },
            ]
            for (number, body) in wrong.enumerated() {
                try parent.removeTree(name)
                try body(parent)
                _ = try source.prepare(in: cache)
                #expect(source.fetches == number + 2)
                #expect(try cache.directory.content(cache.file(text("original"))) == text("original"))
            }
        }
    }

    @Test(arguments: [0, 7, 8, 20, 60, 100])
    func damagedRowsAreMadeAnew(byteCount: Int) throws {
        try withCache { cache, _ throws in
            let source = Source(["a": .file(text("a")), "b": .link("a"), "c": .emptyDirectory])
            _ = try source.prepare(in: cache)
            let name = BytePath(source.digest.hex)
            let trees = try cache.directory.openBeneath(BytePath("trees"), .directory)
            let rows = try cache.directory.content("trees/\(source.digest.hex)")
            _ = try replaceFile(Array(rows.prefix(byteCount)), as: name, in: trees)
            _ = try source.prepare(in: cache)
            var flipped = rows
            flipped[byteCount] ^= 0x40
            _ = try replaceFile(flipped, as: name, in: trees)
            _ = try source.prepare(in: cache)
            #expect(source.rowCalls == 3)
            #expect(source.fetches == 1)
            #expect(try cache.directory.content("trees/\(source.digest.hex)") == rows)
        }
    }

    @Test func aFetchThatFailsIsGoneOnWith() throws {
        try withCache { cache, run throws in
            let source = Source([
                "a": .file(text("a")), "b": .file(text("b")), "d/c": .file(text("c")),
            ])
            for limit in 0..<3 {
                #expect(throws: Interruption.self) {
                    _ = try source.prepare(in: cache, failingAfter: limit)
                }
            }
            // What they brought lies where the next one finds it.
            #expect(try cache.directory.content("incoming/\(source.digest.hex)/b") == text("b"))
            try source.prepare(in: cache).materialise(in: place(run, .readOnly), threads: 1)
            #expect(try run.content("data/d/c") == text("c"))
            #expect(try cache.directory.openBeneath(BytePath("incoming"), .directory).isEmptyDirectory())
        }
    }
}

@Suite struct CacheRoomTests {
    private func source(_ name: String, _ byteCount: Int) -> Source {
        Source([name: .file(Array(repeating: text(name)[0], count: byteCount))])
    }

    private func holds(_ source: Source, _ cache: HostCache) throws -> Bool {
        try source.rows.allSatisfy { try cache.holds(source.content($0.path)) }
    }

    @Test func whatWasNotUsedForLongestGoes() throws {
        try withCache(quota: 250_000) { cache, _ throws in
            let sources = ["a", "b", "c"].map { source($0, 100_000) }
            _ = try sources[0].prepare(in: cache)
            try cache.setLastUse(of: sources[0], to: 1)
            _ = try sources[1].prepare(in: cache)
            try cache.setLastUse(of: sources[1], to: 2)
            _ = try sources[0].prepare(in: cache)
            _ = try sources[2].prepare(in: cache)
            #expect(try sources.map { try holds($0, cache) } == [true, false, true])
            #expect(try cache.directory.status("trees/\(sources[1].digest.hex)") == nil)
            _ = try sources[1].prepare(in: cache)
            #expect(sources.map(\.fetches) == [1, 2, 1])
        }
    }

    @Test func aTreeThatIsHeldStays() throws {
        try withCache(quota: 150_000) { cache, _ throws in
            let (old, new) = (source("a", 100_000), source("b", 100_000))
            let held = try old.prepare(in: cache)
            #expect(throws: CacheError.noRoom(neededByteCount: 100_000, limit: 150_000)) {
                _ = try new.prepare(in: cache)
            }
            #expect(try holds(old, cache))
            withExtendedLifetime(held) {}
        }
    }

    @Test func filesOfOtherTreesStay() throws {
        try withCache(quota: 250_000) { cache, _ throws in
            let shared = Array(repeating: UInt8(1), count: 60_000)
            let own = Array(repeating: UInt8(2), count: 60_000)
            let old = Source(["a": .file(shared), "b": .file(own)])
            _ = try old.prepare(in: cache)
            try cache.setLastUse(of: old, to: 1)
            let young = try Source(["c": .file(shared)]).prepare(in: cache)
            _ = try source("d", 150_000).prepare(in: cache)
            #expect(try cache.holds(shared))
            #expect(try !cache.holds(own))
            withExtendedLifetime(young) {}
        }
    }

    /// Removing a name of a file that has another one frees nothing.
    @Test func filesThatARunHasLinkedStay() throws {
        try withCache(quota: 150_000) { cache, run throws in
            let old = source("a", 100_000)
            try old.prepare(in: cache).materialise(in: place(run, .readOnly), threads: 1)
            // On a file system that shares blocks there is no link.
            let isLinked = try run.status("data/a")?.linkCount == 2
            let prepared = Result { try source("b", 100_000).prepare(in: cache) }
            #expect((try? prepared.get()) == nil || !isLinked)
            #expect(try holds(old, cache) == isLinked)
        }
    }

    @Test func whatNoTreeNamesGoesFirst() throws {
        try withCache(quota: 250_000) { cache, _ throws in
            let (gone, old, new) = (source("a", 100_000), source("b", 100_000), source("c", 100_000))
            _ = try gone.prepare(in: cache)
            try cache.directory.openBeneath(BytePath("trees"), .directory).remove(BytePath(gone.digest.hex))
            _ = try old.prepare(in: cache)
            _ = try new.prepare(in: cache)
            #expect(try [gone, old, new].map { try holds($0, cache) } == [false, true, true])
        }
    }

    @Test func leftoversOfKilledRunsMakeRoom() throws {
        try withCache(quota: 150_000) { cache, _ throws in
            let (killed, new) = (source("a", 100_000), source("b", 100_000))
            let broken = Source(["x": .file(Array(repeating: 9, count: 90_000)), "y": .file([1])])
            #expect(throws: Interruption.self) { _ = try broken.prepare(in: cache, failingAfter: 1) }
            _ = try killed.prepare(in: cache)
            _ = try new.prepare(in: cache)
            #expect(try cache.directory.status("incoming/\(broken.digest.hex)") == nil)
            #expect(try holds(new, cache))
        }
    }

    @Test func aLostNoteOfTheUsageIsCountedAnew() throws {
        try withCache(quota: 250_000) { cache, _ throws in
            _ = try source("a", 100_000).prepare(in: cache)
            for note in [[], text("x"), text("99999999999999999999999"), text("18446744073709551615")] {
                _ = try replaceFile(note, as: BytePath("usage"), in: cache.directory)
                _ = try source("b", 100_001 + note.count).prepare(in: cache)
            }
            let noted = String(decoding: try cache.directory.content("usage"), as: UTF8.self)
            #expect((UInt64(noted) ?? 0) < 250_000)
        }
    }

    @Test func manyThatWantDifferentTreesShareASmallCache() throws {
        try withTemporaryDirectory { directory in
            _ = try onThreads(4) { number in
                let cache = try HostCache.open(at: directory.appending("cache"), quota: 600_000)
                for round in 0..<12 {
                    let name = ["a", "b", "c", "d", "e", "f", "g"][(number * 3 + round) % 7]
                    let source = source(name, 90_000)
                    let run = try Descriptor.run(in: directory, "run\(number)-\(round)")
                    // All four at most are in use at one time, and fit.
                    try source.prepare(in: cache, delay: 1_000)
                        .materialise(in: place(run, .readOnly), threads: 1)
                    #expect(try run.content("data/\(name)") == source.content(BytePath(name)))
                    try Descriptor.directory(directory).removeTree(BytePath("run\(number)-\(round)"))
                }
            }
        }
    }
}

@Suite struct MaterialisingTests {
    @Test(arguments: [TreePlace.Access.readOnly, .readOnlyCopy, .writable], [1, 3])
    func everythingIsThere(access: TreePlace.Access, threads: Int) throws {
        try withCache { cache, run throws in
            let tree = try sample.prepare(in: cache)
            try tree.materialise(in: place(run, access), threads: threads)
            for path in ["a.txt", "bin/tool", "bin/copy", "empty", "long"] {
                #expect(try run.content("data/\(path)") == sample.content(BytePath(path)))
            }
            let data = try run.openBeneath(BytePath("data"), .directory)
            #expect(try data.readLink(BytePath("link")) == BytePath("bin/tool"))
            #expect(
                try data.openBeneath(BytePath("bin"), .directory).readLink(BytePath("up"))
                    == BytePath("../a.txt"))
            #expect(try data.openBeneath(BytePath("hollow/inside"), .directory).isEmptyDirectory())
            let isWritable = access == .writable
            #expect(try data.status("bin/tool")?.isExecutable == true)
            #expect(try data.status("a.txt").map { $0.permissions & 0o222 != 0 } == isWritable)
            for path in ["", "bin", "hollow", "hollow/inside"] {
                let status = try data.openBeneath(BytePath(path), .directory).status()
                #expect(status.permissions & 0o222 != 0 ? isWritable : !isWritable, "\(path)")
            }
            #expect(try run.status().permissions & 0o200 != 0)
            #expect(try access == .readOnly || data.status("a.txt")?.linkCount == 1)
            #expect(try tree.check(in: place(run, access)).isClean)
            try run.removeTree(BytePath("data"))
            #expect(try run.isEmptyDirectory())
            _ = try sample.prepare(in: cache)
            #expect(try cache.directory.content(cache.file(text("one"))) == text("one"))
        }
    }

    @Test func otherFileSystemsGetCopies() throws {
        try withCache { cache, _ throws in
            try withTemporaryDirectory(in: BytePath("/dev/shm")) { directory in
                let run = try Descriptor.run(in: directory)
                let tree = try sample.prepare(in: cache)
                try tree.materialise(in: place(run, .readOnly), threads: 2)
                #expect(try run.content("data/long") == sample.content(BytePath("long")))
                #expect(try run.status("data/long")?.linkCount == 1)
                #expect(try tree.check(in: place(run, .readOnly)).isClean)
            }
        }
    }

    @Test func aSingleFileLiesBesideOthers() throws {
        try withCache { cache, run throws in
            let source = Source(["w.bin": .file(text("weights"))])
            let alone = TreePlace(root: run, base: BytePath("d"), ownsBase: false, access: .readOnly)
            try run.makeDirectory(BytePath("d"))
            let directory = try run.openBeneath(BytePath("d"), .directory)
            _ = try replaceFile([1], as: BytePath("code.py"), in: directory)
            let tree = try source.prepare(in: cache)
            try tree.materialise(in: alone, threads: 1)
            #expect(try directory.status().permissions & 0o200 != 0)
            #expect(try tree.check(in: alone).isClean)
            #expect(throws: CacheError.taken(directory.path.appending("w.bin"))) {
                try tree.materialise(in: alone, threads: 1)
            }
        }
    }

    @Test func rowsCanBeLeftOut() throws {
        try withCache { cache, run throws in
            let tree = try sample.prepare(in: cache)
            let skipped: (BytePath) -> Bool = { $0 == BytePath("link") || $0.parent == BytePath("bin") }
            try tree.materialise(in: place(run, .readOnly), threads: 2, skipping: skipped)
            let data = try run.openBeneath(BytePath("data"), .directory)
            #expect(try data.names().map(\.lossy) == ["a.txt", "empty", "hollow", "long"])
            #expect(try tree.check(in: place(run, .readOnly), skipping: skipped).isClean)
            #expect(try tree.check(in: place(run, .readOnly)).missing.count == 4)
        }
    }

    @Test func nothingOutsideIsWritten() throws {
        try withCache { cache, run throws in
            let outside = try Descriptor.run(in: run.path.parent, "outside")
            let tree = try Source(["d/a": .file(text("a"))]).prepare(in: cache)
            try run.makeLink(BytePath("data"), to: outside.path)
            #expect(throws: FileError.self) {
                try tree.materialise(in: place(run, .writable), threads: 1)
            }
            try run.remove(BytePath("data"))
            try run.makeDirectory(BytePath("data"))
            try run.openBeneath(BytePath("data"), .directory).makeLink(BytePath("d"), to: outside.path)
            #expect(throws: FileError.self) {
                try tree.materialise(in: place(run, .writable), threads: 1)
            }
            #expect(try outside.isEmptyDirectory())
        }
    }

    @Test func aFileThatChangesInUseIsNotGivenOn() throws {
        try withCache { cache, run throws in
            let source = Source(["a": .file(text("original"))])
            let tree = try source.prepare(in: cache)
            try cache.directory.overwrite(cache.file(text("original")), text("ORIGINAL"))
            for access in [TreePlace.Access.readOnly, .readOnlyCopy, .writable] {
                #expect(throws: CacheError.changed(SHA256.digest(of: text("original")))) {
                    try tree.materialise(in: place(run, access), threads: 1)
                }
                #expect(try run.status("data/a") == nil)
            }
        }
    }
}

@Suite struct TreeCheckTests {
    @Test func tellsWhatHasBecomeOfEachFile() throws {
        try withCache { cache, run throws in
            let tree = try sample.prepare(in: cache)
            let place = place(run, .writable)
            try tree.materialise(in: place, threads: 1)
            let data = try run.openBeneath(BytePath("data"), .directory)
            #expect(try tree.check(in: place).isClean)
            // Touched, and edited with the same and with another length.
            try data.openBeneath(BytePath("long"), .read).setModified(nil)
            try data.overwrite("a.txt", text("ONE"))
            try data.overwrite("empty", text("x"))
            try data.openBeneath(BytePath("bin/copy"), .read).setMode(0o755)
            try data.remove(BytePath("link"))
            try data.makeLink(BytePath("link"), to: BytePath("long"))
            try data.openBeneath(BytePath("bin"), .directory).remove(BytePath("tool"))
            _ = try data.makeDirectoriesBeneath(BytePath("new/deep"))
            _ = try replaceFile(
                [1], as: BytePath("x"), in: data.makeDirectoriesBeneath(BytePath("hollow/inside")))
            let check = try tree.check(in: place)
            #expect(check.edited.first.map(\.lossy) == ["a.txt", "bin/copy", "empty", "link"])
            #expect(check.missing.first.map(\.lossy) == ["bin/tool"])
            #expect(check.stray.first.map(\.lossy) == ["hollow/inside/x", "new"])
        }
    }

    @Test func aDirectoryThatIsGoneOrSomethingElse() throws {
        try withCache { cache, run throws in
            let tree = try Source([
                "a/b/c": .file([1]), "a/b/d": .file([2]), "e": .file([3]), "f": .emptyDirectory,
            ]).prepare(in: cache)
            let place = place(run, .writable)
            #expect(try tree.check(in: place).missing.count == 4)
            try tree.materialise(in: place, threads: 1)
            let data = try run.openBeneath(BytePath("data"), .directory)
            try data.removeTree(BytePath("a"))
            try data.removeTree(BytePath("f"))
            try data.remove(BytePath("e"))
            try data.makeLink(BytePath("a"), to: BytePath("/etc"))
            try data.makeDirectory(BytePath("e"))
            _ = try replaceFile([1], as: BytePath("f"), in: data)
            let check = try tree.check(in: place)
            #expect(check.missing.first.map(\.lossy) == ["a/b/c", "a/b/d"])
            #expect(check.edited.first.map(\.lossy) == ["e", "f"])
        }
    }

    @Test func listsAreBounded() throws {
        try withCache { cache, run throws in
            let names = (0..<250).map { "f\(1000 + $0)" }
            let tree = try Source(
                Dictionary(uniqueKeysWithValues: names.map { ($0, Node.file(text($0))) })
            ).prepare(in: cache)
            let check = try tree.check(in: place(run, .readOnly))
            #expect(check.missing.count == 250)
            #expect(check.missing.first.count == 100)
        }
    }
}
