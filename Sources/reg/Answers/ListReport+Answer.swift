// SPDX-License-Identifier: Apache-2.0
internal import RegHash
internal import RegJSON
internal import RegKit
internal import RegLock

extension ListReport: Answer {
    var json: JSON { ["artifacts": .array(artifacts.map(\.json))] }

    func lines(_ style: TextStyle) -> [String] {
        guard !artifacts.isEmpty else { return ["no artifacts in the registry"] }
        let table = Table(
            "NAME", "TYPE", "VERSION", .right("SIZE"), .right("FILES"), "DIGEST",
            rows: artifacts.map { artifact in
                [
                    .init(artifact.name.text, .bold), .init(artifact.type.rawValue),
                    .init("v\(artifact.version)"),
                    .init(sizeText(artifact.byteCount)), .init("\(artifact.fileCount)"),
                    .init(style.digest(artifact.digest), .dim),
                ]
            })
        return table.lines(style)
    }
}

extension ListReport.Artifact {
    fileprivate var json: JSON {
        [
            "name": .string(name.text), "type": .string(type.rawValue), "version": .count(version),
            "digest": .digest(digest), "bytes": .count(byteCount), "files": .count(fileCount), "aliases": [],
        ]
    }
}
