// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegFiles
import RegHash
import RegLog
import RegStore
import RegTesting
import Testing

/// All entries of the log in `store`.
private func entries(_ store: any ObjectStore) throws -> [LogEntry] {
    let info = try #require(try RegistryInfo.read(from: store))
    var tail = Tail(number: 0, hash: info.hash)
    var entries: [LogEntry] = []
    while let entry = try Log(store: store).entry(after: tail) {
        entries.append(entry)
        tail = entry.tail
    }
    return entries
}

private func tail(_ store: any ObjectStore) throws -> Tail {
    let info = try #require(try RegistryInfo.read(from: store))
    return try entries(store).last?.tail ?? Tail(number: 0, hash: info.hash)
}

/// A registry whose log has `count` records.
private func registry(records count: Int, listsFromAnyName: Bool = false) throws -> MemoryStore {
    let store = MemoryStore(listsFromAnyName: listsFromAnyName)
    _ = try RegistryInfo.create(in: store, time: "")
    for _ in 0..<count {
        let tail = try tail(store)
        _ = try Log(store: store).create(try record(number: tail.number + 1, prev: tail.hash))
    }
    return store
}

@Suite struct LogTests {
    @Test func recordsComeInOrderAndEachFollowsTheOneBefore() throws {
        let store = try registry(records: 3)
        let entries = try entries(store)
        #expect(entries.map(\.number) == [1, 2, 3])
        for entry in entries {
            guard case .record(let record) = entry.reading else {
                Issue.record("not a record")
                continue
            }
            #expect(try Log(store: store).has(Tail(number: entry.number - 1, hash: record.prev)))
        }
        let newest = try #require(entries.last?.tail)
        #expect(try !Log(store: store).has(Tail(number: 4, hash: newest.hash)))
    }

    @Test func aNumberIsTakenOnce() throws {
        let store = try registry(records: 1)
        let log = Log(store: store)
        let info = try #require(try RegistryInfo.read(from: store))
        let other = try record(number: 1, prev: info.hash, id: 77)
        #expect(try log.create(other) == .taken)
        let sent = try record(number: 2, prev: try tail(store).hash)
        #expect(try log.create(sent) == .appended)
        #expect(try log.create(sent) == .appended, "it knows its own record again")
        #expect(try entries(store).count == 2)
    }

    @Test func theChainGoesOnOverAVoidRecord() throws {
        let store = try registry(records: 1)
        store[.record(2)] = Array("scribble".utf8)
        let tail = try tail(store)
        #expect(tail == Tail(number: 2, hash: SHA256.digest(of: Array("scribble".utf8))))
        #expect(try Log(store: store).create(try record(number: 3, prev: tail.hash)) == .appended)
        let readings = try entries(store).map(\.reading)
        guard case .void = readings[1], case .record = readings[2] else {
            Issue.record("\(readings)")
            return
        }
    }

    @Test func readingStopsWhereARecordWasReplaced() throws {
        let store = try registry(records: 3)
        let info = try #require(try RegistryInfo.read(from: store))
        // Sound in itself, and not the one that record 2 follows.
        store[.record(1)] = try record(number: 1, prev: info.hash, id: 5).encoded
        #expect(throws: LogError.self) { try entries(store) }
        store[.record(1)] = nil
        #expect(try entries(store).isEmpty, "a reader from the start sees no more than it can reach")
    }

    @Test(arguments: [true, false]) func recordsAreReadInRuns(isListed: Bool) throws {
        let store = try registry(records: 70, listsFromAnyName: isListed)
        let log = Log(store: store)
        let info = try #require(try RegistryInfo.read(from: store))
        let start = Tail(number: 0, hash: info.hash)
        let whole = log.run(after: start)
        #expect(whole.entries.map(\.tail) == (try entries(store).map(\.tail)))
        #expect(whole.isAtEnd && whole.failure == nil && whole.hasNothingAfter == isListed)
        let short = log.run(after: start, limit: 40)
        #expect(short.entries.count == 40 && !short.isAtEnd && short.failure == nil)
        store[.record(21)] = Array(#"{"reg_record":1,"#.utf8)
        let broken = log.run(after: start)
        #expect(broken.entries.count == 20 && !broken.isAtEnd)
        guard case .damaged(number: 21, _) = broken.failure else {
            Issue.record("\(String(describing: broken.failure))")
            return
        }
    }

    @Test(arguments: [true, false]) func aRunOfLongRecordsIsShort(isListed: Bool) throws {
        let store = try registry(records: 0, listsFromAnyName: isListed)
        for number in 1...50 as ClosedRange<UInt64> {
            store[.record(number)] = [UInt8](repeating: 0x20, count: Record.byteLimit)
        }
        let info = try #require(try RegistryInfo.read(from: store))
        let run = Log(store: store).run(after: Tail(number: 0, hash: info.hash))
        // Some are on their way together where each is a request.
        #expect(run.entries.count <= 32 && !run.isAtEnd && run.failure == nil)
    }

    @Test(arguments: [10, 12, 25] as [UInt64], [true, false])
    func aMissingRecordIsNoticed(first: UInt64, isListed: Bool) throws {
        let store = try registry(records: 30, listsFromAnyName: isListed)
        let log = Log(store: store)
        try log.checkNoGap(after: 30)
        for number in 10...first { store[.record(number)] = nil }
        let error = #expect(throws: LogError.self) { try log.checkNoGap(after: 9) }
        guard case .missing(number: 10, let later) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(later > first)
    }

    @Test func aRecordIsNotReadAboveItsLimit() throws {
        let store = try registry(records: 0)
        store[.record(1)] = [UInt8](repeating: 0x20, count: Record.byteLimit + 1)
        #expect(throws: LogError.damaged(number: 1, "it is longer than 1048576 bytes")) { try entries(store) }
        store[.record(1)] = nil
        let many = try (0..<9_000).map { try push("name-\($0)", 1) }
        let long = try record(prev: try tail(store).hash, many)
        #expect(throws: LogError.recordTooLarge(byteCount: long.encoded.count)) {
            try Log(store: store).create(long)
        }
        #expect(store.keys == [.registry])
    }

