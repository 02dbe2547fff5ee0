// SPDX-License-Identifier: Apache-2.0
import Glibc
import RegBytes
import RegCache
import RegFiles
import RegHash
import RegJobs
import RegManifest
import RegTesting

/// What a tree has at a path.
enum Node: Sendable {
    case file([UInt8])
    case program([UInt8])
    case link(String)
    case emptyDirectory
}

/// A tree with the bytes of its files, as a registry would have it.
final class Source: Sendable {
    let nodes: [BytePath: Node]
    let rows: [TreeRow]
    let digest: Digest
    private let counts = Monitor((rows: 0, fetches: 0, files: 0))

    init(_ nodes: [String: Node]) {
        self.nodes = Dictionary(uniqueKeysWithValues: nodes.map { (BytePath($0.key), $0.value) })
        rows = self.nodes.keys.sorted().map { [nodes = self.nodes] path in
            switch nodes[path] {
            case .file(let bytes): row(path, bytes, false)
            case .program(let bytes): row(path, bytes, true)
            case .link(let target): TreeRow(path: path, kind: .symlink(target: BytePath(target)))
            default: TreeRow(path: path, kind: .emptyDirectory)
            }
        }
        var hasher = TreeHasher()
        for row in rows { hasher.append(row) }
        digest = hasher.finish()
    }

    var rowCalls: Int { counts.with { $0.rows } }
    var fetches: Int { counts.with { $0.fetches } }
    var fetchedFiles: Int { counts.with { $0.files } }

    func prepare(
        in cache: HostCache, delay: UInt32 = 0, failingAfter limit: Int = .max
    ) throws -> CachedTree {
        try cache.prepare(digest) { append in
            counts.with { $0.rows += 1 }
            for row in rows { try append(row) }
        } fetch: { missing, directory in
            counts.with { $0.fetches += 1 }
            usleep(delay)
            var parents = ParentCache(root: directory)
            var written = 0
            for (number, row) in rows.enumerated() where missing.contains(number) {
                if written == limit { throw Interruption() }
                written += 1
                let parent = try parents.directory(of: row.path, making: true)
                _ = try replaceFile(
                    content(row.path), as: row.path.lastComponent, in: parent ?? directory)
                counts.with { $0.files += 1 }
            }
        }
    }

    func content(_ path: BytePath) -> [UInt8] {
        switch nodes[path] {
        case .file(let bytes), .program(let bytes): bytes
        default: []
        }
    }
}

private func row(_ path: BytePath, _ bytes: [UInt8], _ isExecutable: Bool) -> TreeRow {
    TreeRow(
        path: path,
        kind: .file(
            size: UInt64(bytes.count), hash: SHA256.digest(of: bytes), isExecutable: isExecutable))
}

struct Interruption: Error {}

func replaceFile(_ bytes: [UInt8], as name: BytePath, in directory: Descriptor) throws -> FileStatus {
    try bytes.withUnsafeBytes { try replaceFile($0, as: name, in: directory, mode: 0o644) }
}

/// Calls `body` with a directory that has `cache`, a host cache, and an empty `run`.
func withCache(
    quota: UInt64 = 1 << 40, _ body: (HostCache, _ run: Descriptor) throws -> Void
) throws {
    try withTemporaryDirectory { directory in
        try body(try HostCache.open(at: directory.appending("cache"), quota: quota), .run(in: directory))
    }
}

extension Descriptor {
    static func run(in directory: BytePath, _ name: String = "run") throws -> Descriptor {
        let parent = try Descriptor.directory(directory)
        try parent.makeDirectory(BytePath(name))
        return try parent.openBeneath(BytePath(name), .directory)
    }

    func content(_ path: String) throws -> [UInt8] {
        try openBeneath(BytePath(path), .read).readAll(limit: 1 << 20)
    }

    func status(_ path: String) throws -> FileStatus? { try status(ofPath: BytePath(path)) }

    /// Writes to a file in place, under whatever mode it has.
    func overwrite(_ path: String, _ bytes: [UInt8]) throws {
        let whole = self.path.appending(path).lossy
        chmod(whole, 0o644)
        try openBeneath(BytePath(path), .update).write(bytes)
    }
}

extension HostCache {
    /// The one name that a file of these bytes has in the cache.
    func file(_ bytes: [UInt8], isExecutable: Bool = false) -> String {
        let name = SHA256.digest(of: bytes).hex
        return "files/\(name.prefix(2))/\(name)\(isExecutable ? ".x" : "")"
    }

    var directory: Descriptor { get throws { try .directory(path) } }

    /// Has it that a tree was last used in that second since 1970.
    func setLastUse(of source: Source, to second: Int64) throws {
        let rows = try directory.openBeneath(BytePath("trees/\(source.digest.hex)"), .read)
        try rows.setModified(second * 1_000_000_000)
    }

    func holds(_ bytes: [UInt8], isExecutable: Bool = false) throws -> Bool {
        try directory.status(file(bytes, isExecutable: isExecutable)) != nil
    }
}

func text(_ text: String) -> [UInt8] { Array(text.utf8) }

func place(_ run: Descriptor, _ access: TreePlace.Access, base: String = "data") -> TreePlace {
    TreePlace(root: run, base: BytePath(base), ownsBase: !base.isEmpty, access: access)
}
