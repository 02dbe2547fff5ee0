// SPDX-License-Identifier: Apache-2.0
package import RegHash
package import RegJSON
package import RegLock
package import RegMetrics
package import RegPin

/// A tree that a record names, and a manifest object of it.
package struct NamedTree: Equatable, Sendable {
    package let digest: Digest
    /// The id of the manifest object.
    package let manifest: Digest

    package init(digest: Digest, manifest: Digest) {
        self.digest = digest
        self.manifest = manifest
    }
}

extension Operation {
    /// What a run needs is recorded.
    package struct PinRecord: Equatable, Sendable {
        package let pin: Pin
        /// The pin's own trees.
        package let trees: [NamedTree]

        package init(pin: Pin, trees: [NamedTree]) {
            self.pin = pin
            self.trees = trees
        }
    }

    /// A command was run under a pin.
    package struct Run: Equatable, Sendable {
        package enum Status: String, Sendable {
            case succeeded
            /// The command ended with another status than 0, or what it was to write is not there.
            case failed
            /// A signal ended it, or nobody knows what did.
            case killed
        }

        /// A version that a run has written.
        package struct Output: Equatable, Sendable {
            package let name: ArtifactName
            package let version: UInt64
            package let digest: Digest

            package init(name: ArtifactName, version: UInt64, digest: Digest) {
                self.name = name
                self.version = version
                self.digest = digest
            }
        }

        package let id: RandomName
        /// Which one of a run that was resumed, from 1 on.
        package let attempt: UInt64
        package let pin: Digest
        package let status: Status
        /// The exit status, 128 and the signal's number where one ended it; nil where nobody knows.
        package let exit: UInt8?
        package let started: String
        package let ended: String
        /// Log, metrics and what else is known of it.
        package let archive: NamedTree
        package let outputs: [Output]
        package let metrics: Metrics
        /// The run that this one was to repeat.
        package let original: RandomName?
        /// What the engine that started it calls it, such as `slurm:cluster:1234`.
        package let job: String?

        package init(
            id: RandomName, attempt: UInt64, pin: Digest, status: Status, exit: UInt8?, started: String,
            ended: String, archive: NamedTree, outputs: [Output], metrics: Metrics, original: RandomName?,
            job: String?
        ) {
            self.id = id
            self.attempt = attempt
            self.pin = pin
            self.status = status
            self.exit = exit
            self.started = started
            self.ended = ended
            self.archive = archive
            self.outputs = outputs
            self.metrics = metrics
            self.original = original
            self.job = job
        }
    }

    /// Somebody says what a version measures.
    package struct Measure: Equatable, Sendable {
        package let name: ArtifactName
        package let version: UInt64
        package let metrics: Metrics

        package init(name: ArtifactName, version: UInt64, metrics: Metrics) {
            self.name = name
            self.version = version
            self.metrics = metrics
        }
    }

    /// An alias moves to another version.
    package struct Promote: Equatable, Sendable {
        /// What a gate made of the metrics.
        package struct Gate: Equatable, Sendable {
            package struct Condition: Equatable, Sendable {
                package let text: String
                /// What was measured; nil where nothing was.
                package let value: Double?
                /// What it was held against; nil where there was no baseline.
                package let bound: Double?
                package let isMet: Bool

                package init(text: String, value: Double?, bound: Double?, isMet: Bool) {
                    self.text = text
                    self.value = value
                    self.bound = bound
                    self.isMet = isMet
                }
            }

            package let name: String
            /// The commit whose `reg.toml` has it.
            package let commit: String?
            package let conditions: [Condition]

            package init(name: String, commit: String?, conditions: [Condition]) {
                self.name = name
                self.commit = commit
                self.conditions = conditions
            }
        }

        package let name: ArtifactName
        package let alias: Alias
        /// Nil where the alias held none.
        package let from: UInt64?
        package let to: UInt64
        package let gate: Gate?
        /// Why a gate was passed by.
        package let reason: String?
        package let isRollback: Bool

        package init(
            name: ArtifactName, alias: Alias, from: UInt64?, to: UInt64, gate: Gate?, reason: String?,
            isRollback: Bool
        ) {
            self.name = name
            self.alias = alias
            self.from = from
            self.to = to
            self.gate = gate
            self.reason = reason
            self.isRollback = isRollback
        }
    }
}

