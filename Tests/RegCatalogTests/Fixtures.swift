// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegCatalog
import RegHash
import RegLock
import RegLog
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
        let operations = try (0..<below(5)).map { _ in try operation() }
        let record = Record(
            id: try id(1_000 + number), number: number, prev: digest(number - 1), project: project,
            author: "author \(below(3))", time: "time \(number)", operations: operations)
        _ = try Fold.apply(record, to: &state)
        return LogEntry(tail: tail, reading: .record(record))
    }

    private mutating func operation() throws -> Operation {
        let name = names[Int(below(UInt64(names.count)))]
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
        var entries: [LockEntry] = []
        for name in names where below(3) > 0 {
            let known = state.names[name]?.versions.randomElement(using: &random)?.digest
            entries.append(
                LockEntry(
                    name: name, type: .other, path: BytePath(name.text), isDirectory: true,
                    content: .stored(digest: known ?? digest(below(20)), bytes: 1, files: 1)))
        }
        let lock = try Lock(entries)
        return .bind(
            Operation.Bind(commit: try commit(below(4)), set: try #require(lock.setDigest), lock: lock))
    }
}
