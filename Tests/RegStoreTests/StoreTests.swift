// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegFiles
import RegHash
import RegStore
import RegTesting
import Testing

@Suite struct StoreContractTests {
    @Test(arguments: StoreRule.all, ["/tmp", "/dev/shm"])
    func aDirectoryKeeps(rule: StoreRule, place: String) throws {
        try withTemporaryDirectory(in: BytePath(place)) { directory throws in
            try rule.check(DirectoryStore(root: directory.appending("not/made/yet")))
        }
    }

    @Test(arguments: StoreRule.all)
    func memoryKeeps(rule: StoreRule) throws { try rule.check(MemoryStore()) }

    @Test(arguments: StoreRule.all)
    func aCountedStoreKeeps(rule: StoreRule) throws { try rule.check(CountingStore(MemoryStore())) }
}

@Suite struct DirectoryStoreTests {
    /// Calls `body` with an empty store and its root.
    private func withStore(_ body: (DirectoryStore, Descriptor) throws -> Void) throws {
        try withTemporaryDirectory { root in try body(DirectoryStore(root: root), .directory(root)) }
    }

    @Test func unfinishedFilesAreNoObjects() throws {
        try withStore { store, root throws in
            _ = try store.create(.record(1), [1])
            let log = try root.openBeneath(BytePath("log"), .directory)
            try publish([1], as: temporaryName(), in: log, .creating)
            #expect(try store.names(in: .log, after: nil) == [ObjectKey.record(1).name])
        }
    }

    @Test func nothingButTheObjectStaysBehind() throws {
        try withStore { store, root throws in
            let key = ObjectKey.pack(.random())
            do {
                let dropped = try store.writer(for: key, buffer: .init())
                try [1, 2].withUnsafeBytes { try dropped.append($0) }
            }
            for _ in 0..<2 {
                _ = try store.create(.registry, [1])
                try store.writer(for: key, buffer: .init()).finish()
            }
            #expect(try root.names() == [BytePath("packs"), BytePath("registry.json")])
            let shelf = try root.openBeneath(BytePath(key.directory), .directory)
            #expect(try shelf.names() == [BytePath(key.name)])
        }
    }

    @Test func aFinishedFileOnTheSameFileSystemIsLinked() throws {
        try withStore { store, root throws in
            try publish([1, 2], as: BytePath("source"), in: root, mode: 0o444, .creating)
            let key = ObjectKey.pack(.random())
            try store.create(key, fromFileAt: root.path.appending("source"))
            let source = try #require(try root.status(of: BytePath("source")))
            #expect(try fileStatus(store.path(of: key))?.inode == source.inode)
        }
    }

    @Test func aFinishedFileOnAnotherFileSystemIsCopied() throws {
        try withTemporaryDirectory(in: BytePath("/dev/shm")) { other in
            try withStore { store, root throws in
                let bytes = seededBytes(count: (5 << 20) + 3, seed: 1)
                try publish(bytes, as: BytePath("source"), in: .directory(other), .creating)
                let key = ObjectKey.pack(.random())
                try store.create(key, fromFileAt: other.appending("source"))
                let isSame = try store.read(key, limit: bytes.count) == bytes
                #expect(isSame)
                #expect(try fileStatus(store.path(of: key))?.device == root.status().device)
                let shelf = try root.openBeneath(BytePath(key.directory), .directory)
                #expect(try shelf.names() == [BytePath(key.name)])
            }
        }
    }

    @Test func packsAreFoundAmongWhatElseLiesThere() throws {
        try withStore { store, root throws in
            #expect(try store.packNames() == [])
            let names = (0..<20).map { _ in RandomName.random() }.sorted()
            for name in names { _ = try store.create(.pack(name), [1]) }
            let packs = try root.openBeneath(BytePath("packs"), .directory)
            try publish([1], as: BytePath(".DS_Store"), in: packs, .creating)
            try publish([1], as: BytePath("README"), in: packs, .creating)
            _ = try packs.makeDirectoriesBeneath(BytePath("lost+found"))
            let shelf = try packs.openBeneath(BytePath(names[0].hex.prefix(2).utf8), .directory)
            try publish([1], as: temporaryName(), in: shelf, .creating)
            try publish([1], as: BytePath("x.pack"), in: shelf, .creating)
            let stranger = try #require(RandomName(names[0].bytes.map { ~$0 }))
            try publish([1], as: BytePath("\(stranger.hex).pack"), in: shelf, .creating)
            #expect(try store.packNames() == names)
        }
    }

    @Test func objectsCannotBeWrittenByAccident() throws {
        try withStore { store, root throws in
            _ = try store.create(.registry, [1])
            #expect(throws: StoreError.self) { _ = try store.read(.registry, at: 0, count: 2) }
            let key = ObjectKey.pack(.random())
            try store.writer(for: key, buffer: .init()).finish()
            for path in [store.path(of: .registry), store.path(of: key)] {
                #expect(try mode(path) == 0o444)
            }
        }
    }

    @Test func requestsAndBytesAreCounted() throws {
        let store = CountingStore(MemoryStore())
        _ = try store.create(.registry, [1, 2, 3])
        _ = try store.read(.registry, limit: 9)
        _ = try store.read(.registry, at: 1, count: 2)
        _ = try store.size(of: .registry)
        #expect(store.requestCount == 4)
        #expect(store.readByteCount == 5)
    }
}

@Suite struct ObjectKeyTests {
    @Test func namesAreThoseOfTheFormat() throws {
        let name = try #require(RandomName(hex: "3fa90000000000000000000000000001"))
        #expect(ObjectKey.pack(name).text == "packs/3f/3fa90000000000000000000000000001.pack")
        #expect(ObjectKey.record(1).text == "log/00000000000000000001.json")
        #expect(ObjectKey.record(.max).text == "log/18446744073709551615.json")
        let tree = SHA256.digest(of: [1])
        let id = SHA256.digest(of: [2])
        let key = ObjectKey.manifest(tree, id: id)
        #expect(key.text == "manifests/\(tree.hex.prefix(2))/\(tree.hex)/\(id.hex)")
        #expect(key.directory == "manifests/\(tree.hex.prefix(2))/\(tree.hex)")
        #expect(key.name == id.hex)
        #expect(ObjectKey.registry.directory.isEmpty)
    }
}
