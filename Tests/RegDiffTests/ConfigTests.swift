// SPDX-License-Identifier: Apache-2.0

import RegBytes
import RegDiff
import RegJSON
import RegTesting
import Testing

/// What differs, as `key: old -> new`, with `-` for what is not there.
private func differences(_ format: ConfigFormat, _ old: String, _ new: String) throws -> [String] {
    let values = (try format.read(Array(old.utf8)), try format.read(Array(new.utf8)))
    return ConfigDifference.between(values.0, values.1).map {
        "\($0.key): \($0.old?.compact ?? "-") -> \($0.new?.compact ?? "-")"
    }
}

@Suite struct ConfigTests {
    @Test func formatsAreKnownByNames() {
        let names = [
            "a.YAML", "b.yml", "c.json", "d.toml", "e.ini", "setup.cfg", ".env", ".env.local", "prod.env",
        ]
        let formats: [ConfigFormat] = [
            .yaml, .yaml, .json, .toml, .ini, .ini, .environment, .environment, .environment,
        ]
        #expect(names.map { ConfigFormat(BytePath("x/" + $0)) } == formats)
        #expect(["yaml", ".yaml", "a.txt", "json/a"].allSatisfy { ConfigFormat(BytePath($0)) == nil })
    }

    @Test(
        arguments: [
            (
                .json, #"{"a": {"b": 1, "l": [1, {"x": 2}]}, "k": true}"#,
                #"{"k": true, "a": {"l": [1, {"x": 3}], "b": 1}}"#
            ),
            (
                .yaml, "a:\n  b: 1\n  l:\n  - 1\n  - x: 2\nk: true\n",
                "# new\nk: yes it is\na: {l: [1, {x: 3}], b: 1}\n"
            ),
            (
                .toml, "k = true\n[a]\nb = 1\nl = [1, {x = 2}]\n",
                "k = true\na.l = [1, {x = 3}]\na.b = 1 # new\n"
            ),
        ] as [(ConfigFormat, String, String)])
    func orderAndCommentsDoNotCount(format: ConfigFormat, old: String, new: String) throws {
        let found = try differences(format, old, new).filter { !$0.hasPrefix("k:") }
        #expect(found == ["a.l[1].x: 2 -> 3"])
    }

    @Test func typesAreToldApart() throws {
        #expect(try differences(.json, #"{"a": 1}"#, #"{"a": 1.0}"#) == ["a: 1 -> 1.0"])
        #expect(try differences(.json, #"{"a": 1}"#, #"{"a": "1"}"#) == [#"a: 1 -> "1""#])
        #expect(try differences(.yaml, "a: true", "a: 'true'") == [#"a: true -> "true""#])
        #expect(try differences(.yaml, "a: 1e-3\nb: ~\nc: .nan", "a: 0.001\nb:\nc: .NaN") == [])
        #expect(try differences(.toml, "a = 1", "a = 1.5") == ["a: 1 -> 1.5"])
    }

