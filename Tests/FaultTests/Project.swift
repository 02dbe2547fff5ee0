// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegHash
import RegJSON
import RegTesting
import Testing

/// A git repository and a registry, side by side in one directory of a sandbox, which can be copied as a whole.
struct Project {
    let sandbox: Sandbox
    /// The directory, in the sandbox.
    let place: String

    static let id = "0123456789abcdef0123456789abcdef"

    var repository: String { "\(place)/repository" }
    var registry: String { "\(place)/registry" }

    /// Makes a repository whose `reg.toml` names the registry, which is not there yet.
    static func make(_ place: String, in sandbox: Sandbox) throws -> Project {
        let project = Project(sandbox: sandbox, place: place)
        try sandbox.write(
            "\(project.repository)/reg.toml",
            Array("project = \"\(id)\"\nregistry = \"../registry\"\n".utf8))
        try sandbox.git(["init", "--quiet"], in: project.repository)
        return project
    }

    /// Moves everything aside, to be brought back any number of times.
    func store(as name: String) throws { try sandbox.run("/bin/mv", ["--", place, name], in: ".") }

    /// Brings back what was stored, in place of what is there.
    ///
    /// Files are linked, not copied, but for the database: reg and git replace all others when they change them.
    func restore(from name: String) throws {
        try sandbox.remove(place)
        try sandbox.run("/bin/cp", ["-al", "--", name, place])
        for directory in try sandbox.names(name) {
            let database = "\(directory)/.git/reg/manifest.sqlite"
            guard sandbox.exists("\(name)/\(database)") else { continue }
            try sandbox.remove("\(place)/\(database)")
            try sandbox.copy("\(name)/\(database)", to: "\(place)/\(database)")
        }
    }

    func commit() throws {
        try sandbox.git(["add", "--all"], in: repository)
        try sandbox.git(["commit", "--quiet", "--allow-empty", "--message=Change"], in: repository)
    }

    /// Adds the paths, commits, and pushes.
    func pushAll(_ paths: [String]) throws {
        try sandbox.succeed(["add"] + paths, in: repository)
        try commit()
        try sandbox.succeed(["push"], in: repository)
    }

    /// A fresh clone of the repository beside it, without anything of reg's.
    func clone(as name: String) throws -> String {
        let clone = "\(place)/\(name)"
        try sandbox.git(["clone", "--quiet", "repository", name], in: place)
        return clone
    }

    /// The bytes of all records, in order, after a check that their names have no gap.
    func records() throws -> [[UInt8]] {
        guard sandbox.exists("\(registry)/log") else { return [] }
        let names = try sandbox.names("\(registry)/log").filter { !$0.hasPrefix(".tmp-") }
        for (index, name) in names.enumerated() {
            let digits = String(index + 1)
            try #require(name == String(repeating: "0", count: 20 - digits.count) + digits + ".json")
        }
        return try names.map { try sandbox.read("\(registry)/log/\($0)") }
    }

    /// Every byte of the registry is as it should be.
    func expectSound(_ context: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let outcome = try sandbox.reg(["verify", "--data", "--json"], in: repository).run()
        #expect(
            outcome.code == 0, "\(context): verify: \(outcome.ending) \(outcome.text) \(outcome.errorText)",
            sourceLocation: sourceLocation)
    }
}

extension JSON {
    /// The only artifact of a document with `artifacts`.
    var onlyArtifact: JSON? {
        guard let artifacts = self["artifacts"]?.arrayValue, artifacts.count == 1 else { return nil }
        return artifacts[0]
    }
}
