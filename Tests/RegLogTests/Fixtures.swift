// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegHash
import RegLock
import RegLog
import RegMetrics
import RegPin
import RegStore
import RegTesting
import Testing

func digest(_ number: UInt64) -> Digest { SHA256.digest(of: Array("\(number)".utf8)) }

/// A project or record id that a number fixes.
func id(_ number: UInt64) throws -> RandomName {
    try #require(RandomName(seededBytes(count: 16, seed: number)))
}

func artifact(_ text: String) throws -> ArtifactName { try #require(ArtifactName(text)) }

func commit(_ number: UInt64) throws -> CommitID {
    try #require(CommitID(hex: String(digest(number).hex.prefix(40))))
}

func push(
    _ name: String, _ version: UInt64, content: UInt64 = 1, manifest: UInt64 = 2, message: String? = nil,
    isShared: Bool = false
) throws -> Operation {
    .push(
        Operation.Push(
            name: try artifact(name), type: .dataset, version: version, digest: digest(content),
            manifest: digest(manifest), byteCount: 5, fileCount: 1, message: message, isShared: isShared))
}

/// A lock of these artifacts, each with the content of that number.
func lock(_ contents: [String: UInt64]) throws -> Lock {
    try Lock(
        contents.map { name, content in
            LockEntry(
                name: try artifact(name), type: .dataset, path: BytePath(name), isDirectory: true,
                content: .stored(digest: digest(content), bytes: 5, files: 1))
        })
}

func bind(_ commit: CommitID, _ contents: [String: UInt64]) throws -> Operation {
    let lock = try lock(contents)
    return .bind(Operation.Bind(commit: commit, set: try #require(lock.setDigest), lock: lock))
}

func delete(manifests: [UInt64] = [], packs: [UInt64] = []) throws -> Operation {
    .delete(Operation.Delete(packs: try packs.map { try id($0) }, manifests: manifests.map { digest($0) }))
}

/// A pin of these artifacts, each with the content of that number; `seed` tells pins apart.
func pin(_ contents: [String: UInt64], project: UInt64 = 1, seed: UInt64 = 1, manifest: UInt64 = 2) throws
    -> Operation.PinRecord
{
    let code = Pin.Tree(digest: digest(500), byteCount: 5, fileCount: 1)
    return Operation.PinRecord(
        pin: try Pin(
            project: try id(project), commit: try commit(1), code: code, patch: nil, lock: try lock(contents),
            command: ["train"], environment: [], image: nil, seed: seed),
        trees: [NamedTree(digest: code.digest, manifest: digest(manifest))])
}

/// An attempt of run `number`, and what it wrote: names, versions and contents.
func run(
    _ number: UInt64, _ attempt: UInt64, of pin: Operation.PinRecord,
    _ status: Operation.Run.Status = .succeeded, manifest: UInt64 = 2,
    outputs: [(String, UInt64, UInt64)] = []
) throws -> Operation {
    var metrics = Metrics()
    metrics["loss"] = Metrics.Value(last: .nan, least: 0.5, greatest: .infinity)
    return .run(
        Operation.Run(
            id: try id(number), attempt: attempt, pin: pin.pin.id, status: status,
            exit: status == .killed ? nil : status == .failed ? 3 : 0, started: "then", ended: "now",
            archive: NamedTree(digest: digest(600), manifest: digest(manifest)),
            outputs: try outputs.map {
                Operation.Run.Output(name: try artifact($0.0), version: $0.1, digest: digest($0.2))
            }, metrics: metrics, original: number > 1 ? try id(number - 1) : nil,
            job: number > 2 ? "slurm:1" : nil))
}

func promote(
    _ name: String, _ alias: String = "prod", from former: UInt64?, to version: UInt64,
    gate: Operation.Promote.Gate? = nil, reason: String? = nil, isRollback: Bool = false
) throws -> Operation {
    .promote(
        Operation.Promote(
            name: try artifact(name), alias: try #require(Alias(alias)), from: former, to: version,
            gate: gate, reason: reason, isRollback: isRollback))
}

func record(
    number: UInt64 = 1, prev: Digest = digest(0), project: UInt64? = 1, id number2: UInt64? = nil,
    _ operations: [Operation] = []
) throws -> Record {
    Record(
        id: try id(number2 ?? 1_000 + number), number: number, prev: prev,
        project: try project.map { try id($0) },
        author: "Ada <ada@example.org>", time: "2020-01-01T00:00:00Z", operations: operations)
}

/// The stored bytes of a record whose line is `line`.
func sealed(_ line: String) -> [UInt8] {
    Array("\(line)\n\(SHA256.digest(of: Array(line.utf8)).text)\n".utf8)
}