    @Test func oddKeysAreQuotedAndEmptyContainersAreValues() throws {
        let odd = try differences(.json, #"{"a.b": 1, "": {"x y": []}}"#, #"{"a.b": 2, "": {"x y": {}}}"#)
        #expect(odd == ["\"\".\"x y\": [] -> {}", "\"a.b\": 1 -> 2"])
        #expect(try differences(.json, "[1, 2]", "[1, 3, 4]") == ["[1]: 2 -> 3", "[2]: - -> 4"])
        #expect(try differences(.json, "1", "2") == [": 1 -> 2"])
    }

    @Test(arguments: [
        ("a: &x {p: 1}\nb: *x", "b.p: - -> 1"), ("d: &d {p: 1, q: 2}\nm:\n  <<: *d\n  p: 3", "m.p: - -> 3"),
        ("a: |\n  one\n  two\n", #"a: - -> "one\ntwo\n""#), ("a: >-\n  one\n  two\n", #"a: - -> "one two""#),
        ("a: 0x10", "a: - -> 16"), ("a: -.inf", #"a: - -> "-Infinity""#), ("a: 1_000", #"a: - -> "1_000""#),
        ("a: !!str 1", #"a: - -> "1""#), ("a: !custom {b: no}", #"a.b: - -> "no""#),
        ("1: x", #"1: - -> "x""#),
        ("--- {a: 1}\n--- {a: 2}", "[1].a: - -> 2"), ("a: 99999999999999999999", "a: - -> 1e+20"),
    ]) func yamlIsReadAsItsCoreSchemaSays(text: String, difference: String) throws {
        let found = try differences(.yaml, "{}", text)
        #expect(found.contains(difference), "\(found)")
    }

    @Test(arguments: [
        "a: [", "a: 1\na: 2", "? {a: 1}\n: 2", "a: *nowhere", "\u{1}", "a: 'open",
        String(repeating: "[", count: 100) + String(repeating: "]", count: 100),
        "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
            + (0..<9).map { level in
                let (name, before) = (
                    "abcdefghijkl".dropFirst(level + 1).prefix(1), "abcdefghijkl".dropFirst(level).prefix(1)
                )
                return
                    "\(name): &\(name) [\(Array(repeating: "*\(before)", count: 10).joined(separator: ","))]\n"
            }.joined(),
    ]) func yamlThatIsNotSoundOrTooMuchIsRefused(text: String) {
        #expect(throws: ConfigError.self) { try ConfigFormat.yaml.read(Array(text.utf8)) }
    }

    @Test func linesAreRead() throws {
        let ini = "top = 1\n; no\n[net]\nlr=0.1\nname: a = b\nlong = one\n  two\n\n[net \"x\"]\nlr = 2\n"
        let found = try differences(.ini, "", ini)
        #expect(
            found == [
                "\"net \\\"x\\\"\".lr: - -> \"2\"", "net.long: - -> \"one\\ntwo\"", "net.lr: - -> \"0.1\"",
                "net.name: - -> \"a = b\"", "top: - -> \"1\"",
            ])
        let env = "# no\nexport A=1\nB=\"x # y\"\nC='q' # z\nD=plain # z\nE=\n"
        #expect(
            try differences(.environment, "", env) == [
                #"A: - -> "1""#, #"B: - -> "x # y""#, #"C: - -> "q""#, #"D: - -> "plain""#, #"E: - -> """#,
            ])
        #expect(throws: ConfigError.self) { try ConfigFormat.ini.read(Array("[open\n".utf8)) }
        #expect(throws: ConfigError.self) { try ConfigFormat.environment.read(Array("no\n".utf8)) }
    }

    // Not TOML: its parser has assertions in debug builds, which fail on input.
    @Test(arguments: ConfigFormat.allCases.filter { $0 != .toml }) func anyBytesAreReadOrRefused(
        format: ConfigFormat
    ) throws {
        let sample = Array("a: {b: [1, 'x'], c: \"y\"} # z\n[s]\nk = {q = 1}\n&a *a <<: | >\n".utf8)
        var random = SeededRandom(seed: 7)
        for round in 0..<3_000 {
            var bytes = Array(sample.shuffled(using: &random).prefix(Int(random.next() % 60)))
            if round % 3 == 0 { bytes += seededBytes(count: 5, seed: UInt64(round)) }
            _ = try? format.read(bytes)  // that it comes back is all
        }
        #expect(throws: ConfigError.self) { try format.read([0xff, 0xfe, 0x00, 0x41, 0x0a]) }
        #expect(throws: ConfigError.self) { try format.read([UInt8](repeating: 0x61, count: (1 << 20) + 1)) }
    }

    @Test func deepTomlIsRefused() {
        let dots = (0..<200).map { _ in "a" }.joined(separator: ".") + " = 1\n"
        let brackets =
            "a = " + String(repeating: "[", count: 5_000) + String(repeating: "]", count: 5_000) + "\n"
        #expect(throws: ConfigError.self) { try ConfigFormat.toml.read(Array(dots.utf8)) }
        #expect(throws: ConfigError.self) { try ConfigFormat.toml.read(Array(brackets.utf8)) }
    }
}