extension NamedTree {
    fileprivate var json: JSON { ["digest": .string(digest.text), "manifest": .string(manifest.text)] }

    fileprivate init?(_ json: JSON) {
        guard let digest = json["digest"]?.stringValue.flatMap({ Digest(text: $0) }),
            let manifest = json["manifest"]?.stringValue.flatMap({ Digest(text: $0) })
        else { return nil }
        self.init(digest: digest, manifest: manifest)
    }
}

extension Operation.PinRecord {
    var json: JSON {
        [
            "op": "pin", "id": .string(pin.id.text), "pin": pin.json,
            "trees": .array(trees.map(\.json)),
        ]
    }

    init(_ json: JSON) throws(OperationProblem) {
        guard let id = json["id"]?.stringValue, let content = json["pin"],
            let list = json["trees"]?.arrayValue
        else { throw .invalid("a pin lacks a field") }
        let trees = list.compactMap { NamedTree($0) }
        let pin: Pin
        do { pin = try Pin(content) } catch {
            if case .unknownVersion(let version) = error { throw .unknownKind("pin \(version)") }
            throw .invalid("a pin is none: \(error.message)")
        }
        guard pin.id.text == id else { throw .invalid("a pin has the id of another") }
        guard trees.map(\.digest) == pin.trees.map(\.digest), list.count == trees.count else {
            throw .invalid("a pin names other trees than its own")
        }
        self.init(pin: pin, trees: trees)
    }
}

extension Operation.Run {
    var json: JSON {
        var object: JSONObject = [
            "op": "run", "run": .string(id.hex), "attempt": .integer(Int64(attempt)),
            "pin": .string(pin.text), "status": .string(status.rawValue), "started": .string(started),
            "ended": .string(ended), "archive": archive.json,
            "outputs": .array(outputs.map(\.json)), "metrics": metrics.json,
        ]
        if let exit { object["exit"] = .integer(Int64(exit)) }
        if let original { object["rerun_of"] = .string(original.hex) }
        if let job { object["job"] = .string(job) }
        return .object(object)
    }

    init(_ json: JSON) throws(OperationProblem) {
        guard let id = json["run"]?.stringValue.flatMap({ RandomName(hex: $0) }),
            let attempt = json["attempt"]?.unsignedValue, attempt > 0,
            let pin = json["pin"]?.stringValue.flatMap({ Digest(text: $0) }),
            let status = json["status"]?.stringValue.flatMap({ Status(rawValue: $0) }),
            let started = json["started"]?.stringValue, let ended = json["ended"]?.stringValue,
            let archive = json["archive"].flatMap({ NamedTree($0) }),
            let list = json["outputs"]?.arrayValue,
            let metrics = json["metrics"].flatMap({ Metrics($0) })
        else { throw .invalid("a run lacks a field, or has one that is not of its form") }
        let outputs = list.compactMap { Output($0) }
        let exit = json["exit"]?.unsignedValue.flatMap { UInt8(exactly: $0) }
        let original = json["rerun_of"]?.stringValue.flatMap { RandomName(hex: $0) }
        guard outputs.count == list.count, (exit == nil) == (json["exit"] == nil),
            (original == nil) == (json["rerun_of"] == nil), json["job"].map({ $0.stringValue != nil }) ?? true
        else { throw .invalid("a run has a field that is not of its form") }
        self.init(
            id: id, attempt: attempt, pin: pin, status: status, exit: exit, started: started, ended: ended,
            archive: archive, outputs: outputs, metrics: metrics, original: original,
            job: json["job"]?.stringValue)
    }
}

