// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import RegJSON

/// A schema of `schema/json`, and what of JSON Schema those files use.
struct Schema {
    private let root: JSON

    init(_ name: String) throws {
        let project = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
        root = try JSON.parse(Array(Data(contentsOf: project.appending(path: "schema/json/\(name).json"))))
    }

    /// Where `document` departs from the schema, members that it does not describe included.
    func faults(in document: JSON) -> [String] { faults(document, root, at: "$") }

    private func faults(_ value: JSON, _ schema: JSON, at place: String) -> [String] {
        var faults: [String] = []
        if let type = schema["type"], !(type.arrayValue ?? [type]).contains(where: { matches(value, $0) }) {
            faults.append("\(place): wrong type")
        }
        if let allowed = schema["enum"]?.arrayValue, !allowed.contains(value) {
            faults.append("\(place): not listed")
        }
        if let minimum = schema["minimum"]?.integerValue, let number = value.integerValue, number < minimum {
            faults.append("\(place): too small")
        }
        if let pattern = schema["pattern"]?.stringValue, let text = value.stringValue,
            (try? Regex(pattern).firstMatch(in: text)) == nil
        {
            faults.append("\(place): does not match")
        }
        if let items = schema["items"] {
            for (index, element) in (value.arrayValue ?? []).enumerated() {
                faults += self.faults(element, items, at: "\(place)[\(index)]")
            }
        }
        return faults + memberFaults(value, schema, at: place)
    }

    private func memberFaults(_ value: JSON, _ schema: JSON, at place: String) -> [String] {
        guard let properties = schema["properties"], let members = value.objectValue?.members else {
            return []
        }
        let required = schema["required"]?.arrayValue?.compactMap(\.stringValue) ?? []
        let missing = required.filter { value[$0] == nil }.map { "\(place).\($0): missing" }
        return missing
            + members.flatMap { key, member in
                properties[key].map { faults(member, $0, at: "\(place).\(key)") } ?? [
                    "\(place).\(key): undescribed"
                ]
            }
    }

    private func matches(_ value: JSON, _ type: JSON) -> Bool {
        switch (value, type.stringValue) {
        case (.null, "null"), (.bool, "boolean"), (.integer, "integer"), (.integer, "number"),
            (.number, "number"),
            (.string, "string"), (.array, "array"), (.object, "object"):
            true
        default: false
        }
    }
}
