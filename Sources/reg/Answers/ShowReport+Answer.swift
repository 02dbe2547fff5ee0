// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegHash
internal import RegJSON
internal import RegKit
internal import RegLock
internal import RegLog

extension ShowReport: Answer {
    var json: JSON {
        [
            "name": .string(name.text), "version": .count(version), "digest": .digest(digest),
            "type": .string(type.rawValue), "bytes": .count(byteCount), "file_count": .count(fileCount),
            "pack_bytes": .count(packByteCount), "message": .text(message), "author": .text(author),
            "time": .text(time), "commits": .texts(commits), "aliases": .texts(aliases.map(\.text)),
            "files": .array(files.map { .object($0.members) }),
        ]
    }

    func lines(_ style: TextStyle) -> [String] {
        let limit = style.isVerbose ? files.count : 20
        let rest = files.count - limit
        return details(style) + [""] + fileLines(style, limit: limit)
            + (rest > 0 ? ["and \(rest) more; -v or 'reg ls' lists all"] : [])
    }

    private func details(_ style: TextStyle) -> [String] {
        let shown = style.isVerbose ? commits : Array(commits.prefix(3))
        let rest = commits.count - shown.count
        let list = shown.map { style.commit($0) } + (rest > 0 ? ["and \(rest) more"] : [])
        let rows: [[Table.Cell]] = [
            ["type", .init(type.rawValue)],
            ["digest", .init(digest.text)],
            ["size", .init("\(sizeText(byteCount)) in \(countText(fileCount, "file"))")],
            ["aliases", .init(aliases.map(\.text).joined(separator: ", "), .good)],
            [
                "stored in",
                .init(
                    packByteCount == 0
                        ? "" : "\(sizeText(packByteCount)) of packs, which may hold other versions, too"),
            ],
            ["time", .init(printable(time ?? ""))],
            ["author", .init(printable(author ?? ""))],
            ["message", .init(printable(message ?? ""))],
            ["commits", .init(printable(list.joined(separator: ", ")))],
        ]
        let title = style.paint(name.text + (version.map { "@v\($0)" } ?? ""), .bold)
        let state = version == nil ? style.paint(" (not pushed)", .warning) : ""
        return [title + state] + Table("", "", rows: rows.filter { !$0[1].text.isEmpty }).lines(style)
    }

    /// A table of the first files.
    fileprivate func fileLines(_ style: TextStyle, limit: Int) -> [String] {
        Table(.right("SIZE"), "SHA256", "PATH", rows: files.prefix(limit).map { $0.row(style) }).lines(style)
    }
}

/// The files of one version: the same document, but a list in text.
struct FileListAnswer: Answer {
    let report: ShowReport

    var json: JSON { report.json }

    func lines(_ style: TextStyle) -> [String] { report.fileLines(style, limit: report.files.count) }
}

extension ShowReport.File {
    fileprivate var members: JSONObject {
        var members = JSONObject()
        members.setPath("path", path)
        for (key, value) in content.members { members[key] = value }
        return members
    }

    /// What is at its path.
    var content: JSONObject {
        var members = JSONObject()
        members["bytes"] = .count(byteCount)
        switch kind {
        case .file(let hash, let isExecutable):
            members["kind"] = "file"
            members["sha256"] = .string(hash.hex)
            members["executable"] = .bool(isExecutable)
        case .emptyDirectory:
            members["kind"] = "directory"
            members["sha256"] = .null
            members["executable"] = false
        case .symlink(let target):
            members["kind"] = "symlink"
            members["sha256"] = .null
            members["executable"] = false
            members.setPath("target", target)
        }
        return members
    }

    fileprivate func row(_ style: TextStyle) -> [Table.Cell] {
        switch kind {
        case .file(let hash, let isExecutable):
            [
                .init(sizeText(byteCount)), .init(style.isVerbose ? hash.hex : hash.short, .dim),
                .init(printable(path), isExecutable ? .good : .plain),
            ]
        case .emptyDirectory:
            ["", .init("directory", .dim), .init(printable(path))]
        case .symlink(let target):
            ["", .init("symlink", .dim), .init("\(printable(path)) -> \(printable(target))")]
        }
    }
}
