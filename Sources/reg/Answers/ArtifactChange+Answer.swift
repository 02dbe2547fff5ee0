// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegDiff
internal import RegGit
internal import RegHash
internal import RegJSON
internal import RegKit
internal import RegLock

extension DiffReport.Artifact {
    var members: JSONObject {
        var members: JSONObject = [
            "name": .string(name), "type": .text(type?.rawValue), "status": .string(status.rawValue),
            "old": old.map(\.json) ?? .null, "new": new.map(\.json) ?? .null,
        ]
        var counts: JSONObject = [:]
        for status in DiffReport.File.Status.all {
            counts[status.rawValue] = .count(UInt64(files[status] ?? 0))
        }
        counts["unchanged"] = .count(unchangedFileCount)
        members["files"] = .object(counts)
        members["bytes"] = ["shared": .count(sharedByteCount), "to_fetch": .count(byteCountToFetch)]
        members["tensors"] = .count(UInt64(tensorCount))
        members["largest_change"] =
            largestChange.map { ["name": .string($0.name), "rel_l2": number($0.figures?.relativeL2)] }
            ?? .null
        members["config_keys"] = .count(UInt64(configKeyCount))
        members["annotations"] = .count(annotationCount)
        members["metrics"] = .count(UInt64(metricCount))
        return members
    }

    /// What became of its files: `+3 -1 ~2`; a file that is one is not counted.
    var fileCounts: String {
        let signs: [(DiffReport.File.Status, String)] = [
            (.added, "+"), (.removed, "-"), (.changed, "~"), (.renamed, ">"),
        ]
        return signs.compactMap { status, sign in files[status].map { sign + "\($0)" } }.joined(
            separator: " ")
    }

    /// What changed most in its files, in a few words.
    var gist: String {
        var parts: [String] = []
        if tensorCount > 0 {
            let most = largestChange.flatMap { change in
                change.figures.map { "most \(printable(change.name)), by \(numberText($0.relativeL2))" }
            }
            parts.append(
                ([countText(tensorCount, "tensor")] + (most.map { [$0] } ?? [])).joined(separator: ", "))
        }
        if metricCount > 0 { parts.append(countText(metricCount, "metric")) }
        if annotationCount > 0 { parts.append(countText(annotationCount, "annotation")) }
        if configKeyCount > 0 { parts.append(countText(configKeyCount, "key")) }
        return parts.joined(separator: "; ")
    }

    /// Its versions, or what else tells both sides apart: `v6 to v7`.
    var versions: String {
        let sides = [old, new].compactMap { $0 }
        return sides.map(\.name).joined(separator: " to ")
    }

    fileprivate var row: [Table.Cell] {
        let paint: TextStyle.Paint =
            switch status {
            case .added: .good
            case .removed: .bad
            case .changed, .renamed: .warning
            }
        return [
            .init("  " + status.rawValue, paint), .init(printable(name), .bold), .init(type?.rawValue ?? ""),
            .init(versions), .init(fileCounts), .init(sizeText(byteCountToFetch)), .init(gist),
        ]
    }
}

extension DiffReport.File.Status {
    /// In the order in which they are counted.
    static let all: [DiffReport.File.Status] = [.added, .removed, .changed, .renamed]
}

extension DiffReport.Artifact.Side {
    fileprivate var json: JSON {
        [
            "version": .count(version), "digest": .digest(digest), "bytes": .count(byteCount),
            "files": .count(fileCount),
        ]
    }

    /// `v7`; without a number the digest, and for files that lie on disk that they do.
    var name: String { version.map { "v\($0)" } ?? digest?.short ?? "files here" }
}

extension DiffReport.Commits {
    var json: JSON {
        [
            "new": .array(new.commits.map(\.json)), "old": .array(old.commits.map(\.json)),
            "count": ["new": .count(new.count), "old": .count(old.count)],
        ]
    }
}

extension CommitSummary {
    fileprivate var json: JSON {
        [
            "id": .string(id.hex), "subject": .string(subject), "author": .string(author),
            "time": .string(time),
        ]
    }

    /// The day it was written.
    var day: String { String(time.prefix(10)) }

    fileprivate func row(_ style: TextStyle) -> [Table.Cell] {
        [
            .init("  " + style.commit(id.hex), .warning), .init(printable(day), .dim),
            .init(printable(author)),
            .init(printable(subject)),
        ]
    }
}

extension DiffReport {
    /// The artifacts of sets, one line each, before what is in them.
    func artifactLines(_ style: TextStyle) -> [String] {
        guard isOfSets, !artifacts.isEmpty else { return [] }
        let limit = style.isVerbose ? artifacts.count : 40
        let table = Table(
            "", "ARTIFACT", "TYPE", "VERSION", "FILES", .right("TO FETCH"), "",
            rows: artifacts.prefix(limit).map(\.row))
        let rest = artifacts.count - limit
        return table.lines(style) + (rest > 0 ? ["and \(rest) more; -v lists all"] : []) + [""]
    }

    /// The commits between two revisions: those that only the newer one has, then those that it lacks.
    func commitLines(_ style: TextStyle) -> [String] {
        guard let commits else { return [] }
        let (added, lost) = (commits.new, commits.old)
        return lines(of: added, "\(countText(added.count, "commit")) more in \(printable(new))", style)
            + lines(of: lost, "\(countText(lost.count, "commit")) in \(printable(old)) alone", style)
    }

    private func lines(of range: CommitRange, _ title: String, _ style: TextStyle) -> [String] {
        if range.count == 0 { return [] }
        let rest = range.count - UInt64(range.commits.count)
        return ["\(title):", ""]
            + Table("", "", "", "", rows: range.commits.map { $0.row(style) }).lines(style)
            + (rest > 0 ? ["and \(rest) more"] : []) + [""]
    }
}
