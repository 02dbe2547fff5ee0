// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegHash
package import RegJSON
internal import RegLock

extension Pin {
    package var json: JSON {
        var object: JSONObject = [
            "reg_pin": 1, "project": .string(project.hex),
            "object_format": .string(commit.objectFormat.rawValue), "commit": .string(commit.hex),
            "code": code.json,
            "artifacts": .object(
                JSONObject(unique: lock.entries.map { (key: $0.name.text, value: $0.pinned) })),
        ]
        if let patch { object["patch"] = patch.json }
        if !command.isEmpty { object["command"] = .array(command.map(JSON.string)) }
        if !environment.isEmpty { object["environment"] = .array(environment.map(JSON.string)) }
        if let image { object["image"] = .string(image) }
        if let seed { object["seed"] = .integer(Int64(seed)) }
        return .object(object)
    }

    /// Reads the bytes of a pin file and checks its id.
    package static func parse(file bytes: [UInt8]) throws(PinError) -> Pin {
        guard bytes.count <= 2 * byteLimit else { throw .tooLarge }
        let json: JSON
        do { json = try JSON.parse(bytes) } catch { throw .malformed("it is not JSON: \(error.description)") }
        guard let id = json["id"]?.stringValue, let content = json["pin"],
            json.objectValue?.members.count == 2
        else { throw .malformed("it is not an object of 'id' and 'pin'") }
        let pin = try Pin(content)
        guard pin.id.text == id else { throw .altered }
        return pin
    }

    /// Reads the member `pin` of a pin file, or of a record.
    package init(_ json: JSON) throws(PinError) {
        guard let object = json.objectValue else { throw .malformed("the pin is not an object") }
        switch object["reg_pin"] {
        case .integer(1)?: break
        case let version?: throw .unknownVersion(version.compact)
        case nil: throw .malformed("the pin has no version")
        }
        for member in object.members where !Pin.members.contains(member.key) {
            throw .malformed("it has a member '\(printable(member.key))', which no pin of version 1 has")
        }
        guard let project = object["project"]?.stringValue.flatMap({ RandomName(hex: $0) }),
            let format = object["object_format"]?.stringValue.flatMap({ ObjectFormat(rawValue: $0) }),
            let commit = object["commit"]?.stringValue.flatMap({ CommitID(objectFormat: format, hex: $0) }),
            let code = object["code"].flatMap({ Tree($0) }),
            let artifacts = object["artifacts"]?.objectValue
        else { throw .malformed("a member is missing or not of its form") }
        let command = try Pin.strings("command", in: object)
        let environment = try Pin.strings("environment", in: object)
        let patch = try Pin.optional("patch", in: object) { Tree($0) }
        let image = try Pin.optional("image", in: object) { $0.stringValue }
        let seed = try Pin.optional("seed", in: object) { $0.integerValue.flatMap { UInt64(exactly: $0) } }
        try self.init(
            project: project, commit: commit, code: code, patch: patch, lock: try Pin.lock(artifacts),
            command: command, environment: environment, image: image, seed: seed)
        guard self.environment == environment else {
            throw .malformed("the names of variables are not sorted")
        }
    }

    private static let members: Set<String> = [
        "reg_pin", "project", "object_format", "commit", "code", "patch", "artifacts", "command",
        "environment", "image", "seed",
    ]

    /// An optional list of strings; empty where it is absent, never empty where it is there.
    private static func strings(_ key: String, in object: JSONObject) throws(PinError) -> [String] {
        try optional(key, in: object) { value in
            guard let texts = value.arrayValue?.map(\.stringValue), !texts.isEmpty, !texts.contains(nil)
            else {
                return nil
            }
            return texts.compactMap { $0 }
        } ?? []
    }

    /// A member that may be absent, but not of another form.
    private static func optional<Value>(
        _ key: String, in object: JSONObject, _ read: (JSON) -> Value?
    ) throws(PinError) -> Value? {
        guard let json = object[key] else { return nil }
        guard let value = read(json) else { throw .malformed("'\(key)' is not of its form") }
        return value
    }

    /// The artifacts as the lock that they make: its reader checks names, paths and overlaps.
    private static func lock(_ artifacts: JSONObject) throws(PinError) -> Lock {
        var text = "reg-lock 1\n"
        for (name, value) in artifacts.members {
            guard value.objectValue?.members.count == 5, let type = value["type"]?.stringValue,
                let path = value["path"]?.stringValue, let digest = value["digest"]?.stringValue,
                let bytes = value["bytes"]?.integerValue, let files = value["files"]?.integerValue,
                !(type + path + digest).utf8.contains(where: { $0 <= 0x20 })
            else { throw .malformed("artifact '\(printable(name))' is not of its form") }
            text += "\(name) \(type) \(path) \(digest) \(bytes) \(files)\n"
        }
        let lock: Lock
        do { lock = try Lock.parse(Array(text.utf8)) } catch {
            throw .malformed("its artifacts make no lock: \(error.message)")
        }
        guard lock.entries.count == artifacts.members.count else {
            throw .malformed("the name of an artifact is none")
        }
        return lock
    }
}

extension Pin.Tree {
    fileprivate var json: JSON {
        [
            "digest": .string(digest.text), "bytes": .integer(Int64(byteCount)),
            "files": .integer(Int64(fileCount)),
        ]
    }

    fileprivate init?(_ json: JSON) {
        guard json.objectValue?.members.count == 3,
            let digest = json["digest"]?.stringValue.flatMap({ Digest(text: $0) }),
            let byteCount = json["bytes"]?.integerValue.flatMap({ UInt64(exactly: $0) }),
            let fileCount = json["files"]?.integerValue.flatMap({ UInt64(exactly: $0) })
        else { return nil }
        self.init(digest: digest, byteCount: byteCount, fileCount: fileCount)
    }
}

extension LockEntry {
    /// As a pin has it; nothing where git keeps the files, which no pin holds.
    fileprivate var pinned: JSON {
        guard case .stored(let digest, let bytes, let files) = content else { return .null }
        return [
            "type": .string(type.rawValue), "path": .string(pathText), "digest": .string(digest.text),
            "bytes": .integer(Int64(bytes)), "files": .integer(Int64(files)),
        ]
    }
}
