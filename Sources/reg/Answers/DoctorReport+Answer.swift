// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegHash
internal import RegJSON
internal import RegKit
internal import RegStore

extension DoctorReport: Answer {
    var json: JSON {
        [
            "ok": .bool(failure == nil), "registry": .string(registry),
            "endpoint": endpoint.map { .string($0) } ?? .null, "id": id.map { .string($0.hex) } ?? .null,
            "checks": .array(
                checks.map { check in
                    [
                        "name": .string(check.name), "need": .string(check.need.rawValue),
                        "ok": .bool(check.isGood), "detail": .string(check.detail),
                    ]
                }),
        ]
    }

    func lines(_ style: TextStyle) -> [String] {
        let place = endpoint.map { " on \(printable($0))" } ?? ""
        let rows: [[Table.Cell]] = checks.map { check in
            let verdict = check.isGood ? "ok" : check.need == .safety ? "note" : "missing"
            return [
                .init(verdict, check.isGood ? .good : check.need == .safety ? .warning : .bad),
                .init(check.name), .init(check.detail),
            ]
        }
        return ["\(printable(registry))\(place)"] + Table("", "", "", rows: rows).lines(style)
    }
}
