// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegHash
internal import RegKit
internal import RegTesting

/// `reg.toml`.
enum SettingsTarget: FuzzTarget {
    static let name = "settings"
    private static let path = BytePath("reg.toml")

    static func run(_ input: [UInt8]) {
        guard let settings = try? Settings.parse(input, of: path) else { return }
        guard let project = settings.project else { return }
        let lines = Settings.lines(project: project, registry: settings.registry)
        claim(
            (try? Settings.parse(Array(lines.utf8), of: path)) == settings,
            "settings written again are the same")
    }

    static func seeds() throws -> [[UInt8]] {
        var random = SeededRandom(seed: 1)
        let registries = [
            nil, "/mnt/team/registry", "file:///a b", "\"\\\u{7f}\n\u{e9}", "s3://bucket/prefix",
        ]
        var seeds = try registries.map { registry in
            Array(Settings.lines(project: try random.name(), registry: registry).utf8)
        }
        seeds += [
            "", "# nothing\n", "[gates]\na = 1.5\n[gates.b]\nc = [1, 2, {d = true}]\n", "a.b.\"c d\" = 'x'\n",
            "registry = '''\n/a\n'''\n", "registry = \"\"\"\\u00e9\\\n  b\"\"\"\n",
            "date = 2026-01-01T00:00:00Z\n",
            "[[mirror]]\nurl = \"x\"\n[[mirror]]\n", "x = [[[[1]]]]\ny = 0xff\nz = -inf\n", "registry = 1\n",
        ].map { Array($0.utf8) }
        return seeds
    }
}
