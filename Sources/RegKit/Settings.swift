// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegFiles
internal import RegHash
internal import TOMLKit

/// What `reg.toml`, or the user's own configuration, says.
struct Settings {
    static let fileName = "reg.toml"
    /// Longer ones could nest deeper than the parser's recursion bears (measured: it crashed at 400 KB).
    private static let byteLimit = 128 << 10

    var project: RandomName?
    var registry: String?

    init() {}

    /// Reads the file at `path`; nil where there is none.
    static func read(_ path: BytePath) throws -> Settings? {
        guard let bytes = try readSmallFile(path, limit: byteLimit) else { return nil }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw RegError(.usage, "\(printable(path)) is not UTF-8")
        }
        let table: TOMLTable
        do { table = try TOMLTable(string: text) } catch let error as TOMLParseError {
            let place = "line \(error.source.begin.line)"
            throw RegError(.usage, "\(printable(path)) \(place): \(printable(error.description))")
        }
        var settings = Settings()
        settings.registry = try string("registry", in: table, path)
        if let text = try string("project", in: table, path) {
            guard let project = RandomName(hex: text) else {
                throw RegError(.usage, "\(printable(path)): project is not 32 hex digits")
            }
            settings.project = project
        }
        return settings
    }

    private static func string(_ key: String, in table: TOMLTable, _ path: BytePath) throws -> String? {
        guard let value = table[key] else { return nil }
        guard let text = value.string else {
            throw RegError(.usage, "\(printable(path)): \(key) is not a string")
        }
        return text
    }

    /// The lines that `reg init` appends to a `reg.toml`.
    static func lines(project: RandomName, registry: String?) -> String {
        var lines =
            "# Shared by everybody who works on this repository; commit it.\nproject = \"\(project.hex)\"\n"
        if let registry { lines += "registry = \"\(tomlEscaped(registry))\"\n" }
        return lines
    }

    private static func tomlEscaped(_ text: String) -> String {
        text.unicodeScalars.map { scalar in
            switch scalar {
            case "\"": "\\\""
            case "\\": "\\\\"
            case _ where scalar.value < 0x20 || scalar.value == 0x7f: "\\u00" + hex([UInt8(scalar.value)])
            default: String(scalar)
            }
        }.joined()
    }
}
