// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegJSON
internal import RegKit

extension VerifyReport: Answer {
    var json: JSON {
        [
            "ok": .bool(problems.isEmpty), "problems": .array(problems.map(\.json)),
            "records": .count(recordCount), "versions": .count(versionCount), "packs": .count(packCount),
            "bytes": .count(byteCount), "data": .bool(isDataChecked),
        ]
    }

    func lines(_ style: TextStyle) -> [String] {
        let verdict =
            problems.isEmpty
            ? style.paint("ok", .good) : style.paint(countText(problems.count, "problem"), .bad)
        return ["\(verdict): checked \(extent)"] + problems.flatMap { $0.lines(style) }
    }

    private var extent: String {
        let parts = [
            countText(recordCount, "record"), countText(versionCount, "version"),
            countText(packCount, "pack"),
            "\(sizeText(byteCount)) read" + (isDataChecked ? "" : " (--data reads everything)"),
        ]
        return parts.joined(separator: ", ")
    }

    /// The failure that problems end the command with.
    var failure: RegError {
        RegError(.corrupt, "verify found \(countText(problems.count, "problem")) in the registry")
    }
}

extension VerifyReport.Problem {
    fileprivate var json: JSON {
        [
            "kind": .string(kind), "object": .string(object), "artifacts": .texts(artifacts),
            "message": .string(message),
        ]
    }

    fileprivate func lines(_ style: TextStyle) -> [String] {
        let victims = artifacts.isEmpty ? [] : ["    hurts \(printable(artifacts.joined(separator: ", ")))"]
        return ["\(style.paint(printable(kind), .bad)) \(printable(object)): \(printable(message))"] + victims
    }
}
