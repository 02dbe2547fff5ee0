// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegHash
import RegJSON
import RegTesting

/// Writes objects of a registry by docs/format.md alone, also such as reg never would.
struct Forge {
    let registry: BytePath

    /// What lies at a path of a forged tree.
    enum Content {
        case file([UInt8])
        case symlink(String)
    }

    /// A forged tree: its digest, the id of its manifest, and sums.
    struct Stored {
        let digest: Digest
        let manifest: Digest
        let byteCount: Int
        let fileCount: Int
    }

    // MARK: The log

    /// The paths of the log's records, oldest first.
    var records: [BytePath] {
        get throws {
            let log = registry.appending("log")
            return try list(log).filter { $0.lossy.hasSuffix(".json") }.map { log.appending($0) }
        }
    }

    /// The operations of all records.
    var operations: [JSON] {
        get throws {
            try records.flatMap { path in
                let line = try readFile(path).prefix { $0 != UInt8(ascii: "\n") }
                return try JSON.parse(Array(line)).list("operations")
            }
        }
    }

    /// The project that made the first record.
    var project: JSON {
        get throws {
            let line = try readFile(try records[0]).prefix { $0 != UInt8(ascii: "\n") }
            return try JSON.parse(Array(line))["project"] ?? .null
        }
    }

    /// Appends a sealed record with these operations.
    func append(
        _ operations: [JSON], version: Int64 = 1, requires: [JSON] = [], project: JSON
    ) throws {
        let records = try records
        let before = try readFile(records.last ?? registry.appending("registry.json"))
        _ = try append(
            operations, as: records.count + 1, after: before, version: version, requires: requires,
            project: project)
    }

    /// Appends `count` records of one push each, of a hundred names.
    func appendPushes(_ count: Int) throws {
        let records = try records
        let project = try project
        var before = try readFile(records.last ?? registry.appending("registry.json"))
        for number in 0..<count {
            let push = Forge.push(
                "forged-\(number % 100)", version: Int64(number / 100 + 1),
                digest: SHA256.digest(of: Array("\(number)".utf8)),
                manifest: SHA256.digest(of: Array("m\(number)".utf8)))
            before = try append([push], as: records.count + 1 + number, after: before, project: project)
        }
    }

    /// Writes record `number`; its stored bytes.
    private func append(
        _ operations: [JSON], as number: Int, after before: [UInt8], version: Int64 = 1,
        requires: [JSON] = [], project: JSON
    ) throws -> [UInt8] {
        let record: JSON = [
            "reg_record": .integer(version), "id": .string(RandomName.random().hex),
            "number": .integer(Int64(number)), "prev": .string(SHA256.digest(of: before).text),
            "requires": .array(requires),
            "project": project, "author": "Eve <eve@example.org>", "time": "2020-01-01T00:00:00Z",
            "operations": .array(operations),
        ]
        let line = Array(record.compact.utf8)
        let digits = String(number)
        let name = String(repeating: "0", count: 20 - digits.count) + digits + ".json"
        let bytes = line + Array("\n\(SHA256.digest(of: line).text)\n".utf8)
        try writeFile(bytes, to: registry.appending("log").appending(name))
        return bytes
    }

    /// The operation that makes `stored` a version.
    static func push(_ name: String, version: Int64 = 1, _ stored: Stored) -> JSON {
        push(
            name, version: version, digest: stored.digest, manifest: stored.manifest, bytes: stored.byteCount,
            files: stored.fileCount)
    }

    static func push(
        _ name: String, version: Int64, digest: Digest, manifest: Digest, bytes: Int = 1, files: Int = 1
    ) -> JSON {
        [
            "op": "push", "name": .string(name), "type": "dataset", "version": .integer(version),
            "digest": .string(digest.text), "manifest": .string(manifest.text),
            "bytes": .integer(Int64(bytes)), "files": .integer(Int64(files)),
        ]
    }

    /// The operation that binds a SHA-1 commit to a lock.
    static func bind(_ commit: String, lock: String) -> JSON {
        let set = SHA256.digest(of: Array("reg:set:v1\0".utf8) + Array(lock.utf8))
        return [
            "op": "bind", "object_format": "sha1", "commit": .string(commit), "set": .string(set.text),
            "lock": .string(lock),
        ]
    }

