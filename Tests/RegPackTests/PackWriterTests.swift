// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegFiles
import RegHash
import RegPack
import RegStore
import RegTesting
import Testing

@Suite struct PackWriterTests {
    @Test(arguments: 1...5 as ClosedRange<UInt64>)
    func whatWasWrittenIsInTheIndexAndInItsPlace(seed: UInt64) throws {
        print("seed \(seed)")
        var random = SeededRandom(seed: seed)
        let samples = (0..<200).map { number in
            let count = Int.random(in: 0...300, using: &random)
            return Sample(
                kind: Bool.random(using: &random) ? .chunk : .page,
                bytes: seededBytes(count: count, seed: seed << 32 | UInt64(number)))
        }
        let store = MemoryStore()
        let finished = try #require(try write(samples, to: store).first)
        let index = try PackIndex.read(finished.name, from: store)
        #expect(index.entries == finished.entries)
        #expect(index.entries.map(\.id) == samples.map(\.id))
        #expect(index.entries.map(\.kind) == samples.map(\.kind))
        #expect(try store.size(of: .pack(finished.name)) == finished.byteCount)
        for (entry, sample) in zip(index.entries, samples) {
            #expect(entry.rawLength == entry.copy.storedLength)
            let copy = entry.copy
            #expect(
                try store.read(.pack(copy.pack), at: copy.offset, count: Int(copy.storedLength))
                    == sample.bytes)
        }
    }

    @Test func aPackIsWholeOnDisk() throws {
        try withTemporaryDirectory { directory throws in
            let store = DirectoryStore(root: directory)
            let sample = Sample(bytes: seededBytes(count: 5 << 20, seed: 1))
            let finished = try #require(try write([sample, sample], to: store).first)
            #expect(try PackIndex.read(finished.name, from: store).entries == finished.entries)
            #expect(try store.packNames() == [finished.name])
        }
    }

    @Test func aFullPackIsFollowedByAnother() throws {
        let store = MemoryStore()
        let sample = Sample(bytes: seededBytes(count: 1 << 20, seed: 1))
        let finished = try write(Array(repeating: sample, count: 130), to: store)
        // 8 bytes of magic make the 64th entry the one that reaches 64 MiB.
        #expect(finished.map(\.entries.count) == [64, 64, 2])
        #expect(Set(finished.map(\.name)).count == 3)
        for pack in finished {
            #expect(try PackIndex.read(pack.name, from: store).entries.count == pack.entries.count)
        }
    }

    /// Also bounds the cost of an entry: copying the list for each would take minutes here.
    @Test(.timeLimit(.minutes(1))) func aPackHoldsNoMoreEntriesThanTheFormatAllows() throws {
        let store = MemoryStore()
        let finished = try write(
            Array(repeating: Sample(bytes: [7]), count: PackIndex.entryLimit + 1), to: store)
        #expect(finished.map(\.entries.count) == [PackIndex.entryLimit, 1])
        #expect(try PackIndex.read(finished[0].name, from: store).entries.count == PackIndex.entryLimit)
    }

    @Test func nothingIsWrittenForNothing() throws {
        let store = MemoryStore()
        #expect(try write([], to: store).isEmpty)
        #expect(store.keys.isEmpty)
    }

    @Test func aCopyIsNamedOnlyWhenItsPackIsFinished() throws {
        let store = MemoryStore()
        var finished: [PackName] = []
        let writer = PackWriter(store: store) { pack in
            #expect(store[.pack(pack.name)] != nil)
            finished.append(pack.name)
        }
        let first = try writer.append(Sample(bytes: [1]))
        #expect(finished.isEmpty && store.keys.isEmpty)
        try writer.finish()
        try writer.finish()
        #expect(finished == [first.pack])
        let second = try writer.append(Sample(bytes: [2]))
        #expect(second.pack != first.pack && second.offset == 8)
        try writer.finish()
        #expect(finished == [first.pack, second.pack])
    }

    @Test func aPackThatCouldNotBeWrittenIsNeverFinished() throws {
        let memory = MemoryStore()
        let store = FailingStore(memory, failingAppend: 3)
        var finished: [PackName] = []
        let writer = PackWriter(store: store) { finished.append($0.name) }
        try writer.append(Sample(bytes: [1]))
        #expect(throws: StoreError.self) { try writer.append(Sample(bytes: [2, 3])) }
        try writer.finish()
        #expect(finished.isEmpty && memory.keys.isEmpty)
        try writer.append(Sample(bytes: [4]))
        try writer.finish()
        #expect(finished.count == 1)
        #expect(try PackIndex.read(finished[0], from: memory).entries.map(\.id) == [SHA256.digest(of: [4])])
    }
}

/// Fails one append to a large object: the one with this number.
private final class FailingStore: ObjectStore, @unchecked Sendable {  // used by one thread
    private let store: MemoryStore
    private var left: Int

    init(_ store: MemoryStore, failingAppend number: Int) {
        self.store = store
        left = number
    }

    var location: String { store.location }

    func read(_ key: ObjectKey, limit: Int, _ mode: ReadMode) throws(StoreError) -> [UInt8]? {
        try store.read(key, limit: limit, mode)
    }

    func read(
        _ key: ObjectKey, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer, _ mode: ReadMode,
        arrived: (Int) -> Void
    ) throws(StoreError) { try store.read(key, at: offset, into: buffer, mode, arrived: arrived) }

    func size(of key: ObjectKey) throws(StoreError) -> UInt64? { try store.size(of: key) }

    func names(
        in prefix: ObjectPrefix, after name: String?, limit: Int?
    ) throws(StoreError) -> [String] {
        try store.names(in: prefix, after: name, limit: limit)
    }

    func create(_ key: ObjectKey, _ bytes: [UInt8]) throws(StoreError) -> Bool {
        try store.create(key, bytes)
    }

    func create(_ key: ObjectKey, fromFileAt path: BytePath) throws(StoreError) {
        try store.create(key, fromFileAt: path)
    }

    func writer(
        for key: ObjectKey, buffer: LargeFileWriter.Buffer
    ) throws(StoreError) -> any ObjectWriter {
        Writer(store: self, inner: try store.writer(for: key, buffer: buffer))
    }

    private final class Writer: ObjectWriter {
        private let store: FailingStore
        private let inner: any ObjectWriter

        init(store: FailingStore, inner: any ObjectWriter) {
            self.store = store
            self.inner = inner
        }

        func append(_ bytes: UnsafeRawBufferPointer) throws(StoreError) {
            store.left -= 1
            if store.left == 0 { throw .file(FileError("write", BytePath("disk"), code: 28)) }
            try inner.append(bytes)
        }

        func finish() throws(StoreError) { try inner.finish() }
    }
}
