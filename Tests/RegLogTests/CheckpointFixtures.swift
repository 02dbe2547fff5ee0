// SPDX-License-Identifier: Apache-2.0
import RegHash
import RegLog
import RegStore
import RegTesting
import Testing

/// A registry whose log grows as its writers make it grow, checkpoints and all.
struct GrowingLog {
    let store: MemoryStore
    let genesis: Digest
    fileprivate(set) var tail: Tail

    init(listsFromAnyName: Bool = false) throws {
        store = MemoryStore(listsFromAnyName: listsFromAnyName)
        genesis = try RegistryInfo.create(in: store, time: "").hash
        tail = Tail(number: 0, hash: genesis)
    }

    var checkpoints: Checkpoints { Checkpoints(store: store, log: Log(store: store)) }
    var start: Tail { Tail(number: 0, hash: genesis) }

    /// Appends stored bytes, whatever they are.
    mutating func append(_ bytes: [UInt8], isExtended: Bool = true) throws {
        #expect(try store.create(.record(tail.number + 1), bytes))
        tail = Tail(number: tail.number + 1, hash: SHA256.digest(of: bytes))
        if isExtended { try checkpoints.extend(to: tail, bytes, genesis: genesis) }
    }

    /// Appends records as a push writes them.
    mutating func grow(to count: UInt64, isExtended: Bool = true) throws {
        while tail.number < count {
            let number = tail.number + 1
            let push = try push("name-\(number % 100)", number, content: number, manifest: number + 1_000_000)
            try append(
                try record(number: number, prev: tail.hash, [push]).encoded, isExtended: isExtended)
        }
    }

    /// The keys of all checkpoints, newest first.
    var keys: [ObjectKey] { store.keys.filter { $0.text.hasPrefix("checkpoints/") } }

    /// The names from the newest checkpoint down the chain, and their heads.
    func chain() throws -> [Checkpoint] {
        var chain: [Checkpoint] = []
        var next = try keys.first.map { try #require(CheckpointName($0.name)) }
        while let name = next {
            let checkpoint = try Checkpoint(name, from: store, wholeLimit: .max)
            chain.append(checkpoint)
            next = checkpoint.head.previous
        }
        return chain
    }

    /// The log as one reads it record by record.
    func entries(after start: Tail) throws -> [LogEntry] {
        var entries: [LogEntry] = []
        var tail = start
        var log = Log(store: store)
        log.isListed = false
        while let entry = try log.entry(after: tail) {
            entries.append(entry)
            tail = entry.tail
        }
        return entries
    }
}

extension GrowingLog {
    /// Another log of the registry with that registry.json.
    init(from registry: [UInt8]) throws {
        try self.init()
        store[.registry] = registry
        self = GrowingLog(store: store, genesis: SHA256.digest(of: registry))
    }

    private init(store: MemoryStore, genesis: Digest) {
        self.store = store
        self.genesis = genesis
        tail = Tail(number: 0, hash: genesis)
    }

    /// Puts a checkpoint with that head into the registry.
    func add(_ bytes: [UInt8], _ head: CheckpointHead) throws {
        let id = SHA256.digest(of: head.encoded)
        store[.checkpoint(last: head.last, byteCount: UInt64(bytes.count), id: id)] = bytes
    }
}

/// The entries of `stretch`, and the tail after them.
func entries(of stretch: Stretch) throws -> (entries: [LogEntry], tail: Tail) {
    var entries: [LogEntry] = []
    let tail = try stretch.forEachRun { entries += $0 }
    return (entries, tail)
}

/// What a job without any state asks of a registry before it can resolve a name: requests, and the tail it comes to.
func freshReader(_ store: MemoryStore) throws -> (requests: UInt64, tail: Tail) {
    let counted = CountingStore(store)
    let info = try #require(try RegistryInfo.read(from: counted))
    let log = Log(store: counted)
    let checkpoints = Checkpoints(store: counted, log: log)
    var tail = Tail(number: 0, hash: info.hash)
    var isLast = false
    while !isLast, let stretch = checkpoints.stretch(after: tail) {
        tail = try entries(of: stretch).tail
        isLast = stretch.isLast
    }
    var run = Log.Run()
    while !run.isAtEnd {
        run = log.run(after: tail)
        if let failure = run.failure { throw failure }
        tail = run.entries.last?.tail ?? tail
    }
    return (counted.requestCount, tail)
}
