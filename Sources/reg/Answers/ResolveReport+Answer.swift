// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegHash
internal import RegJSON
internal import RegKit
internal import RegLock

extension ResolveReport: Answer {
    var json: JSON {
        [
            "artifacts": .array(artifacts.map(\.json)),
            "conflicts": .texts(conflicts.map(\.text)),
            "clashes": .array(clashes.flatMap(\.documents)),
        ]
    }

    func lines(_ style: TextStyle) -> [String] {
        if !clashes.isEmpty { return clashes.flatMap { $0.lines(style) } }
        let taken = artifacts.map { "\(style.paint($0.name.text, .bold)): \($0.words)" }
        return taken + (conflicts.isEmpty ? ["next: git add reg.lock, then reg pull"] : [])
    }

    /// What clashes is shown in any case.
    var isConfirmation: Bool { clashes.isEmpty }
}

extension ResolveReport.Artifact {
    fileprivate var json: JSON {
        ["name": .string(name.text), "side": .string(settlement.rawValue), "digest": .digest(digest)]
    }

    fileprivate var words: String { settlement == .merge ? "merged" : settlement.rawValue }
}

extension ResolveReport.Clashes {
    fileprivate var documents: [JSON] {
        paths.map { clash in
            var members: JSONObject = ["artifact": .string(name.text)]
            members.setPath("path", clash.path)
            members["ours"] = .string(clash.ours.rawValue)
            members["theirs"] = .string(clash.theirs.rawValue)
            return .object(members)
        }
    }

    fileprivate func lines(_ style: TextStyle) -> [String] {
        let title = "\(style.paint(name.text, .bold)): changed differently by both sides"
        let table = Table(
            "  PATH", "OURS", "THEIRS",
            rows: paths.map {
                [.init("  " + printable($0.path)), .init($0.ours.rawValue), .init($0.theirs.rawValue)]
            })
        return [title] + table.lines(style)
    }
}
