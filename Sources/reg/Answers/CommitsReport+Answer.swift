// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegHash
internal import RegJSON
internal import RegKit
internal import RegLock

extension CommitsReport: Answer {
    var json: JSON {
        [
            "records": .array(records.map { .count($0) }), "registry": .string(registry),
            "commits": .array(commits.map(\.json)), "requests": .count(requestCount),
            "retries": .count(retryCount),
        ]
    }

    func lines(_ style: TextStyle) -> [String] {
        if commits.isEmpty { return ["no commits in that range"] }
        let names = records.map { "\($0)" }.joined(separator: ", ")
        let headline =
            records.isEmpty
            ? "nothing new for \(printable(registry))"
            : style.paint("pushed", .good) + " record \(names) to \(printable(registry))"
        return [headline] + commits.map { $0.line(style) }
    }

    var isConfirmation: Bool { true }
}

extension CommitsReport.Commit {
    fileprivate var json: JSON {
        let (state, set, reason): (String, Digest?, String?) =
            switch outcome {
            case .bound(let set, let isNew): (isNew ? "bound" : "already", set, nil)
            case .empty: ("empty", nil, nil)
            case .unbound(let reason): ("unbound", nil, reason)
            }
        return [
            "commit": .string(id.hex), "state": .string(state), "set": .digest(set), "reason": .text(reason),
        ]
    }

    fileprivate func line(_ style: TextStyle) -> String {
        let text =
            switch outcome {
            case .bound(_, let isNew): style.paint("bound", .good) + (isNew ? "" : " already")
            case .empty: "has no artifacts"
            case .unbound(let reason): style.paint("not bound", .warning) + ": \(reason)"
            }
        return "\(style.commit(id.hex)) \(text)"
    }
}
