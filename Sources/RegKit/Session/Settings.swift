// SPDX-License-Identifier: Apache-2.0
package import RegBytes
internal import RegFiles
package import RegHash
internal import TOMLKit

/// What `reg.toml`, or the user's own configuration, says.
package struct Settings: Equatable {
    static let fileName = "reg.toml"
    private static let byteLimit = 128 << 10
    /// The TOML parser nests a table for each dot of a key and frees them by recursion: 400,000 took the stack.
    private static let dotLimit = 4_000

    package var project: RandomName?
    package var registry: String?
    package var ignore = IgnoreRules()
    /// The most bytes that the store of a clone may take.
    package var storeQuota: UInt64?
    /// The most bytes that the cache of a host may take.
    package var cacheQuota: UInt64?
    /// Whether new bytes may be coded against those of earlier versions.
    package var usesBases = true

    package var s3 = BucketSettings()
    /// What promotions must meet, by name.
    package var gates: [String: Gate] = [:]

    package init() {}

    /// Reads the file at `path`; nil where there is none.
    static func read(_ path: BytePath) throws -> Settings? {
        try readSmallFile(path, limit: byteLimit).map { try parse($0, of: path) }
    }

    /// Reads the bytes of the file at `path`.
    package static func parse(_ bytes: [UInt8], of path: BytePath) throws -> Settings {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw RegError(.usage, "\(printable(path)) is not UTF-8")
        }
        guard bytes.count(where: { $0 == UInt8(ascii: ".") }) <= dotLimit else {
            throw RegError(.usage, "\(printable(path)) has more than \(dotLimit) dots")
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
        settings.ignore = IgnoreRules(
            try strings("ignore", in: table, path).map { text in
                guard let rule = IgnoreRules.Rule(text) else {
                    throw RegError(.usage, "\(printable(path)): ignore: '\(printable(text))' is no pattern")
                }
                return rule
            })
        try settings.readStore(in: table, path)
        settings.cacheQuota = try quota("cache", in: table, path)
        if let value = table["s3"] {
            guard let table = value.table else {
                throw RegError(.usage, "\(printable(path)): s3 is not a table")
            }
            settings.s3 = try BucketSettings(table, path)
        }
        settings.gates = try gates(in: table, path)
        return settings
    }

    /// The table `store`: `quota`, a text such as "20 GiB" or a number of bytes, and `delta`, true or false.
    private mutating func readStore(in table: TOMLTable, _ path: BytePath) throws {
        guard let value = table["store"] else { return }
        guard let store = value.table else {
            throw RegError(.usage, "\(printable(path)): store is not a table")
        }
        if let delta = store["delta"] {
            guard let delta = delta.bool else {
                throw RegError(.usage, "\(printable(path)): store.delta is neither true nor false")
            }
            usesBases = delta
        }
        storeQuota = try Settings.quota("store", in: table, path)
    }

    /// The key `quota` of a table.
    private static func quota(_ name: String, in table: TOMLTable, _ path: BytePath) throws -> UInt64? {
        guard let value = table[name] else { return nil }
        guard let inner = value.table else {
            throw RegError(.usage, "\(printable(path)): \(name) is not a table")
        }
        guard let quota = inner["quota"] else { return nil }
        let text = quota.string ?? quota.int.map(String.init) ?? ""
        guard let byteCount = StoreQuota.byteCount(text) else {
            throw RegError.notAQuota("\(printable(path)): \(name).quota", text)
        }
        return byteCount
    }

    private static func string(_ key: String, in table: TOMLTable, _ path: BytePath) throws -> String? {
        guard let value = table[key] else { return nil }
        guard let text = value.string else {
            throw RegError(.usage, "\(printable(path)): \(key) is not a string")
        }
        return text
    }

    private static func strings(_ key: String, in table: TOMLTable, _ path: BytePath) throws -> [String] {
        guard let value = table[key] else { return [] }
        guard let texts = value.array?.map({ $0.string }), !texts.contains(nil) else {
            throw RegError(.usage, "\(printable(path)): \(key) is not a list of strings")
        }
        return texts.compactMap { $0 }
    }

    /// The lines that `reg init` appends to a `reg.toml`.
    ///
    /// `bucket`: where the registry's bucket is.
    package static func lines(
        project: RandomName, registry: String?, bucket: BucketSettings? = nil
    ) -> String {
        var lines =
            "# Shared by everybody who works on this repository; commit it.\nproject = \"\(project.hex)\"\n"
        if let registry { lines += "registry = \"\(tomlEscaped(registry))\"\n" }
        if let endpoint = bucket?.endpoint { lines += "s3.endpoint = \"\(tomlEscaped(endpoint))\"\n" }
        if let region = bucket?.region { lines += "s3.region = \"\(tomlEscaped(region))\"\n" }
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
