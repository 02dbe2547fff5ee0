// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegHash
internal import RegJSON
internal import RegLock

extension Operation.Push {
    var json: JSON {
        var object: JSONObject = [
            "op": "push", "name": .string(name.description), "type": .string(type.rawValue),
            "version": .integer(Int64(version)), "digest": .string(digest.text),
            "manifest": .string(manifest.text), "bytes": .integer(Int64(byteCount)),
            "files": .integer(Int64(fileCount)),
        ]
        if let message { object["message"] = .string(message) }
        if isShared { object["shared"] = true }
        return .object(object)
    }

    init(_ json: JSON) throws(OperationProblem) {
        guard let name = json["name"]?.stringValue.flatMap({ ArtifactName($0) }),
            let type = json["type"]?.stringValue.flatMap({ ArtifactType(rawValue: $0) }),
            let version = json["version"]?.unsignedValue,
            let digest = json["digest"]?.stringValue.flatMap({ Digest(text: $0) }),
            let manifest = json["manifest"]?.stringValue.flatMap({ Digest(text: $0) }),
            let byteCount = json["bytes"]?.unsignedValue, let fileCount = json["files"]?.unsignedValue,
            json["message"].map({ $0.stringValue != nil }) ?? true,
            json["shared"].map({ $0.boolValue != nil }) ?? true
        else { throw .invalid("a push lacks a field, or has one that is not of its form") }
        self.init(
            name: name, type: type, version: version, digest: digest, manifest: manifest,
            byteCount: byteCount, fileCount: fileCount, message: json["message"]?.stringValue,
            isShared: json["shared"]?.boolValue ?? false)
    }
}

extension Operation.Bind {
    var json: JSON {
        [
            "op": "bind", "object_format": .string(commit.objectFormat.rawValue),
            "commit": .string(commit.hex), "set": .string(set.text),
            "lock": .string(String(decoding: lock.serialized, as: UTF8.self)),
        ]
    }

    init(_ json: JSON) throws(OperationProblem) {
        guard let format = json["object_format"]?.stringValue.flatMap({ ObjectFormat(rawValue: $0) }),
            let commit = json["commit"]?.stringValue.flatMap({ CommitID(objectFormat: format, hex: $0) }),
            let set = json["set"]?.stringValue.flatMap({ Digest(text: $0) }),
            let text = json["lock"]?.stringValue, let lock = try? Lock.parse(Array(text.utf8))
        else { throw .invalid("a bind lacks a field, or has one that is not of its form") }
        guard lock.serialized.elementsEqual(text.utf8), lock.setDigest == set else {
            throw .invalid("a bind names a set that is not its lock's")
        }
        self.init(commit: commit, set: set, lock: lock)
    }
}

extension Operation.Delete {
    var json: JSON {
        [
            "op": "gc-delete", "packs": .array(packs.map { .string($0.hex) }),
            "manifests": .array(manifests.map { .string($0.text) }),
        ]
    }

    init(_ json: JSON) throws(OperationProblem) {
        guard let packs = json["packs"]?.arrayValue, let manifests = json["manifests"]?.arrayValue else {
            throw .invalid("a gc-delete lacks its lists")
        }
        let packNames = packs.compactMap { $0.stringValue.flatMap { RandomName(hex: $0) } }
        let manifestIDs = manifests.compactMap { $0.stringValue.flatMap { Digest(text: $0) } }
        guard packNames.count == packs.count, manifestIDs.count == manifests.count else {
            throw .invalid("a gc-delete names what is no object")
        }
        self.init(packs: packNames, manifests: manifestIDs)
    }
}

extension JSON {
    /// An integer that is not negative.
    var unsignedValue: UInt64? { integerValue.flatMap { UInt64(exactly: $0) } }
}