    @Test(.timeLimit(.minutes(2))) func writersThatRaceLeaveNoGapAndNoBreak() throws {
        try withTemporaryDirectory { directory throws in
            let store = DirectoryStore(root: directory)
            _ = try RegistryInfo.create(in: store, time: "")
            let written = try onThreads(6) { writer in
                try (0..<8).map { turn in
                    while true {
                        let tail = try tail(store)
                        let record = try record(
                            number: tail.number + 1, prev: tail.hash, id: UInt64(writer * 100 + turn))
                        if try Log(store: store).create(record) == .appended { return record.id }
                    }
                }
            }
            let entries = try entries(store)
            #expect(entries.map(\.number) == Array(1...48))
            let found = entries.compactMap { entry -> RandomName? in
                if case .record(let record) = entry.reading { record.id } else { nil }
            }
            #expect(found.sorted() == written.flatMap(\.self).sorted())
            let names = try store.names(in: .log, after: nil)
            #expect(names == (1...48).map { ObjectKey.record($0).name })
        }
    }
}

@Suite struct UnclearAnswerTests {
    @Test(arguments: [true, false])
    func aLostAnswerIsSettledOnTheSameNumber(arrives: Bool) throws {
        let store = try registry(records: 1)
        let sent = try record(number: 2, prev: try tail(store).hash)
        let lossy = LossyStore(store, arrives: arrives, canRead: true)
        if arrives {
            #expect(try Log(store: lossy).create(sent) == .appended)
        } else {
            #expect(throws: LogError.unanswered(number: 2, LossyStore.error)) {
                try Log(store: lossy).create(sent)
            }
        }
        #expect(try entries(store).count == (arrives ? 2 : 1))
    }

    /// The record may have got its name: creating it again makes that sure, taking it for done would not.
    @Test(arguments: [true, false]) func aFailureIsNoLostAnswer(arrives: Bool) throws {
        let store = try registry(records: 1)
        let sent = try record(number: 2, prev: try tail(store).hash)
        let full = StoreError.file(FileError("write", BytePath("log"), code: 28))
        let failing = LossyStore(store, arrives: arrives, canRead: true, error: full)
        #expect(throws: LogError.store(full)) { try Log(store: failing).create(sent) }
        #expect(try Log(store: store).create(sent) == .appended)
    }

    @Test func aLostAnswerAndALostRaceAreToldApart() throws {
        let store = try registry(records: 1)
        let hash = try tail(store).hash
        _ = try Log(store: store).create(try record(number: 2, prev: hash, id: 50))
        let sent = try record(number: 2, prev: hash, id: 51)
        #expect(try Log(store: LossyStore(store, arrives: true, canRead: true)).create(sent) == .taken)
    }

    /// Whether or not the record arrived, and whether or not somebody else was faster meanwhile: after settling it is in the log
    /// at most once, and the journal is empty.
    @Test(arguments: [true, false], [true, false])
    func whatTheJournalKeepsIsNotDoubled(arrives: Bool, isOvertaken: Bool) throws {
        try withTemporaryDirectory { directory throws in
            let store = try registry(records: 1)
            let info = try #require(try RegistryInfo.read(from: store))
            let journal = Journal(directory: directory.appending("state/journal"))
            let before = try tail(store)
            let sent = try record(number: 2, prev: before.hash, [try push("a", 1)])
            try journal.add(sent, for: info.id)
            let lossy = LossyStore(store, arrives: arrives, canRead: false)
            #expect(throws: LogError.unanswered(number: 2, LossyStore.error)) {
                try Log(store: lossy).create(sent)
            }
            if isOvertaken {
                let tail = try tail(store)
                let other = try record(number: tail.number + 1, prev: tail.hash, id: 60)
                #expect(try Log(store: store).create(other) == .appended)
            }

            #expect(
                try journal.pending(for: try id(999)).isEmpty, "another registry's records wait elsewhere")
            let pending = try journal.pending(for: info.id)
            #expect(pending.map(\.record) == [sent])
            for item in pending {
                let attempt = try Log(store: store).create(item.record)
                #expect(attempt == (arrives || !isOvertaken ? .appended : .taken))
                try journal.remove(item.record.id)
            }
            #expect(try journal.pending(for: info.id).isEmpty)
            let ids = try entries(store).compactMap { entry -> RandomName? in
                if case .record(let record) = entry.reading { record.id } else { nil }
            }
            #expect(ids.count { $0 == sent.id } == (arrives || !isOvertaken ? 1 : 0))
            #expect(try entries(store).map(\.number) == Array(1...UInt64(ids.count)))
        }
    }

    @Test func aJournalFileThatIsNotWholeIsPassedOver() throws {
        try withTemporaryDirectory { directory throws in
            let journal = Journal(directory: directory)
            let registry = try id(1)
            #expect(try Journal(directory: directory.appending("none")).pending(for: registry).isEmpty)
            for number in 1...3 as ClosedRange<UInt64> {
                try journal.add(try record(number: number), for: registry)
            }
            let files = try Descriptor.directory(directory)
            let whole = try #require(
                try readSmallFile(directory.appending("\(id(1_002).hex).record"), limit: 1 << 20))
            for count in [0, 10, whole.count / 2, whole.count - 1] {
                try publish(
                    Array(whole[..<count]), as: BytePath("\(id(1_002).hex).record"), in: files, .replacing)
                let pending = try journal.pending(for: registry).map(\.record.number).sorted()
                #expect(pending == [1, 3])
            }
        }
    }
}

