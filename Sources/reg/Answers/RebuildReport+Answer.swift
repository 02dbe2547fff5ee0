// SPDX-License-Identifier: Apache-2.0
internal import RegJSON
internal import RegKit

extension RebuildReport: Answer {
    var json: JSON {
        [
            "records": .count(recordCount), "versions": .count(versionCount), "packs": .count(packCount),
            "files": .count(fileCount),
        ]
    }

    func lines(_ style: TextStyle) -> [String] {
        let parts = [
            countText(recordCount, "record"), countText(versionCount, "version"),
            countText(packCount, "pack"),
            countText(fileCount, "file"),
        ]
        return [style.paint("rebuilt", .good) + ": " + parts.joined(separator: ", ")]
    }

    var isConfirmation: Bool { true }
}
