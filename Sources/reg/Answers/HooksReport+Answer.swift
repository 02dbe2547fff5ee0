// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegGit
internal import RegJSON
internal import RegKit

extension HooksReport: Answer {
    var json: JSON {
        ["hooks": .array(hooks.map { .object($0.members) }), "notes": .texts(notes)]
    }

    func lines(_ style: TextStyle) -> [String] { hooks.map { $0.line(style) } }

    var isConfirmation: Bool { true }
}

extension HooksReport.Hook {
    fileprivate var members: JSONObject {
        var members: JSONObject = ["name": .string(hook.rawValue), "state": .string(state.rawValue)]
        members.setPath("path", path)
        return members
    }

    fileprivate func line(_ style: TextStyle) -> String {
        let what =
            switch state {
            case .installed: style.paint("installed", .good)
            case .unchanged: "installed already"
            case .removed: "removed"
            case .absent: "was not installed"
            }
        return "\(hook.rawValue) \(what): \(printable(path))"
    }
}
