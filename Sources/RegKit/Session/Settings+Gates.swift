// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
package import RegLock
package import RegMetrics
internal import TOMLKit

/// What a version must meet before an alias moves to it: `[gate.NAME]` in `reg.toml`.
package struct Gate: Equatable {
    private static let conditionLimit = 100

    package let conditions: [GateCondition]
    /// The artifacts on whose locked versions the metrics have to be measured; empty for any.
    package let datasets: [ArtifactName]

    /// `name`: the key path of the table, for messages.
    init(_ table: TOMLTable, name: String, _ path: BytePath) throws {
        func failure(_ what: String) -> RegError {
            RegError(.usage, "\(printable(path)): \(printable(name))\(what)")
        }
        for key in table.keys where key != "require" && key != "dataset" {
            throw failure(" has the key '\(printable(key))'; there are require and dataset")
        }
        func list(_ key: String) throws -> [String]? {
            guard let value = table[key] else { return nil }
            guard let texts = value.array?.map({ $0.string }), !texts.contains(nil) else {
                throw failure(".\(key) is not a list of strings")
            }
            return texts.compactMap { $0 }
        }
        guard let texts = try list("require"), !texts.isEmpty else { throw failure(" requires nothing") }
        guard texts.count <= Gate.conditionLimit else {
            throw failure(".require has more than \(Gate.conditionLimit) conditions")
        }
        conditions = try texts.map { text in
            do throws(GateError) { return try GateCondition(text) } catch {
                let lines = error.drawing.split(separator: "\n").map { printable(String($0)) }
                throw failure(".require: \(error.message)\n" + lines.joined(separator: "\n"))
            }
        }
        datasets = try (try list("dataset") ?? []).map { text in
            guard let name = ArtifactName(text) else {
                throw failure(".dataset: '\(printable(text))' is no name of an artifact")
            }
            return name
        }
    }
}

extension Settings {
    /// The tables `gate.NAME`.
    static func gates(in table: TOMLTable, _ path: BytePath) throws -> [String: Gate] {
        guard let value = table["gate"] else { return [:] }
        guard let tables = value.table else {
            throw RegError(.usage, "\(printable(path)): gate is not a table")
        }
        var gates: [String: Gate] = [:]
        for name in tables.keys {
            guard ArtifactName(name) != nil else {
                throw RegError(
                    .usage, "\(printable(path)): gate '\(printable(name))': a name is [a-z0-9][a-z0-9._-]*")
            }
            guard let gate = tables[name]?.table else {
                throw RegError(.usage, "\(printable(path)): gate.\(name) is not a table")
            }
            gates[name] = try Gate(gate, name: "gate.\(name)", path)
        }
        return gates
    }
}
