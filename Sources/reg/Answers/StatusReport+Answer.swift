// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegHash
internal import RegJSON
internal import RegKit
internal import RegLock

extension StatusReport: Answer {
    var json: JSON {
        var members: JSONObject = [
            "clean": .bool(isClean), "pushed": .bool(isPushed), "bound": .bool(isBound),
            "commit": .text(commit?.hex),
            "artifacts": .array(artifacts.map { .object($0.members) }),
        ]
        members.setPath("state_path", statePath)
        return .object(members)
    }

    func lines(_ style: TextStyle) -> [String] {
        let place = style.isVerbose ? ["state in \(printable(statePath))"] : []
        guard !artifacts.isEmpty else { return ["no artifacts; 'reg add PATH' adds one"] + place }
        let rows = Table("", "", "", "", "", rows: artifacts.map(\.row)).lines(style)
        let body = zip(artifacts, rows).flatMap { artifact, row in [row] + artifact.files(style) }
        return [summary(style)] + place + [""] + body + nextStep(style)
    }

    private func summary(_ style: TextStyle) -> String {
        let changed = artifacts.count { $0.state != .clean }
        let work =
            changed == 0
            ? style.paint("clean", .good) : style.paint("\(changed) of \(artifacts.count) changed", .bad)
        let upload = isPushed ? "pushed" : style.paint("not pushed", .warning)
        let commit = commit.map { " to commit \(style.commit($0.hex))" } ?? ""
        let binding = isBound ? "bound\(commit)" : style.paint("not bound", .warning)
        return [work, upload, binding].joined(separator: ", ")
    }

    private func nextStep(_ style: TextStyle) -> [String] {
        if artifacts.contains(where: { $0.state == .missing }) { return ["", "next: reg pull"] }
        if !isClean { return ["", "next: reg add"] }
        return isPushed && isBound ? [] : ["", "next: reg push, once reg.lock is committed"]
    }
}

extension StatusReport.Artifact {
    fileprivate var members: JSONObject {
        var members: JSONObject = ["name": .string(name.text)]
        members.setPath("path", path)
        members["state"] = .string(state.rawValue)
        for change in changes { members.setPaths(change.word, change.paths) }
        members["in_git"] = .bool(isInGit)
        members["pushed"] = .bool(isPushed)
        return members
    }

    private var changes: [(word: String, paths: [BytePath])] {
        [("added", added), ("changed", changed), ("missing", missing), ("absent", absent)]
    }

    fileprivate var row: [Table.Cell] {
        let paint: TextStyle.Paint =
            switch state {
            case .clean: .good
            case .modified: .warning
            case .missing: .bad
            }
        let counts = changes.filter { !$0.paths.isEmpty }.map { "\($0.paths.count) \($0.word)" }
        return [
            .init(state.rawValue, paint), .init(name.text, .bold), .init(printable(path)),
            .init(isPushed ? "" : "not pushed", .warning), .init(counts.joined(separator: ", ")),
        ]
    }

    /// What changed in a directory, a line a file; the first few only, unless more is asked for.
    fileprivate func files(_ style: TextStyle) -> [String] {
        guard path.bytes.last == UInt8(ascii: "/") else { return [] }
        let told = changes.filter { style.isVerbose || $0.word != "absent" }
        let lines = told.flatMap { change in change.paths.map { "    \(change.word)  \(printable($0))" } }
        let limit = style.isVerbose ? lines.count : 10
        let rest = lines.count - limit
        return lines.prefix(limit) + (rest > 0 ? ["    and \(rest) more; -v lists all"] : [])
    }
}
