// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegJSON
internal import RegKit

extension StoreReport: Answer {
    var json: JSON {
        var members = JSONObject()
        members.setPath("path", path)
        members["packs"] = .count(packCount)
        members["bytes"] = .count(byteCount)
        members["linked_bytes"] = .count(linkedByteCount)
        members["unpushed_bytes"] = .count(unpushedByteCount)
        members["quota"] = .count(quota)
        return .object(members)
    }

    func lines(_ style: TextStyle) -> [String] {
        let linked =
            linkedByteCount == 0 ? "" : ", \(sizeText(linkedByteCount)) of it shared with the registry"
        return Table(
            "", "",
            rows: [
                ["store", .init(printable(path), .bold)],
                ["packs", .init("\(packCount), \(sizeText(byteCount))\(linked)")],
                [
                    "not pushed",
                    .init(sizeText(unpushedByteCount), unpushedByteCount == 0 ? .plain : .warning),
                ],
                ["quota", .init(sizeText(quota))],
            ]
        ).lines(style)
    }
}

extension TrimReport: Answer {
    var json: JSON {
        var members = JSONObject()
        members.setPath("path", path)
        members["packs"] = .count(packCount)
        members["bytes"] = .count(byteCount)
        members["freed_bytes"] = .count(freedByteCount)
        members["manifests"] = .count(manifestCount)
        members["kept_packs"] = .count(keptPackCount)
        members["kept_bytes"] = .count(keptByteCount)
        members["dry_run"] = .bool(isDryRun)
        return .object(members)
    }

    func lines(_ style: TextStyle) -> [String] {
        let done = isDryRun ? "dry run: would remove" : style.paint("removed", .good)
        let frees = isDryRun ? "would free" : "freed"
        return [
            "\(done) \(countText(packCount, "pack")), \(sizeText(byteCount)); \(frees) \(sizeText(freedByteCount))",
            "kept \(countText(keptPackCount, "pack")), \(sizeText(keptByteCount)), which the registry lacks",
        ]
    }

    var isConfirmation: Bool { !isDryRun }
}
