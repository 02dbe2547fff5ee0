// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegCatalog
import RegCodec
import RegFiles
import RegHash
import RegPack
import RegTesting
import Testing

@Suite struct KnownFilesTests {
    /// Calls `body` with a catalog and the status of some file.
    private func withStatus(_ body: (Catalog, FileStatus) throws -> Void) throws {
        try withTemporaryDirectory { directory throws in
            try publish([1, 2, 3], as: BytePath("f"), in: .directory(directory), .creating)
            try body(try Catalog.inMemory(), try #require(try fileStatus(directory.appending("f"))))
        }
    }

    private func content(_ number: UInt64) -> Content { .file(digest(number), isExecutable: false) }

    private func known(_ path: BytePath, _ number: UInt64, _ status: FileStatus) -> KnownFile {
        KnownFile(path: path, KnownEntry(content(number), status: status))
    }

    @Test func aTreeIsKnownUntilSomebodySaysOtherwise() throws {
        let catalog = try Catalog.inMemory()
        let path = BytePath("data")
        #expect(try catalog.ownTree(at: path, worktree: 1) == nil)
        try catalog.setOwnTree(digest(1), at: path, worktree: 1)
        #expect(try catalog.ownTree(at: path, worktree: 1) == digest(1))
        #expect(try catalog.ownTree(at: path, worktree: 2) == nil)
        try catalog.setOwnTree(nil, at: path, worktree: 1)
        #expect(try catalog.ownTree(at: path, worktree: 1) == nil)
    }

    private static let paths = [
        [0x61], Array("a/b".utf8), Array("a/b/c".utf8), [0x61, 0x2f, 0xff], Array("a-b".utf8),
        Array("a.b".utf8),
        Array("a0".utf8), Array("ab/c".utf8), [0xff, 0xff], Array("!".utf8), Array("~".utf8),
        Array("a/\u{1}".utf8),
    ].map { BytePath($0 as [UInt8]) }

    @Test(arguments: ["", "a", "a/b", "ab", "b", "~"], [1, 2, 3, 100])
    func areGivenInPathOrderPageByPage(below directory: String, limit: Int) throws {
        try withStatus { catalog, status throws in
            let tree = try catalog.worktree(BytePath("/here"))
            let other = try catalog.worktree(BytePath("/there"))
            #expect(tree != other)
            #expect(try catalog.worktree(BytePath("/here")) == tree)
            for (number, path) in Self.paths.enumerated() {
                try catalog.keep(known(path, UInt64(number), status), worktree: tree)
            }
            try catalog.keep(known(BytePath("a/x"), 1, status), worktree: other)
            var found: [KnownFile] = []
            let batch = KnownBatch(limit: limit)
            repeat {
                try catalog.fill(
                    batch, below: BytePath(directory), after: found.last?.path, worktree: tree)
                #expect(batch.count <= limit)
                found += (0..<batch.count).map { KnownFile(path: batch.path($0), batch.entries[$0]) }
            } while batch.count == limit
            let expected = Self.paths.filter { $0.isWithin(BytePath(directory)) }.sorted()
            #expect(found.map(\.path) == expected)
            for file in found {
                let number = try #require(Self.paths.firstIndex(of: file.path))
                #expect(file.entry.content.hash == digest(UInt64(number)) && file.entry.own == nil)
                #expect(file.entry.matches(status))
            }
        }
    }

    @Test func aFileMatchesOnlyTheStatusItHad() throws {
        try withTemporaryDirectory { path throws in
            let directory = try Descriptor.directory(path)
            try publish([1], as: BytePath("f"), in: directory, .creating)
            let before = try #require(try directory.status(of: BytePath("f")))
            let entry = KnownEntry(.file(digest(1), isExecutable: false), status: before)
            #expect(entry.matches(before))
            #expect(!KnownEntry(.file(digest(1), isExecutable: true), status: before).matches(before))
            try publish([2], as: BytePath("f"), in: directory, .replacing)
            #expect(!entry.matches(try #require(try directory.status(of: BytePath("f")))))
        }
    }

    @Test func whatRegWroteIsRememberedBesideWhatIsThere() throws {
        try withStatus { catalog, status throws in
            let tree = try catalog.worktree(BytePath("/here"))
            let path = BytePath("a/b")
            func own() throws -> Content? { try catalog.entry(at: path, worktree: tree)?.own }
            #expect(try catalog.entry(at: path, worktree: tree) == nil)
            try catalog.keep(known(path, 1, status), worktree: tree)
            #expect(try own() == nil)
            try catalog.keepOwn(known(path, 2, status), worktree: tree)
            #expect(try own() == content(2))
            try catalog.keep(known(path, 3, status), worktree: tree)
            #expect(try own() == content(2), "somebody changed the file")
            #expect(try catalog.entry(at: path, worktree: tree)?.content == content(3))
            try catalog.takeForOwn(path, content(9), worktree: tree)
            #expect(try own() == content(2))
            try catalog.takeForOwn(path, content(3), worktree: tree)
            #expect(try own() == content(3))
            try catalog.forgetEntry(at: path, worktree: tree)
            #expect(try catalog.entry(at: path, worktree: tree) == nil)
        }
    }

    @Test(arguments: ["", "a", "a/b", "ab"])
    func aWholeDirectoryIsTakenForOwn(directory: String) throws {
        try withStatus { catalog, status throws in
            let tree = try catalog.worktree(BytePath("/here"))
            for path in Self.paths {
                try catalog.keep(known(path, 1, status), worktree: tree)
            }
            let before = try catalog.takeForOwn(
                below: BytePath(directory), unchangedSince: status.changed - 1, worktree: tree)
            #expect(before == !Self.paths.contains { $0.isWithin(BytePath(directory)) })
            #expect(try Self.paths.allSatisfy { try catalog.entry(at: $0, worktree: tree)?.own == nil })
            #expect(
                try catalog.takeForOwn(
                    below: BytePath(directory), unchangedSince: status.changed, worktree: tree))
            for path in Self.paths {
                let own = try catalog.entry(at: path, worktree: tree)?.own
                #expect((own != nil) == path.isWithin(BytePath(directory)), "\(printable(path))")
            }
        }
    }
}