/// A store whose creations come back without an answer, whether or not they happened.
private struct LossyStore: ObjectStore {
    static let error = StoreError.file(FileError("reach", BytePath("server"), code: 110))

    let error: StoreError
    let store: MemoryStore
    let arrives: Bool
    let canRead: Bool

    init(_ store: MemoryStore, arrives: Bool, canRead: Bool, error: StoreError = LossyStore.error) {
        self.error = error
        self.store = store
        self.arrives = arrives
        self.canRead = canRead
    }

    var location: String { store.location }

    func create(_ key: ObjectKey, _ bytes: [UInt8]) throws(StoreError) -> Bool {
        if arrives { _ = try store.create(key, bytes) }
        throw error
    }

    func read(_ key: ObjectKey, limit: Int, _ mode: ReadMode) throws(StoreError) -> [UInt8]? {
        if canRead { return try store.read(key, limit: limit, mode) }
        throw LossyStore.error
    }

    func read(
        _ key: ObjectKey, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer, _ mode: ReadMode,
        arrived: (Int) -> Void
    ) throws(StoreError) { throw LossyStore.error }

    func size(of key: ObjectKey) throws(StoreError) -> UInt64? { throw LossyStore.error }

    func names(
        in prefix: ObjectPrefix, after name: String?, limit: Int?
    ) throws(StoreError) -> [String] {
        throw LossyStore.error
    }

    func writer(
        for key: ObjectKey, buffer: LargeFileWriter.Buffer
    ) throws(StoreError) -> any ObjectWriter { throw LossyStore.error }

    func create(_ key: ObjectKey, fromFileAt path: BytePath) throws(StoreError) { throw LossyStore.error }
}

@Suite struct RegistryInfoTests {
    @Test func ofTwoCreatorsBothFindOneRegistry() throws {
        let store = MemoryStore()
        #expect(try RegistryInfo.read(from: store) == nil)
        let found = try onThreads(4) { _ in try RegistryInfo.create(in: store, time: "now") }
        #expect(found.allSatisfy { $0 == found[0] })
        let bytes = try #require(store[.registry])
        #expect(found[0].hash == SHA256.digest(of: bytes))
        #expect(bytes.last == UInt8(ascii: "\n"))
    }

    @Test(arguments: [
        "", "{}", "[]", "{\"reg_registry\":1}", "{\"reg_registry\":\"1\",\"id\":\"00\"}",
        "{\"reg_registry\":1,\"id\":\"xy\"}",
        "{\"reg_registry\":1,\"reg_registry\":1}",
    ])
    func aRegistryThatCannotBeReadIsDamaged(text: String) {
        let store = MemoryStore([.registry: Array(text.utf8)])
        guard
            case .damaged(0, _)? = #expect(
                throws: LogError.self, performing: { try RegistryInfo.read(from: store) })
        else {
            Issue.record("not damaged")
            return
        }
    }

    @Test func anotherVersionIsNamedByItsNumber() {
        let store = MemoryStore([.registry: Array("{\"reg_registry\":7,\"new\":true}\n".utf8)])
        #expect(throws: LogError.newerVersion("registry version 7")) { try RegistryInfo.read(from: store) }
    }
}
