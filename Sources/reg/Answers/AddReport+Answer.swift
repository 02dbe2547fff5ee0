// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegHash
internal import RegJSON
internal import RegKit
internal import RegLock

extension AddReport: Answer {
    var json: JSON {
        [
            "artifacts": .array(artifacts.map { .object($0.members) }), "warnings": .texts(warnings),
            "notes": .texts(notes),
        ]
    }

    func lines(_ style: TextStyle) -> [String] {
        guard !artifacts.isEmpty else { return ["nothing to add"] }
        return Table(
            "NAME", "TYPE", .right("SIZE"), .right("FILES"), .right("NEW"), .right("STORED"), "DIGEST",
            "PATH",
            rows: artifacts.map { $0.row(style) }
        ).lines(style)
    }

    var isConfirmation: Bool { true }

    var warnings: [String] { cautions + artifacts.flatMap { $0.nonFinite.warnings(of: $0.name) } }
}

extension AddReport.Artifact {
    fileprivate var members: JSONObject {
        var members: JSONObject = ["name": .string(name.text), "type": .string(type.rawValue)]
        members.setPath("path", path)
        members["digest"] = .digest(digest)
        members["bytes"] = .count(byteCount)
        members["files"] = .count(fileCount)
        members["new_bytes"] = .count(newByteCount)
        members["stored_bytes"] = .count(storedByteCount)
        members["in_git"] = .bool(isInGit)
        members["unchanged"] = .bool(isUnchanged)
        members["recorded_only"] = .bool(isRecordedOnly)
        members["not_finite"] = nonFinite.json
        return members
    }

    fileprivate func row(_ style: TextStyle) -> [Table.Cell] {
        [
            .init(name.text, .bold), .init(type.rawValue), .init(sizeText(byteCount)), .init("\(fileCount)"),
            new,
            .init(isInGit || isUnchanged ? "" : sizeText(storedByteCount)), .init(style.digest(digest), .dim),
            .init(printable(path)),
        ]
    }

    private var new: Table.Cell {
        if isInGit { return .init("in git", .dim) }
        if isUnchanged { return .init("unchanged", .dim) }
        return isRecordedOnly ? .init("recorded", .warning) : .init(sizeText(newByteCount))
    }
}
