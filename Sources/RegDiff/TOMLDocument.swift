// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegJSON
internal import TOMLKit

/// A TOML file as one value; dates and times are texts.
enum TOMLDocument {
    /// The parser nests a table for each dot of a key and frees them by recursion: 400,000 took the stack.
    private static let dotLimit = 20_000
    private static let depthLimit = 64

    static func read(_ bytes: [UInt8]) throws(ConfigError) -> JSON {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ConfigError("it is not UTF-8")
        }
        let lines = bytes.split(separator: UInt8(ascii: "\n"))
        let dots = lines.map { $0.count { $0 == UInt8(ascii: ".") } }.max() ?? 0
        guard dots <= dotLimit else { throw ConfigError("a line has more than \(dotLimit) dots") }
        do {
            return try value(of: try TOMLTable(string: text), depth: 0)
        } catch let error as TOMLParseError {
            throw ConfigError(line: Int(error.source.begin.line), printable(error.description))
        } catch {
            throw error as? ConfigError ?? ConfigError("it is no sound TOML")
        }
    }

    private static func value(of value: any TOMLValueConvertible, depth: Int) throws -> JSON {
        guard depth <= depthLimit else { throw ConfigError("it is nested more than \(depthLimit) deep") }
        if let table = value.table {
            let members = try table.keys.compactMap { key in
                try table[key].map { (key: key, value: try self.value(of: $0, depth: depth + 1)) }
            }
            return .object(JSONObject(unique: members))
        }
        if let array = value.array {
            return .array(try array.map { try self.value(of: $0, depth: depth + 1) })
        }
        if let bool = value.bool { return .bool(bool) }
        if let string = value.string { return .string(string) }
        if let integer = value.int { return .integer(Int64(integer)) }
        if let number = value.double { return .number(number) }
        return .string(value.debugDescription)
    }
}
