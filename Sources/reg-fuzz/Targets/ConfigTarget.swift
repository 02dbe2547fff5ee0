// SPDX-License-Identifier: Apache-2.0
internal import RegDiff
internal import RegJSON

/// Configs that are compared: the first byte says in which format the rest is.
enum ConfigTarget: FuzzTarget {
    static let name = "config"

    static func run(_ input: [UInt8]) {
        let formats = ConfigFormat.allCases
        guard let choice = input.first,
            let value = try? formats[Int(choice) % formats.count].read(Array(input.dropFirst()))
        else { return }
        claim(ConfigDifference.between(value, value).isEmpty, "nothing differs from itself")
        let added = ConfigDifference.between(.object([:]), value)
        claim(added.allSatisfy { $0.old == nil && $0.new != nil }, "against nothing all is new")
        let removed = ConfigDifference.between(value, .object([:]))
        claim(added.map(\.key) == removed.map(\.key), "both ways have the same keys")
    }

    static func seeds() throws -> [[UInt8]] {
        let texts: [ConfigFormat: [String]] = [
            .json: [#"{"a": {"b": [1, 2.5, null]}, "c d": true}"#],
            .yaml: [
                "a: &x {p: 1}\nb: *x\nm:\n  <<: *x\n  q: [0x1f, .nan, ~]\n",
                "a: |\n  t\nb: >-\n  u\n? k\n: !t 'v'\n",
                "--- 1\n--- [a, {b: c}]\n",
            ],
            .toml: ["a.b = 1\n[s.t]\nx = [1, {y = \"z\"}, 2026-01-01T00:00:00Z]\n[[u]]\nf = -inf\n"],
            .ini: ["top = 1\n[a b]\nk: v\n  w\n; no\n"],
            .environment: ["export A=\"b\" # c\nD='e'\nF=g # h\n"],
        ]
        return ConfigFormat.allCases.enumerated().flatMap { number, format in
            (texts[format] ?? []).map { [UInt8(number)] + Array($0.utf8) }
        }
    }
}
