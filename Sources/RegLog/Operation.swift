// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
package import RegHash
internal import RegJSON
package import RegLock

/// One change that a record makes (docs/format.md, "The log").
package enum Operation: Equatable, Sendable {
    case push(Push)
    case bind(Bind)
    case pin(PinRecord)
    case run(Run)
    case measure(Measure)
    case promote(Promote)
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
        case .pin: "pin"
        case .run: "run"
        case .measure: "measure"
        case .promote: "promote"
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
    /// What it takes in a record, with the comma.
    package var byteCount: Int { json.compact.utf8.count + 1 }

    var json: JSON {
        switch self {
        case .push(let push): push.json
        case .bind(let bind): bind.json
        case .pin(let pin): pin.json
        case .run(let run): run.json
        case .measure(let measure): measure.json
        case .promote(let promote): promote.json
        case .delete(let delete): delete.json
        }
    }

    init(_ json: JSON) throws(OperationProblem) {
        switch json["op"]?.stringValue {
        case "push": self = .push(try Push(json))
        case "bind": self = .bind(try Bind(json))
        case "pin": self = .pin(try PinRecord(json))
        case "run": self = .run(try Run(json))
        case "measure": self = .measure(try Measure(json))
        case "promote": self = .promote(try Promote(json))
        case "gc-delete": self = .delete(try Delete(json))
        case let kind?: throw .unknownKind(kind)
        case nil: throw .invalid("an operation has no kind")
        }
    }
}
