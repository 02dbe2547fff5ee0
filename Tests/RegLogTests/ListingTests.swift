// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegFiles
import RegHash
import RegLog
import RegStore
import RegTesting
import Testing

/// A store whose listings are what a test makes of them.
private struct LyingStore: ObjectStore {
    let store: MemoryStore
    let change: @Sendable ([String]) -> [String]

    var location: String { store.location }
    var listsFromAnyName: Bool { true }

    func names(
        in prefix: ObjectPrefix, after name: String?, limit: Int?
    ) throws(StoreError) -> [String] {
        change(try store.names(in: prefix, after: name, limit: limit))
    }

    func create(_ key: ObjectKey, _ bytes: [UInt8]) throws(StoreError) -> Bool {
        try store.create(key, bytes)
    }

    func read(_ key: ObjectKey, limit: Int, _ mode: ReadMode) throws(StoreError) -> [UInt8]? {
        try store.read(key, limit: limit, mode)
    }

    func read(
        _ key: ObjectKey, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer, _ mode: ReadMode,
        arrived: (Int) -> Void
    ) throws(StoreError) { try store.read(key, at: offset, into: buffer, mode, arrived: arrived) }

    func size(of key: ObjectKey) throws(StoreError) -> UInt64? { try store.size(of: key) }

    func writer(
        for key: ObjectKey, buffer: LargeFileWriter.Buffer
    ) throws(StoreError) -> any ObjectWriter { try store.writer(for: key, buffer: buffer) }

    func create(_ key: ObjectKey, fromFileAt path: BytePath) throws(StoreError) {
        try store.create(key, fromFileAt: path)
    }
}

@Suite struct ListingTests {
    private func log(of count: UInt64) throws -> GrowingLog {
        var log = try GrowingLog(listsFromAnyName: true)
        try log.grow(to: count, isExtended: false)
        return log
    }

    @Test func oneListingFindsTheEnd() throws {
        let log = try log(of: 40)
        let tails = try log.entries(after: log.start).map(\.tail)
        for (tail, requests) in [(tails[39], 1), (tails[36], 4), (log.start, 41)] {
            let counted = CountingStore(log.store)
            let run = Log(store: counted).run(after: tail)
            #expect(run.entries.last?.tail ?? tail == log.tail)
            #expect(run.isAtEnd && run.hasNothingAfter && run.failure == nil)
            #expect(counted.requestCount == requests)
        }
        let counted = CountingStore(log.store)
        try Log(store: counted).checkNoGap(after: 40)
        #expect(counted.requestCount == 1)
    }

    static let lies: [@Sendable ([String]) -> [String]] = [
        { $0.reversed() },
        { $0 + $0 },
        { $0 + ["", "x", ".json", "1.json", "00000000000000000041.jsox", "0000000000000000041.json"] },
        { ["-1.json", "+0000000000000000041.json", "99999999999999999999.json"] + $0 },
        { _ in (0..<1_000).map { "junk\($0)" } },
        { _ in [] },
        { ["00000000000000000000.json"] + $0 },
        { Array($0.prefix(7)) },
    ]

    /// A listing may be wrong or behind; records are what is stored under their numbers.
    @Test(arguments: lies.indices) func aLyingListingDoesNoHarm(index: Int) throws {
        let log = try log(of: 40)
        let store = LyingStore(store: log.store, change: ListingTests.lies[index])
        let run = Log(store: store).run(after: log.start)
        let expected = try log.entries(after: log.start).map(\.tail)
        #expect(run.failure == nil && run.isAtEnd)
        #expect(run.entries.map(\.tail) == expected[..<run.entries.count].map(\.self))
        if index < 5 || index == 6 { #expect(run.entries.count == 40) }
    }

    @Test func namesThatAreNoRecordsHideNone() throws {
        var log = try log(of: 3)
        let other = MemoryStore(listsFromAnyName: true)
        for key in log.store.keys { other[key] = log.store[key] }
        let junk = (0..<2_500).map { "00000000000000000000.json-\($0)" }
        let store = LyingStore(store: other) { names in Array((junk + names).prefix(1_000)) }
        #expect(Log(store: store).run(after: log.start).entries.count == 3)
        try log.grow(to: 1_203, isExtended: false)
        let run = Log(store: log.store).run(after: log.start)
        #expect(run.entries.count == 1_203 && run.isAtEnd && run.hasNothingAfter, "more than one page")
    }

    @Test(arguments: [42, 300, 10_000, UInt64.max])
    func aReaderEndsAtAGapAndAWriterRefusesIt(later: UInt64) throws {
        let log = try log(of: 40)
        log.store[.record(later)] = [1]
        let run = Log(store: log.store).run(after: log.start)
        #expect(run.entries.count == 40 && run.isAtEnd && !run.hasNothingAfter && run.failure == nil)
        #expect(throws: LogError.missing(number: 41, later: later)) {
            try Log(store: log.store).checkNoGap(after: 40)
        }
    }

    @Test func aRecordThatIsListedAndGoneEndsTheLog() throws {
        let log = try log(of: 40)
        let names = try log.store.names(in: .log, after: nil)
        log.store[.record(20)] = nil
        let store = LyingStore(store: log.store) { _ in names }
        let run = Log(store: store).run(after: log.start)
        #expect(run.entries.count == 19 && run.isAtEnd && !run.hasNothingAfter)
    }
}