    // MARK: Packs and manifests

    /// Stores a tree in one pack with one page.
    func store(_ tree: [(path: [UInt8], content: Content)]) throws -> Stored {
        let rows = tree.sorted { $0.path.lexicographicallyPrecedes($1.path) }
        var pack = Pack()
        let packName = RandomName.random()
        var contentRows: [UInt8] = []
        var chunkRows: [UInt8] = []
        var treeRows: [UInt8] = []
        var previous: [UInt8] = []
        var byteCount = 0
        var fileCount = 0
        for (path, content) in rows {
            let shared = zip(previous, path).prefix { $0 == $1 }.count
            let coded = varint(shared) + varint(path.count - shared) + path[shared...]
            previous = path
            let bytes: [UInt8]
            let hash: Digest
            switch content {
            case .file(let content):
                bytes = content
                hash = SHA256.digest(of: bytes)
                contentRows += [1] + coded + varint(bytes.count) + hash.bytes
                chunkRows += varint(bytes.isEmpty ? 0 : 1)
                if !bytes.isEmpty {
                    chunkRows += varint(bytes.count) + pack.append(bytes, id: hash, kind: 1)
                }
                byteCount += bytes.count
                fileCount += 1
                treeRows += Array("f\0".utf8)
            case .symlink(let target):
                bytes = Array(target.utf8)
                hash = SHA256.digest(of: bytes)
                contentRows += [4] + coded + varint(bytes.count) + bytes
                treeRows += Array("l\0".utf8)
            }
            treeRows += little(bytes.count, 8) + hash.bytes + little(path.count, 4) + path
        }
        let table = pack.isEmpty ? varint(0) : varint(1) + packName.bytes
        let page = Array("RPG1".utf8) + table + varint(rows.count) + contentRows + varint(0) + chunkRows
        let pageID = SHA256.digest(of: Array("reg:page:v1\0".utf8) + page)
        let pageCopy = pack.append(page, id: pageID, kind: 2, isFirst: true)
        let object = pack.object
        let packs = registry.appending("packs/\(packName.hex.prefix(2))")
        try writeFile(object, to: packs.appending("\(packName.hex).pack"))

        let digest = SHA256.digest(of: Array("reg:tree:v1\0".utf8) + treeRows)
        var manifest = Array("RMF1".utf8) + RandomName.random().bytes + digest.bytes
        manifest += varint(fileCount) + varint(rows.count) + varint(byteCount) + varint(0)
        manifest += varint(1) + packName.bytes + varint(object.count)
        manifest += varint(1) + varint(0) + varint(0) + pageID.bytes + varint(page.count) + pageCopy
        manifest += varint(0)
        let id = SHA256.digest(of: manifest)
        let folder = registry.appending("manifests/\(digest.hex.prefix(2))/\(digest.hex)")
        try writeFile(manifest, to: folder.appending(id.hex))
        return Stored(digest: digest, manifest: id, byteCount: byteCount, fileCount: fileCount)
    }

    /// A pack of stored entries.
    private struct Pack {
        private var entries: [UInt8] = Array("REGPACK1".utf8)
        private var index: [UInt8] = []
        private var count = 0
        private var lastEnd = 8

        var isEmpty: Bool { count == 0 }

        /// Appends an entry and gives its copy; `isFirst`: the first of the object that names it.
        mutating func append(_ bytes: [UInt8], id: Digest, kind: UInt8, isFirst: Bool = false) -> [UInt8] {
            let offset = entries.count
            entries += bytes
            index += id.bytes + little(bytes.count, 4) + little(bytes.count, 4) + [kind, 0, 0, 0]
            count += 1
            let distance = offset - (isFirst ? 8 : lastEnd)
            lastEnd = entries.count
            // Never negative here, so that zigzag is twice the distance.
            return varint(0) + varint(2 * distance) + varint(bytes.count) + [0] + varint(0)
        }

        var object: [UInt8] {
            entries + index + little(entries.count, 8) + little(count, 4) + SHA256.digest(of: index).bytes
                + Array("REGPEND1".utf8)
        }
    }
}

private func varint(_ value: Int) -> [UInt8] {
    value < 128 ? [UInt8(value)] : [UInt8(value & 127) | 128] + varint(value >> 7)
}

private func little(_ value: Int, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
}
