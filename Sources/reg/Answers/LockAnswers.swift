// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegHash
internal import RegJSON
internal import RegKit
internal import RegLock

extension RemoveReport: Answer {
    var json: JSON {
        var members: JSONObject = ["name": .string(name.text), "type": .string(type.rawValue)]
        members.setPath("path", path)
        members["digest"] = .digest(digest)
        members["bytes"] = .count(byteCount)
        members["files"] = .count(fileCount)
        members["in_git"] = .bool(digest == nil)
        return ["artifacts": [.object(members)], "notes": .texts(notes)]
    }

    func lines(_ style: TextStyle) -> [String] {
        let name = style.paint(name.text, .bold)
        return ["took \(name) out of reg.lock; its files stay where they are: \(printable(path))"]
    }

    var isConfirmation: Bool { true }
}

extension UseReport: Answer {
    var json: JSON {
        var members: JSONObject = [
            "name": .string(name.text), "type": .string(type.rawValue), "version": .count(version),
        ]
        members.setPath("path", path)
        members["digest"] = .digest(digest)
        members["bytes"] = .count(byteCount)
        members["files"] = .count(fileCount)
        members["unchanged"] = .bool(isUnchanged)
        return ["artifacts": [.object(members)], "notes": .texts(notes)]
    }

    func lines(_ style: TextStyle) -> [String] {
        let row: [Table.Cell] = [
            .init(name.text, .bold), .init(type.rawValue), .init(version.map { "v\($0)" } ?? ""),
            .init(sizeText(byteCount)), .init("\(fileCount)"), .init(style.digest(digest), .dim),
            .init(printable(path)),
        ]
        let columns = Table(
            "NAME", "TYPE", "VERSION", .right("SIZE"), .right("FILES"), "DIGEST", "PATH", rows: [row])
        return columns.lines(style) + [isUnchanged ? "reg.lock says so already" : "next: reg pull"]
    }

    var isConfirmation: Bool { true }
}
