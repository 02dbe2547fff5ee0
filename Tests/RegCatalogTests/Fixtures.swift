// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegCatalog
import RegHash
import RegLock
import RegLog
import RegMetrics
import RegPin
import RegTesting
import Testing

func digest(_ number: UInt64) -> Digest { SHA256.digest(of: Array("\(number)".utf8)) }

/// A project, record or pack name that a number fixes.
func id(_ number: UInt64) throws -> RandomName {
    try #require(RandomName(seededBytes(count: 16, seed: number)))
}

func artifact(_ text: String) throws -> ArtifactName { try #require(ArtifactName(text)) }

func commit(_ number: UInt64) throws -> CommitID {
    try #require(CommitID(hex: String(digest(number).hex.prefix(40))))
}

/// Calls `body` with the path of a catalog that is not there yet.
func withCatalogFile(_ body: (BytePath) throws -> Void) throws {
    try withTemporaryDirectory { try body($0.appending("manifest.db")) }
}

/// Makes up records, most of which keep the rules and some of which do not.
struct RecordMaker {
    private var random: SeededRandom
    private let names: [ArtifactName]
    private var number: UInt64 = 0
    private(set) var state = MemoryFold()
    private var pins: [Operation.PinRecord] = []

    init(seed: UInt64) throws {
        random = SeededRandom(seed: seed)
        names = try (0..<5).map { try artifact("name-\($0)") }
    }

    private mutating func below(_ limit: UInt64) -> UInt64 { random.next() % limit }

    mutating func next() throws -> LogEntry {
        number += 1
        let tail = Tail(number: number, hash: digest(number))
        if below(12) == 0 { return LogEntry(tail: tail, reading: .void("made up")) }
        let project = below(6) == 0 ? nil : try id(below(3))
        let operations = try (0..<below(5)).map { _ in try operation(of: project) }
        let record = Record(
            id: try id(1_000 + number), number: number, prev: digest(number - 1), project: project,
            author: "author \(below(3))", time: "time \(number)", operations: operations)
        _ = try Fold.apply(record, to: &state)
        return LogEntry(tail: tail, reading: .record(record))
    }

    private mutating func operation(of project: RandomName?) throws -> Operation {
        let name = names[Int(below(UInt64(names.count)))]
        switch below(16) {
        case 10: return try pin(of: project)
        case 11, 12:
            if let run = try run() { return run }
        case 13:
            let newest = max(1, state.newest(of: name)?.version ?? 1)
            return .measure(Operation.Measure(name: name, version: newest, metrics: metrics()))
        case 14, 15:
            let alias = try #require(Alias("alias-\(below(2))"))
            let holder = state.holder(of: alias, name: name)
            return .promote(
                Operation.Promote(
                    name: name, alias: alias, from: below(8) == 0 ? 1 : holder, to: 1 + below(4), gate: nil,
                    reason: below(2) == 0 ? nil : "reason", isRollback: below(3) == 0))
        default: break
        }
        switch below(10) {
        case 0: return .delete(Operation.Delete(packs: [try id(below(9))], manifests: [digest(below(200))]))
        case 1, 2: return try bind()
        default:
            let newest = state.newest(of: name)?.version ?? 0
            return .push(
                Operation.Push(
                    name: name, type: ArtifactType.allCases[Int(below(6))],
                    version: below(8) == 0 ? below(9) : newest + 1, digest: digest(below(6)),
                    manifest: digest(below(1_000)), byteCount: below(1 << 62), fileCount: below(9),
                    message: below(2) == 0 ? nil : "words \(below(100)) \"\u{1f98a}\"",
                    isShared: below(2) == 0))
        }
    }

    private mutating func bind() throws -> Operation {
        let lock = try lock()
        return .bind(
            Operation.Bind(commit: try commit(below(4)), set: try #require(lock.setDigest), lock: lock))
    }

    /// One that was made before, or another.
    private mutating func pin(of project: RandomName?) throws -> Operation {
        if let old = pins.randomElement(using: &random), below(3) == 0 { return .pin(old) }
        let code = Pin.Tree(digest: digest(below(9)), byteCount: 1, fileCount: 1)
        let pin = Operation.PinRecord(
            pin: try Pin(
                project: try project ?? id(0), commit: try commit(below(4)), code: code, patch: nil,
                lock: try lock(), command: [], environment: [], image: nil, seed: below(1_000)),
            trees: [NamedTree(digest: code.digest, manifest: digest(below(1_000)))])
        pins.append(pin)
        return .pin(pin)
    }

    private mutating func run() throws -> Operation? {
        guard let pin = state.pins.sorted().randomElement(using: &random) else { return nil }
        let run = try id(below(6))
        let newest = state.newestAttempt(of: run)
        let name = names[Int(below(UInt64(names.count)))]
        let output = state.names[name]?.versions.randomElement(using: &random)
        return .run(
            Operation.Run(
                id: run, attempt: below(8) == 0 ? 1 : (newest?.number ?? 0) + 1,
                pin: below(8) == 0 ? pin : newest?.pin ?? pin,
                status: below(3) == 0 ? .succeeded : .killed, exit: below(2) == 0 ? nil : 9,
                started: "s \(below(9))", ended: "e \(below(9))",
                archive: NamedTree(digest: digest(below(50)), manifest: digest(below(1_000))),
                outputs: output.map { [.init(name: name, version: $0.version, digest: $0.digest)] } ?? [],
                metrics: metrics(), original: below(2) == 0 ? nil : try id(below(6)),
                job: below(2) == 0 ? nil : "job \(below(3))"))
    }

    private mutating func metrics() -> Metrics {
        var metrics = Metrics()
        for _ in 0..<below(5) { metrics.measure("m\(below(3))", below(5) == 0 ? .nan : Double(below(9))) }
        return metrics
    }

    private mutating func lock() throws -> Lock {
        var entries: [LockEntry] = []
        for name in names where below(3) > 0 {
            let known = state.names[name]?.versions.randomElement(using: &random)?.digest
            entries.append(
                LockEntry(
                    name: name, type: .other, path: BytePath(name.text), isDirectory: true,
                    content: .stored(digest: known ?? digest(below(20)), bytes: 1, files: 1)))
        }
        return try Lock(entries)
    }
}
