// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegJSON

/// The members that scripts rely on: those of every document, written down a second time here, so that leaving one
/// out of program and schema at once is noticed.
struct Promise {
    private let schema: String
    private let keys: [String]

    init(command: [String]) {
        let hasReference = zip(command, command.dropFirst()).contains { before, word in
            !word.hasPrefix("-") && before != "--registry"
        }
        switch command.first {
        case "add":
            schema = "add"
            let members = ["name", "type", "path", "digest", "bytes", "files", "new_bytes", "stored_bytes"]
            keys = members.map { "artifacts.\($0)" }
        case "status":
            schema = "status"
            let members = ["name", "path", "state", "added", "changed", "missing", "absent"]
            keys = ["clean", "pushed", "bound"] + members.map { "artifacts.\($0)" }
        case "push" where command.contains("--commits"):
            schema = "push-commits"
            keys = ["records"] + ["commit", "state"].map { "commits.\($0)" }
        case "push":
            schema = "push"
            let members = ["name", "version", "digest", "bytes", "files", "uploaded_bytes", "reused_bytes"]
            keys =
                ["record", "binding.commit", "binding.set", "requests", "retries"]
                + members.map { "artifacts.\($0)" }
        case "pull":
            schema = "pull"
            let members = [
                "name", "version", "digest", "path", "bytes", "files", "fetched_bytes", "verified",
            ]
            keys = ["requests"] + members.map { "artifacts.\($0)" }
        case "rm":
            schema = "rm"
            keys = ["name", "type", "path", "digest", "bytes", "files"].map { "artifacts.\($0)" }
        case "use":
            schema = "use"
            let members = ["name", "type", "version", "path", "digest", "bytes", "files"]
            keys = members.map { "artifacts.\($0)" }
        case "log":
            schema = "log"
            let members = ["record", "kind", "time", "name", "version", "digest", "commit", "author"]
            keys = members.map { "entries.\($0)" }
        case "ls" where !hasReference:
            schema = "ls"
            let members = ["name", "type", "version", "digest", "bytes", "files", "aliases"]
            keys = members.map { "artifacts.\($0)" }
        case "show" where command.dropFirst().first?.hasPrefix("run-") == true:
            schema = "show-run"
            keys = []
        case "run":
            schema = "run"
            keys = ["run", "exit", "metrics"] + ["name", "version", "digest"].map { "outputs.\($0)" }
        case "ls", "show":
            schema = "show"
            let members = ["path", "bytes", "sha256", "executable"]
            keys = ["name", "version", "digest", "type", "bytes"] + members.map { "files.\($0)" }
        case "diff":
            schema = "diff"
            let members = ["artifact", "path", "status", "from"]
            keys = ["bytes.shared", "bytes.to_fetch"] + members.map { "files.\($0)" }
        case "pin":
            schema = "pin"
            keys = ["id", "commit", "artifacts"]
        case "verify":
            schema = "verify"
            keys = ["ok"] + ["kind", "object", "artifacts", "message"].map { "problems.\($0)" }
        case "promote":
            schema = "promote"
            let members = ["metric", "value", "operator", "bound", "ok"]
            keys = ["alias", "from", "to", "promoted"] + members.map { "gate.\($0)" }
        case "store" where command.contains("trim"):
            schema = "store-trim"
            keys = []
        case "hooks":
            schema = "hooks-install"
            keys = ["name", "state", "path"].map { "hooks.\($0)" }
        case "resolve":
            schema = "resolve"
            keys = ["conflicts"] + ["name", "side", "digest"].map { "artifacts.\($0)" }
        case "manifest":
            schema = "manifest-rebuild"
            keys = []
        default:
            schema = command.first ?? ""
            keys = []
        }
    }

    func faults(in document: JSON) throws -> [String] {
        let missing = keys.filter { !Self.has($0.split(separator: ".").map(String.init)[...], document) }
        return missing.map { "\($0): missing" } + (try Schema(schema).faults(in: document))
    }

    /// Whether `document` has the member; in a list each element must, and what is null has nothing in it.
    private static func has(_ path: ArraySlice<String>, _ document: JSON) -> Bool {
        if case .null = document { return true }
        if let elements = document.arrayValue { return elements.allSatisfy { has(path, $0) } }
        guard let key = path.first else { return true }
        guard let member = document[key] else { return false }
        return path.count == 1 || has(path.dropFirst(), member)
    }
}

/// A schema of `schema/json`, and what of JSON Schema those files use.
struct Schema {
    private let root: JSON

    init(_ name: String) throws {
        root = try JSON.parse(try readFile(Binary.project.appending("schema/json/\(name).json")))
    }

    /// Where `document` departs from the schema, members that it does not describe included.
    func faults(in document: JSON) -> [String] { faults(document, root, at: "$") }

    private func faults(_ value: JSON, _ schema: JSON, at place: String) -> [String] {
        var faults: [String] = []
        if let type = schema["type"], !(type.arrayValue ?? [type]).contains(where: { isType($0, of: value) })
        {
            faults.append("\(place): wrong type")
        }
        if let allowed = schema["enum"]?.arrayValue, !allowed.contains(value) {
            faults.append("\(place): not listed")
        }
        if let least = schema["minimum"]?.integerValue, let number = value.integerValue, number < least {
            faults.append("\(place): too small")
        }
        if let pattern = schema["pattern"]?.stringValue, let text = value.stringValue,
            (try? Regex(pattern).firstMatch(in: text)) == nil
        {
            faults.append("\(place): does not match \(pattern)")
        }
        if let items = schema["items"] {
            faults += (value.arrayValue ?? []).enumerated().flatMap { index, element in
                self.faults(element, items, at: "\(place)[\(index)]")
            }
        }
        guard let object = value.objectValue,
            schema["properties"] != nil || schema["additionalProperties"] != nil
        else { return faults }
        for key in schema.texts("required") where object[key] == nil {
            faults.append("\(place).\(key): missing")
        }
        for (key, member) in object.members {
            guard let property = schema["properties"]?[key] ?? schema["additionalProperties"] else {
                faults.append("\(place).\(key): undescribed")
                continue
            }
            faults += self.faults(member, property, at: "\(place).\(key)")
        }
        return faults
    }

    private func isType(_ type: JSON, of value: JSON) -> Bool {
        switch (value, type.stringValue) {
        case (.null, "null"), (.bool, "boolean"), (.integer, "integer"), (.integer, "number"),
            (.number, "number"), (.string, "string"), (.array, "array"), (.object, "object"):
            true
        default: false
        }
    }
}
