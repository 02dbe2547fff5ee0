// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
package import RegHash
internal import RegJSON
package import RegLock

/// One change that a record makes (docs/format.md, "The log").
package enum Operation: Equatable, Sendable {
    case push(Push)
    case bind(Bind)
    case delete(Delete)

    /// A new version of an artifact.
    package struct Push: Equatable, Sendable {
        package let name: ArtifactName
        package let type: ArtifactType
        package let version: UInt64
        package let digest: Digest
        /// The id of the manifest object.
        package let manifest: Digest
        package let byteCount: UInt64
        package let fileCount: UInt64
        package let message: String?
        /// Whether a name made by another project may be continued.
        package let isShared: Bool

        package init(
            name: ArtifactName, type: ArtifactType, version: UInt64, digest: Digest, manifest: Digest,
            byteCount: UInt64, fileCount: UInt64, message: String?, isShared: Bool
        ) {
            self.name = name
            self.type = type
            self.version = version
            self.digest = digest
            self.manifest = manifest
            self.byteCount = byteCount
            self.fileCount = fileCount
            self.message = message
            self.isShared = isShared
        }
    }

    /// A git commit goes with an artifact set.
    package struct Bind: Equatable, Sendable {
        package let commit: CommitID
        package let set: Digest
        /// The canonical lock whose digest `set` is.
        package let lock: Lock

        package init(commit: CommitID, set: Digest, lock: Lock) {
            self.commit = commit
            self.set = set
            self.lock = lock
        }
    }

    /// Objects that a collection is about to remove.
    package struct Delete: Equatable, Sendable {
        package let packs: [RandomName]
        package let manifests: [Digest]

        package init(packs: [RandomName], manifests: [Digest]) {
            self.packs = packs
            self.manifests = manifests
        }
    }

    /// The word for the operation in records, in `reg log` and in JSON.
    package var kind: String {
        switch self {
        case .push: "push"
        case .bind: "bind"
        case .delete: "gc-delete"
        }
    }
}

/// Why a JSON value is no operation that this reg applies.
enum OperationProblem: Error {
    case unknownKind(String)
    case invalid(String)
}

extension Operation {
    var json: JSON {
        switch self {
        case .push(let push):
            var object: JSONObject = [
                "op": "push", "name": .string(push.name.description), "type": .string(push.type.rawValue),
                "version": .integer(Int64(push.version)), "digest": .string(push.digest.text),
                "manifest": .string(push.manifest.text), "bytes": .integer(Int64(push.byteCount)),
                "files": .integer(Int64(push.fileCount)),
            ]
            if let message = push.message { object["message"] = .string(message) }
            if push.isShared { object["shared"] = true }
            return .object(object)
        case .bind(let bind):
            return [
                "op": "bind", "object_format": .string(bind.commit.objectFormat.rawValue),
                "commit": .string(bind.commit.hex), "set": .string(bind.set.text),
                "lock": .string(String(decoding: bind.lock.serialized, as: UTF8.self)),
            ]
        case .delete(let delete):
            return [
                "op": "gc-delete", "packs": .array(delete.packs.map { .string($0.hex) }),
                "manifests": .array(delete.manifests.map { .string($0.text) }),
            ]
        }
    }

    init(_ json: JSON) throws(OperationProblem) {
        switch json["op"]?.stringValue {
        case "push": self = .push(try Push(json))
        case "bind": self = .bind(try Bind(json))
        case "gc-delete": self = .delete(try Delete(json))
        case let kind?: throw .unknownKind(kind)
        case nil: throw .invalid("an operation has no kind")
        }
    }
}

extension Operation.Push {
    fileprivate init(_ json: JSON) throws(OperationProblem) {
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
    fileprivate init(_ json: JSON) throws(OperationProblem) {
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
    fileprivate init(_ json: JSON) throws(OperationProblem) {
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
