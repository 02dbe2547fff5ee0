// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegHash
internal import RegLock
internal import RegLog
internal import RegMetrics
internal import RegPin
internal import RegTesting

/// A record: as it is, and as the line alone, with the seal that belongs to it.
enum RecordTarget: FuzzTarget {
    static let name = "record"
    static let number: UInt64 = 7
    static let prev = SHA256.digest(of: [])

    static func run(_ input: [UInt8]) {
        check(input)
        check(sealed(input))
    }

    private static func check(_ bytes: [UInt8]) {
        guard case .record(let record)? = try? RecordReading.read(bytes, number: number, prev: prev) else {
            return
        }
        let again = try? RecordReading.read(record.encoded, number: number, prev: prev)
        guard case .record(let second)? = again else { return claim(false, "a record written again is one") }
        // By its bytes: NaN is not equal to itself.
        claim(second.encoded == record.encoded, "a record written again is the same")
        claim(record.number == number && record.prev == prev, "a record is in its place")
        for case .bind(let bind) in record.operations {
            claim(bind.lock.setDigest == bind.set, "a set is the digest of its lock")
        }
    }

    static func seeds() throws -> [[UInt8]] {
        try (0..<16).flatMap { number in
            let bytes = try sample(UInt64(number)).encoded
            return [bytes, Array(bytes.dropLast(73))]
        }
    }

    /// A record of all operations, in some order and number.
    static func sample(_ seed: UInt64) throws -> Record {
        var random = SeededRandom(seed: seed)
        let operations = try (0..<seed % 5).map { _ in try operation(&random) }
        return Record(
            id: try random.name(), number: number, prev: prev,
            project: seed % 3 == 0 ? nil : try random.name(),
            author: "Ada \u{e9} <ada@example.org>", time: "2026-01-01T00:00:00Z", operations: operations)
    }

    private static func operation(_ random: inout SeededRandom) throws -> Operation {
        guard let name = ArtifactName("model-\(random.next() % 5)"),
            let commit = CommitID(hex: String(random.digest().hex.prefix(40)))
        else { throw SeedError() }
        switch random.next() % 7 {
        case 0:
            return .push(
                Operation.Push(
                    name: name, type: .weights, version: random.next() % 9, digest: random.digest(),
                    manifest: random.digest(), byteCount: random.next() >> 20, fileCount: 3,
                    message: random.next() % 2 == 0 ? nil : "First words", isShared: random.next() % 2 == 0))
        case 1:
            let lock = try LockTarget.sample(random.next() % 4, isStored: true, &random)
            guard let set = lock.setDigest else { throw SeedError() }
            return .bind(Operation.Bind(commit: commit, set: set, lock: lock))
        case 2:
            let pin = try PinTarget.sample(random.next())
            let trees = pin.trees.map { NamedTree(digest: $0.digest, manifest: $0.digest) }
            return .pin(Operation.PinRecord(pin: pin, trees: trees))
        case 3:
            return .run(
                Operation.Run(
                    id: try random.name(), attempt: 1, pin: random.digest(), status: .failed, exit: 3,
                    started: "then", ended: "now",
                    archive: NamedTree(digest: random.digest(), manifest: random.digest()),
                    outputs: [.init(name: name, version: 1, digest: random.digest())], metrics: metrics,
                    original: try random.name(), job: "slurm:1"))
        case 4: return .measure(Operation.Measure(name: name, version: 2, metrics: metrics))
        case 5:
            guard let alias = Alias("prod") else { throw SeedError() }
            let condition = Operation.Promote.Gate.Condition(
                text: "map >= 0.5", value: .nan, bound: nil, isMet: false)
            return .promote(
                Operation.Promote(
                    name: name, alias: alias, from: nil, to: 1,
                    gate: .init(name: "prod", commit: commit.hex, conditions: [condition]), reason: "why",
                    isRollback: true))
        default:
            return .delete(
                Operation.Delete(packs: [try random.name(), try random.name()], manifests: [random.digest()]))
        }
    }

    private static var metrics: Metrics {
        var metrics = Metrics()
        for value in [0.5, .nan, -.infinity] { metrics.measure("val/loss", value) }
        return metrics
    }
}
