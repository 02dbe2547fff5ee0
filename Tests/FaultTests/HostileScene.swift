// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegHash
import RegJSON
import RegTesting
import Testing

/// A workspace without git, beside it a registry to be filled with malice, and beside both what must never change.
struct HostileScene {
    private static let memoryLimit = 256 << 10  // KiB

    let sandbox: Sandbox
    private let canary: Tree

    init() throws {
        sandbox = try Sandbox()
        try sandbox.write(
            "victim/reg.toml", Array("project = \"\(Project.id)\"\nregistry = \"../registry\"\n".utf8))
        try sandbox.write("victim/kept", Array("the user's own".utf8))
        try sandbox.write(
            "registry/registry.json",
            Array(
                """
                {"reg_registry":1,"id":"\(Project.id)","created":"2026-01-01T00:00:00Z","chunker":"reg-cdc-1"}

                """.utf8))
        for number in 0..<20 { try sandbox.write("canary/\(number)/file", Array("canary \(number)".utf8)) }
        canary = try sandbox.tree("canary")
    }

    /// Puts the version into the registry and into the lock.
    func publish(_ version: HostileVersion, path: String = "data/") throws {
        try sandbox.remove("registry/packs")
        try sandbox.remove("registry/manifests")
        let objects = version.encoded()
        for (name, bytes) in objects.files { try sandbox.write("registry/\(name)", bytes) }
        let line = "data dataset \(path) \(objects.digest.text) \(objects.byteCount) \(objects.fileCount)"
        try sandbox.write("victim/reg.lock", Array("reg-lock 1\n\n\(line)\n".utf8))
    }

    /// All commands that read a version.
    static let readers = [
        ["pull"], ["pull", "--force"], ["pull", "data", "-o", "../out"], ["ls", "data"],
        ["verify", "data", "--data"],
    ]

    /// Each command fails with one of `codes`, writes nothing and stays small.
    func expectRefused(
        _ codes: Set<Int32>, _ what: String, by commands: [[String]] = HostileScene.readers,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let before = try sandbox.tree("victim")
        for arguments in commands {
            let (outcome, memory) = try sandbox.measured(arguments, in: "victim")
            let command = "\(what): \(arguments.joined(separator: " "))"
            // verify sums up whatever it finds as 4; what only pulling reads, listing cannot refuse.
            let allowed = arguments[0] == "verify" ? codes.union([4]) : codes
            if arguments[0] != "ls" || outcome.code != 0 {
                expectFailure(outcome, allowed, command, sourceLocation: sourceLocation)
            }
            #expect(
                !(outcome.output + outcome.errors).contains { $0 < 0x20 && $0 != 0x0a },
                "\(command): prints control characters", sourceLocation: sourceLocation)
            if let memory {
                #expect(
                    memory < HostileScene.memoryLimit, "\(command): \(memory) KiB",
                    sourceLocation: sourceLocation)
            }
            let after = try sandbox.tree("victim")
            // What is wrong with data shows when directories are there; a manifest is judged before all else.
            let written = difference(before, after, countingDirectories: outcome.code == 6)
            #expect(written.isEmpty, "\(command): wrote \(written)", sourceLocation: sourceLocation)
            let apart = try sandbox.names(".").filter { $0 == "out" || $0.hasPrefix(".tmp-") }
            #expect(apart.isEmpty, "\(command): wrote \(apart)", sourceLocation: sourceLocation)
        }
        try expectCanary(what, sourceLocation: sourceLocation)
    }

    /// The paths that differ.
    private func difference(_ before: Tree, _ after: Tree, countingDirectories: Bool) -> [String] {
        let paths = Set(before.entries.keys).union(after.entries.keys).sorted()
        return paths.filter { path in
            let entry = after.entries[path]
            if !countingDirectories, case .directory = entry { return false }
            return entry != before.entries[path]
        }.map { printable($0) }
    }

    func expectCanary(_ what: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let now = try sandbox.tree("canary")
        let isUntouched = now.entries == canary.entries && now.traces == canary.traces
        #expect(isUntouched, "\(what): changed what lies outside", sourceLocation: sourceLocation)
    }

    func expectPulled(_ what: String) throws {
        let outcome = try sandbox.reg(["pull"], in: "victim").run()
        #expect(outcome.code == 0, "\(what): \(outcome.errorText)")
        try expectCanary(what)
    }
}
