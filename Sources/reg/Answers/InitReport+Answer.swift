// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegHash
internal import RegJSON
internal import RegKit

extension InitReport: Answer {
    var json: JSON {
        [
            "project": .string(project.hex), "registry": .string(registry),
            "this_machine_only": .bool(isThisMachineOnly), "created": .bool(isNew),
        ]
    }

    func lines(_ style: TextStyle) -> [String] {
        let start = isNew ? "made reg.toml" : "reg.toml is there already"
        let place = style.paint(printable(registry), .bold)
        let reach = isThisMachineOnly ? style.paint(" (this machine only)", .warning) : ""
        let advice =
            isMadeAbsolute
            ? [
                "reg.toml has this absolute path: whoever shares the project must reach the registry there, too"
            ]
            : []
        return ["\(start): registry \(place)\(reach)"] + advice
    }

    var isConfirmation: Bool { true }
}