@Suite struct ChunkIndexTests {
    private func entry(_ number: UInt64, kind: EntryKind = .chunk, pack: PackName) -> PackEntry {
        PackEntry(
            id: digest(number), kind: kind, rawLength: 100 + UInt32(number),
            copy: Copy(pack: pack, offset: 8 + 10 * number, storedLength: 10, codec: .lz4))
    }

    private func pack(_ number: UInt64, entries: [UInt64]) throws -> PackWriter.Finished {
        let name = try id(number)
        let rows = entries.map { entry($0, pack: name) } + [entry(999, kind: .page, pack: name)]
        return PackWriter.Finished(name: name, byteCount: 1_000 + number, entries: rows)
    }

    @Test func aChunkIsFoundInThePackThatHoldsIt() throws {
        let catalog = try Catalog.inMemory()
        try catalog.keep(try pack(1, entries: [1, 2, 3]))
        for number in 1...3 as ClosedRange<UInt64> {
            #expect(try catalog.copy(of: digest(number)) == entry(number, pack: try id(1)).copy)
        }
        #expect(try catalog.copy(of: digest(4)) == nil)
        #expect(try catalog.copy(of: digest(999)) == nil, "a page is never taken for a chunk")
        #expect(try catalog.byteCount(of: try id(1)) == 1_001)
        #expect(try catalog.byteCount(of: try id(2)) == nil)
    }

    @Test func theNewestCopyCounts() throws {
        let catalog = try Catalog.inMemory()
        try catalog.keep(try pack(1, entries: [1, 2]))
        try catalog.keep(try pack(2, entries: [2]))
        #expect(try catalog.copy(of: digest(1))?.pack == id(1))
        #expect(try catalog.copy(of: digest(2))?.pack == id(2))
    }

    @Test func withAPackItsCopiesAreForgotten() throws {
        let catalog = try Catalog.inMemory()
        try catalog.keep(try pack(1, entries: [1]))
        try catalog.keep(try pack(2, entries: [2]))
        try catalog.forget(pack: try id(1))
        try catalog.forget(pack: try id(3))
        #expect(try catalog.copy(of: digest(1)) == nil)
        #expect(try catalog.copy(of: digest(2)) != nil)
        #expect(try catalog.byteCount(of: try id(1)) == nil)
    }

    @Test func aPackKeepsItsNumber() throws {
        let catalog = try Catalog.inMemory()
        let number = try catalog.keepPack(try id(1), byteCount: 5)
        #expect(try catalog.keepPack(try id(2), byteCount: 5) != number)
        #expect(try catalog.keepPack(try id(1), byteCount: 6) == number)
        #expect(try catalog.byteCount(of: try id(1)) == 5)
    }

    @Test func manifestsAreIndexedOnce() throws {
        let catalog = try Catalog.inMemory()
        #expect(try !catalog.isIndexed(manifest: digest(1)))
        for _ in 0..<2 { try catalog.keepIndexed(manifest: digest(1)) }
        #expect(try catalog.isIndexed(manifest: digest(1)))
        #expect(try !catalog.isIndexed(manifest: digest(2)))
    }

    @Test func whatATransactionTookBackIsNotKnown() throws {
        struct Failure: Error {}
        let catalog = try Catalog.inMemory()
        #expect(throws: Failure.self) {
            try catalog.transaction {
                try catalog.keep(try pack(1, entries: [1]))
                throw Failure()
            }
        }
        #expect(try catalog.copy(of: digest(1)) == nil)
    }
}
