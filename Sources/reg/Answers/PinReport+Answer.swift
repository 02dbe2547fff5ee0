// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegHash
internal import RegJSON
internal import RegKit
internal import RegLock
internal import RegPin

extension PinReport: Answer {
    var json: JSON {
        [
            "id": .digest(id), "commit": .string(pin.commit.hex),
            "artifacts": .object(
                JSONObject(
                    unique: pin.lock.entries.compactMap { entry in
                        guard case .stored(let digest, _, _) = entry.content else { return nil }
                        return (key: entry.name.text, value: .digest(digest))
                    })), "pin": pin.json, "record": .count(record), "registry": .string(registry),
            "newly_bound": .bool(isNewlyBound), "uploaded_bytes": .count(uploadedByteCount),
            "notes": .texts(notes),
        ]
    }

    func lines(_ style: TextStyle) -> [String] {
        let artifacts = pin.lock.entries.compactMap { entry -> [Table.Cell]? in
            guard case .stored(let digest, let bytes, let files) = entry.content else { return nil }
            return [
                .init(entry.name.text, .bold), .init(sizeText(bytes)), .init("\(files)"),
                .init(printable(BytePath(entry.pathText))), .init(style.digest(digest), .dim),
            ]
        }
        let table = Table("NAME", .right("SIZE"), .right("FILES"), "PATH", "DIGEST", rows: artifacts)
        let code = "code     \(pin.code.fileCount) files, \(sizeText(pin.code.byteCount))"
        return [
            headline(style), "commit   \(style.commit(pin.commit.hex))\(isNewlyBound ? ", now bound" : "")",
        ]
            + [code + (pin.patch.map { ", with a patch of \(sizeText($0.byteCount))" } ?? "")]
            + (pin.command.isEmpty ? [] : ["command  \(printable(pin.command.joined(separator: " ")))"])
            + (pin.image.map { ["image    \(printable($0))"] } ?? [])
            + (pin.seed.map { ["seed     \($0)"] } ?? [])
            + (artifacts.isEmpty ? ["no artifacts"] : table.lines(style))
            + (output.map { ["written to \(printable($0))"] } ?? [])
    }

    var isConfirmation: Bool { true }

    private func headline(_ style: TextStyle) -> String {
        let place = record.map { "record \($0) of \(printable(registry))" } ?? "recorded before"
        return style.paint("pinned", .good) + " \(id.text), \(place)"
    }
}
