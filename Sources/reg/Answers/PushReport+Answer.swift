// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegHash
internal import RegJSON
internal import RegKit
internal import RegLock

extension PushReport: Answer {
    var json: JSON {
        var members: JSONObject = [
            "record": .count(record), "registry": .string(registry),
            "artifacts": .array(artifacts.map(\.json)),
        ]
        switch binding {
        case .bound(let commit, let set, let isNew):
            members["binding"] = ["commit": .string(commit.hex), "set": .digest(set), "new": .bool(isNew)]
        case .unbound(let reason):
            members["binding"] = .null
            members["reason"] = .string(reason)
        }
        members["requests"] = .count(requestCount)
        members["retries"] = .count(retryCount)
        members["notes"] = .texts(notes)
        return .object(members)
    }

    func lines(_ style: TextStyle) -> [String] {
        let rows = Table(
            "NAME", "VERSION", .right("SIZE"), .right("FILES"), .right("UPLOADED"), .right("REUSED"),
            "DIGEST",
            rows: artifacts.map { $0.row(style) })
        return [headline(style)] + rows.lines(style) + [bindingLine(style)]
            + (style.isVerbose || retryCount > 0
                ? [trafficText(requests: requestCount, retries: retryCount)] : [])
    }

    private func headline(_ style: TextStyle) -> String {
        let place = printable(registry)
        guard let record else { return "nothing new for \(place)" }
        return style.paint("pushed", .good) + " record \(record) to \(place)"
    }

    private func bindingLine(_ style: TextStyle) -> String {
        switch binding {
        case .bound(let commit, _, let isNew):
            style.paint("bound", .good) + (isNew ? "" : " already") + " to commit \(style.commit(commit.hex))"
        case .unbound(let reason):
            style.paint("not bound", .warning) + ": \(reason)"
        }
    }

    var isConfirmation: Bool { true }

    var warnings: [String] { artifacts.flatMap { $0.nonFinite.warnings(of: $0.name) } }
}

extension PushReport.Artifact {
    fileprivate var json: JSON {
        [
            "name": .string(name.text), "version": .count(version), "digest": .digest(digest),
            "bytes": .count(byteCount), "files": .count(fileCount),
            "uploaded_bytes": .count(uploadedByteCount),
            "reused_bytes": .count(reusedByteCount), "new": .bool(isNew),
            "not_finite": nonFinite.json,
        ]
    }

    fileprivate func row(_ style: TextStyle) -> [Table.Cell] {
        [
            .init(name.text, .bold), .init("v\(version)", isNew ? .good : .plain), .init(sizeText(byteCount)),
            .init("\(fileCount)"), isNew ? .init(sizeText(uploadedByteCount)) : .init("unchanged", .dim),
            .init(sizeText(reusedByteCount)), .init(style.digest(digest), .dim),
        ]
    }
}
