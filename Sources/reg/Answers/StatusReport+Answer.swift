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
        let outdated = artifacts.count(where: \.isOutdated)
        let changed = artifacts.count { $0.state != .clean } - outdated
        let work = [(changed, "changed"), (outdated, "outdated")].filter { $0.0 > 0 }
            .map { style.paint("\($0.0) of \(artifacts.count) \($0.1)", .bad) }
        let upload = isPushed ? "pushed" : style.paint("not pushed", .warning)
        let commit = commit.map { " to commit \(style.commit($0.hex))" } ?? ""
        let binding = isBound ? "bound\(commit)" : style.paint("not bound", .warning)
        let first = work.isEmpty ? [style.paint("clean", .good)] : work
        return (first + [upload, binding]).joined(separator: ", ")
    }

    private func nextStep(_ style: TextStyle) -> [String] {
        let hasEdits = artifacts.contains { $0.state == .modified && !$0.isOutdated }
        let lacks = artifacts.contains { $0.state == .missing || $0.isOutdated }
        if hasEdits { return ["", lacks ? "next: reg add, then reg pull" : "next: reg add"] }
        if lacks { return ["", "next: reg pull"] }
        if isPushed && isBound { return [] }
        return ["", isLockCommitted ? "next: reg push" : "next: reg push, once reg.lock is committed"]
    }
}

extension StatusReport.Artifact {
    fileprivate var members: JSONObject {
        var members: JSONObject = ["name": .string(name.text)]
        members.setPath("path", path)
        members["state"] = .string(state.rawValue)
        members["outdated"] = .bool(isOutdated)
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
        return [
            .init(isOutdated ? "outdated" : state.rawValue, paint), .init(name.text, .bold),
            .init(printable(path)),
            .init(isPushed ? "" : "not pushed", .warning), .init(remark),
        ]
    }

    private var remark: String {
        if isOutdated { return "reg.lock names another version" }
        let counts = changes.filter { !$0.paths.isEmpty }.map { "\($0.paths.count) \($0.word)" }
        return (counts + (isBehind ? ["reg.lock names another version"] : [])).joined(separator: ", ")
    }

    /// What changed in a directory, a line a file; the first few only, unless more is asked for.
    fileprivate func files(_ style: TextStyle) -> [String] {
        guard path.bytes.last == UInt8(ascii: "/"), !isOutdated || style.isVerbose else { return [] }
        let told = changes.filter { style.isVerbose || $0.word != "absent" }
        let lines = told.flatMap { change in change.paths.map { "    \(change.word)  \(printable($0))" } }
        let limit = style.isVerbose ? lines.count : 10
        let rest = lines.count - limit
        return lines.prefix(limit) + (rest > 0 ? ["    and \(rest) more; -v lists all"] : [])
    }
}
