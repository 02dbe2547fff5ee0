// SPDX-License-Identifier: Apache-2.0
package import RegBytes
package import RegJSON

/// Why bytes are no config that can be compared key by key, in a few printable words.
package struct ConfigError: Error, Equatable {
    package let reason: String

    init(_ reason: String) { self.reason = reason }

    init(line: Int, _ reason: String) { self.reason = "line \(line): \(reason)" }
}

/// How a config is written.
package enum ConfigFormat: String, CaseIterable, Sendable {
    case json = "JSON"
    case yaml = "YAML"
    case toml = "TOML"
    case ini = "INI"
    case environment = ".env"

    /// Longer files are no configs.
    package static let byteLimit = 1 << 20
    static let limits = JSONLimits(byteCount: byteLimit, valueCount: 100_000)

    /// The format that the name of a file suggests.
    package init?(_ path: BytePath) {
        let name = path.lastComponent.lossy.lowercased()
        if name == ".env" || name.hasPrefix(".env.") {
            self = .environment
            return
        }
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return nil }
        switch name[name.index(after: dot)...] {
        case "json": self = .json
        case "yaml", "yml": self = .yaml
        case "toml": self = .toml
        case "ini", "cfg": self = .ini
        case "env": self = .environment
        default: return nil
        }
    }

    /// What the bytes of a file say; comments and the order of keys are lost.
    package func read(_ bytes: [UInt8]) throws(ConfigError) -> JSON {
        guard bytes.count <= ConfigFormat.byteLimit else { throw ConfigError("it is longer than 1 MiB") }
        switch self {
        case .json:
            do { return try JSON.parse(bytes, limits: ConfigFormat.limits) } catch {
                throw ConfigError("it is no sound JSON")
            }
        case .yaml: return try YAMLDocument.read(bytes)
        case .toml: return try TOMLDocument.read(bytes)
        case .ini: return try LineConfig.readINI(bytes)
        case .environment: return try LineConfig.readEnvironment(bytes)
        }
    }
}