extension Operation.Run.Output {
    fileprivate var json: JSON {
        ["name": .string(name.text), "version": .integer(Int64(version)), "digest": .string(digest.text)]
    }

    fileprivate init?(_ json: JSON) {
        guard let name = json["name"]?.stringValue.flatMap({ ArtifactName($0) }),
            let version = json["version"]?.unsignedValue, version > 0,
            let digest = json["digest"]?.stringValue.flatMap({ Digest(text: $0) })
        else { return nil }
        self.init(name: name, version: version, digest: digest)
    }
}

extension Operation.Measure {
    var json: JSON {
        [
            "op": "measure", "name": .string(name.text), "version": .integer(Int64(version)),
            "metrics": metrics.json,
        ]
    }

    init(_ json: JSON) throws(OperationProblem) {
        guard let name = json["name"]?.stringValue.flatMap({ ArtifactName($0) }),
            let version = json["version"]?.unsignedValue, version > 0,
            let metrics = json["metrics"].flatMap({ Metrics($0) })
        else { throw .invalid("a measure lacks a field, or has one that is not of its form") }
        self.init(name: name, version: version, metrics: metrics)
    }
}

extension Operation.Promote {
    var json: JSON {
        var object: JSONObject = [
            "op": "promote", "name": .string(name.text), "alias": .string(alias.text),
            "from": from.map { .integer(Int64($0)) } ?? .null, "to": .integer(Int64(to)),
        ]
        if let gate { object["gate"] = gate.json }
        if let reason { object["reason"] = .string(reason) }
        if isRollback { object["rollback"] = true }
        return .object(object)
    }

    init(_ json: JSON) throws(OperationProblem) {
        guard let name = json["name"]?.stringValue.flatMap({ ArtifactName($0) }),
            let alias = json["alias"]?.stringValue.flatMap({ Alias($0) }), let former = json["from"],
            former == .null || former.unsignedValue.map({ $0 > 0 }) ?? false,
            let to = json["to"]?.unsignedValue, to > 0,
            json["reason"].map({ $0.stringValue != nil }) ?? true,
            json["rollback"].map({ $0.boolValue != nil }) ?? true
        else { throw .invalid("a promote lacks a field, or has one that is not of its form") }
        var gate: Gate?
        if let value = json["gate"] {
            gate = Gate(value)
            if gate == nil { throw .invalid("the gate of a promote is not of its form") }
        }
        self.init(
            name: name, alias: alias, from: former.unsignedValue, to: to, gate: gate,
            reason: json["reason"]?.stringValue, isRollback: json["rollback"]?.boolValue ?? false)
    }
}

extension Operation.Promote.Gate {
    package var json: JSON {
        [
            "name": .string(name), "commit": commit.map { .string($0) } ?? .null,
            "conditions": .array(conditions.map(\.json)),
        ]
    }

    package init?(_ json: JSON) {
        guard let name = json["name"]?.stringValue, let commit = json["commit"],
            commit == .null || commit.stringValue != nil, let list = json["conditions"]?.arrayValue
        else { return nil }
        let conditions = list.compactMap { Condition($0) }
        guard conditions.count == list.count else { return nil }
        self.init(name: name, commit: commit.stringValue, conditions: conditions)
    }
}

extension Operation.Promote.Gate.Condition {
    fileprivate var json: JSON {
        [
            "text": .string(text), "value": value.map { .number($0) } ?? .null,
            "bound": bound.map { .number($0) } ?? .null, "ok": .bool(isMet),
        ]
    }

    fileprivate init?(_ json: JSON) {
        guard let text = json["text"]?.stringValue, let value = json["value"], let bound = json["bound"],
            value == .null || value.metricValue != nil, bound == .null || bound.metricValue != nil,
            let isMet = json["ok"]?.boolValue
        else { return nil }
        self.init(text: text, value: value.metricValue, bound: bound.metricValue, isMet: isMet)
    }
}
