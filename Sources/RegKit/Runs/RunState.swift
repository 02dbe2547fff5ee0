// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
package import RegHash
internal import RegJSON
internal import RegLock

/// What a host remembers of a run until the registry has it.
struct RunState: Equatable {
    /// A part of the outputs that becomes a version.
    struct Output: Equatable {
        let name: ArtifactName
        /// Below the directory of outputs; empty for all of it.
        let path: BytePath
        /// Whether the run has to write it.
        let isRequired: Bool
    }

    let id: RandomName
    /// Which one of this run, from 1 on.
    var attempt: UInt64
    /// Random: no other attempt, here or elsewhere, has it.
    let instance: RandomName
    let registry: String
    let command: [[UInt8]]
    let outputs: [Output]
    let original: RandomName?
    let job: String?
    let author: String
    /// The name of the host that runs it.
    let host: String
    /// The values of variables that the pin names, when the command was started.
    let environment: JSON
    let started: String
    /// How the command ended; nil as long as it runs, or where nobody saw its end.
    var ending: Ending?

    struct Ending: Equatable {
        var ended: String
        /// 128 and the number of a signal that ended it.
        let exit: UInt8
        /// Whether a signal ended it, or asked it to.
        let isKilled: Bool
        /// What is wrong with the run although its command may not know.
        var problems: [String] = []
        /// Whether inputs were edited.
        var isTainted = false
        /// Whether anybody has looked whether they were.
        var isChecked = false
    }
}

extension RunState {
    var json: JSON {
        var object: JSONObject = [
            "reg_run": 1, "id": .string(id.hex), "attempt": .integer(Int64(attempt)),
            "instance": .string(instance.hex),
            "registry": .string(registry), "command": .array(command.map { .string(hex($0)) }),
            "outputs": .array(outputs.map(\.json)), "author": .string(author), "host": .string(host),
            "environment": environment,
            "started": .string(started),
        ]
        if let original { object["rerun_of"] = .string(original.hex) }
        if let job { object["job"] = .string(job) }
        if let ending {
            object["ended"] = .string(ending.ended)
            object["exit"] = .integer(Int64(ending.exit))
            object["killed"] = .bool(ending.isKilled)
            object["problems"] = .array(ending.problems.map(JSON.string))
            object["tainted"] = .bool(ending.isTainted)
            object["checked"] = .bool(ending.isChecked)
        }
        return .object(object)
    }

    /// Nil for anything that ``json`` has not written.
    init?(_ json: JSON) {
        guard json["reg_run"]?.integerValue == 1,
            let id = json["id"]?.stringValue.flatMap({ RandomName(hex: $0) }),
            let attempt = json["attempt"]?.integerValue.flatMap({ UInt64(exactly: $0) }),
            let instance = json["instance"]?.stringValue.flatMap({ RandomName(hex: $0) }),
            let registry = json["registry"]?.stringValue, let words = json["command"]?.arrayValue,
            let list = json["outputs"]?.arrayValue, let author = json["author"]?.stringValue,
            let host = json["host"]?.stringValue, let started = json["started"]?.stringValue
        else { return nil }
        self.id = id
        self.attempt = attempt
        self.instance = instance
        self.registry = registry
        command = words.compactMap { $0.stringValue.flatMap { bytes(hex: $0.utf8) } }
        outputs = list.compactMap { Output($0) }
        original = json["rerun_of"]?.stringValue.flatMap { RandomName(hex: $0) }
        job = json["job"]?.stringValue
        self.author = author
        self.host = host
        environment = json["environment"] ?? .object([:])
        self.started = started
        if let ended = json["ended"]?.stringValue {
            guard let exit = json["exit"]?.integerValue.flatMap({ UInt8(exactly: $0) }),
                let isKilled = json["killed"]?.boolValue, let isTainted = json["tainted"]?.boolValue,
                let isChecked = json["checked"]?.boolValue
            else { return nil }
            let problems = json["problems"]?.arrayValue?.compactMap(\.stringValue) ?? []
            ending = Ending(
                ended: ended, exit: exit, isKilled: isKilled, problems: problems, isTainted: isTainted,
                isChecked: isChecked)
        }
        guard command.count == words.count, outputs.count == list.count else { return nil }
    }
}

extension RunState.Output {
    fileprivate var json: JSON {
        ["name": .string(name.text), "path": .string(hex(path.bytes)), "required": .bool(isRequired)]
    }

    fileprivate init?(_ json: JSON) {
        guard let name = json["name"]?.stringValue.flatMap({ ArtifactName($0) }),
            let path = json["path"]?.stringValue.flatMap({ bytes(hex: $0.utf8) }),
            let isRequired = json["required"]?.boolValue
        else { return nil }
        self.init(name: name, path: BytePath(path), isRequired: isRequired)
    }
}

extension RandomName {
    /// The name of a run for people, unique for all that one host sees.
    package var shortRun: String { "run-" + hex.prefix(12) }
    /// The name of a run.
    package var run: String { "run-" + hex }
}
