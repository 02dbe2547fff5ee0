// SPDX-License-Identifier: Apache-2.0
internal import RegHash
internal import RegJSON
internal import RegKit
internal import RegLock
internal import RegLog

extension ListReport: Answer {
    var json: JSON { ["artifacts": .array(artifacts.map(\.json))] }

    func lines(_ style: TextStyle) -> [String] {
        guard !artifacts.isEmpty else { return ["no artifacts in the registry"] }
        let table = Table(
            "NAME", "TYPE", "VERSION", .right("SIZE"), .right("FILES"), "DIGEST", "ALIASES",
            rows: artifacts.map { artifact in
                [
                    .init(artifact.name.text, .bold), .init(artifact.type.rawValue),
                    .init("v\(artifact.version)"),
                    .init(sizeText(artifact.byteCount)), .init("\(artifact.fileCount)"),
                    .init(style.digest(artifact.digest), .dim),
                    .init(artifact.aliases.map { "\($0.alias) v\($0.version)" }.joined(separator: ", ")),
                ]
            })
        return table.lines(style)
    }
}

extension ListReport.Artifact {
    fileprivate var json: JSON {
        [
            "name": .string(name.text), "type": .string(type.rawValue), "version": .count(version),
            "digest": .digest(digest), "bytes": .count(byteCount), "files": .count(fileCount),
            "aliases": .texts(aliases.map(\.alias.text)),
            "alias_versions": .object(
                JSONObject(unique: aliases.map { ($0.alias.text, .count($0.version)) })),
        ]
    }
}
