// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
package import RegHash
internal import RegJSON

/// One entry of the log: operations applied together or not at all (docs/format.md, "The log").
package struct Record: Equatable, Sendable {
    package static let byteLimit = 1 << 20

    package let id: RandomName
    package let number: UInt64
    /// SHA-256 of the stored bytes of the record before; of `registry.json` for number 1.
    package let prev: Digest
    /// Nil for a push from outside any project.
    package let project: RandomName?
    package let author: String
    package let time: String
    package let operations: [Operation]

    package init(
        id: RandomName, number: UInt64, prev: Digest, project: RandomName?, author: String, time: String,
        operations: [Operation]
    ) {
        self.id = id
        self.number = number
        self.prev = prev
        self.project = project
        self.author = author
        self.time = time
        self.operations = operations
    }

    /// The bytes as they are stored: the line and its seal.
    package var encoded: [UInt8] {
        let object: JSON = [
            "reg_record": 1, "id": .string(id.hex), "number": .integer(Int64(number)),
            "prev": .string(prev.text), "requires": [],
            "project": project.map { .string($0.hex) } ?? .null, "author": .string(author),
            "time": .string(time), "operations": .array(operations.map(\.json)),
        ]
        let line = Array(object.compact.utf8)
        return line + Array("\n\(SHA256.digest(of: line).text)\n".utf8)
    }
}

/// What a reader makes of the bytes stored under a record's number.
package enum RecordReading: Equatable, Sendable {
    case record(Record)
    /// Changes nothing, for every reader alike: why.
    case void(String)
    /// Needs a later version: what is not known here.
    case beyond(String)

    private static let opening = Array(#"{"reg_record":"#.utf8)
    private static let sealLength = 73

    /// Reads record `number` from its stored bytes; `prev` is the hash of what is stored before it.
    ///
    /// - Throws: `damaged` where the bytes were a record once, or do not follow `prev`.
    package static func read(
        _ bytes: [UInt8], number: UInt64, prev: Digest
    ) throws(LogError) -> RecordReading {
        guard let line = try sealedLine(bytes, number: number) else { return .void("it is not a record") }
        let json: JSON
        do { json = try JSON.parse(line) } catch { return .void(error.description) }
        switch json["reg_record"]?.integerValue {
        case 1 where line.starts(with: opening + Array("1,".utf8)): break
        case let version? where version != 1 && line.starts(with: opening):
            return .beyond("record version \(version)")
        default: return .void("it does not begin with its version")
        }
        let stated = json["prev"]?.stringValue.flatMap { Digest(text: $0) }
        if let stated, stated != prev {
            let before = number == 1 ? "registry.json" : "record \(number - 1)"
            throw .damaged(number: number, "it follows \(stated.short)…, but \(before) is \(prev.short)…")
        }
        guard let requirements = json["requires"]?.arrayValue?.map(\.stringValue), !requirements.contains(nil)
        else { return .void("it does not list the features that it requires") }
        if let feature = requirements.first ?? nil { return .beyond("the feature \(printable(feature))") }
        guard stated != nil else { return .void("it does not name the record before") }
        return read(json, number: number, prev: prev)
    }

    /// The JSON line of a record whose seal fits; nil where the bytes were never a record.
    private static func sealedLine(_ bytes: [UInt8], number: UInt64) throws(LogError) -> [UInt8]? {
        let seal = bytes.suffix(sealLength)
        let looksSealed =
            seal.first == UInt8(ascii: "\n") && seal.dropFirst().starts(with: Array("sha256:".utf8))
        // A beginning of a record, also an empty one, is what a crash of the machine leaves of it.
        guard looksSealed || bytes.starts(with: opening) || opening.starts(with: bytes) else { return nil }
        let line = Array(bytes.dropLast(sealLength))
        let expected = Array("\n\(SHA256.digest(of: line).text)\n".utf8)
        guard seal.elementsEqual(expected), !line.contains(UInt8(ascii: "\n")) else {
            throw .damaged(number: number, "its bytes do not fit its seal")
        }
        return line
    }

    private static func read(_ json: JSON, number: UInt64, prev: Digest) -> RecordReading {
        guard let id = json["id"]?.stringValue.flatMap({ RandomName(hex: $0) }),
            let author = json["author"]?.stringValue, let time = json["time"]?.stringValue,
            let list = json["operations"]?.arrayValue, let project = json["project"]
        else { return .void("a field is missing or not of its form") }
        guard json["number"]?.unsignedValue == number else { return .void("its number is not its place") }
        let projectID = project.stringValue.flatMap { RandomName(hex: $0) }
        guard projectID != nil || project == .null else { return .void("its project is no project id") }
        var operations: [Operation] = []
        var unknownKind: String?
        for item in list {
            do throws(OperationProblem) {
                operations.append(try Operation(item))
            } catch {
                switch error {
                case .unknownKind(let kind): unknownKind = unknownKind ?? kind
                case .invalid(let reason): return .void(reason)
                }
            }
        }
        if let unknownKind { return .beyond("the operation \(printable(unknownKind))") }
        return .record(
            Record(
                id: id, number: number, prev: prev, project: projectID, author: author, time: time,
                operations: operations))
    }
}
