// SPDX-License-Identifier: Apache-2.0
internal import RegHash
internal import RegJSON
internal import RegKit
internal import RegLock

extension ResolveReport: Answer {
    var json: JSON {
        [
            "artifacts": .array(artifacts.map(\.json)),
            "conflicts": .texts(conflicts.map(\.text)),
        ]
    }

    func lines(_ style: TextStyle) -> [String] {
        let taken = artifacts.map { "\(style.paint($0.name.text, .bold)): \($0.side.rawValue)" }
        return taken + (conflicts.isEmpty ? ["next: git add reg.lock, then reg pull"] : [])
    }

    var isConfirmation: Bool { true }
}

extension ResolveReport.Artifact {
    fileprivate var json: JSON {
        ["name": .string(name.text), "side": .string(side.rawValue), "digest": .digest(digest)]
    }
}
