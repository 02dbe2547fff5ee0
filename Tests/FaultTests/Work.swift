// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegHash
import RegJSON
import RegTesting
import Testing

/// A command that has something to do, and what must hold however a run of it ends.
///
/// Around it: a repository with a small version 1 of `data` pushed and bound, and a larger version 2.
struct Work {
    enum Kind: CaseIterable {
        /// Version 2 lies in the tree.
        case add
        /// Ten further artifacts are in the lock and in the store.
        case push
        /// The same, and there is no registry yet.
        case firstPush
        /// A clone has version 1 in its tree and 2 in its lock.
        case pull
        /// Into a directory that is not there.
        case pullApart
        /// The same, of the tensors in a file of version 2.
        case pullTensors
        /// An alias to version 1.
        case promote
    }

    private static let fileCount = 100
    private static let ignoreFiles = [".gitignore", ".git/info/exclude"]

    let kind: Kind
    let sandbox: Sandbox
    let project: Project
    let arguments: [String]
    /// Where the command runs, in the sandbox.
    let place: String

    private let old: Tree
    private let new: Tree
    private let oldLock: [UInt8]
    private let ignores: [[UInt8]]
    private var parts: [String: Tree] = [:]
    /// What `pullTensors` should write.
    private var selected: Tree?

    /// Where the files of a pull apart go.
    private var output: String { "\(project.place)/out" }
    private var recordsBefore: Int { kind == .firstPush ? 0 : 1 }

    init(_ kind: Kind) throws {
        self.kind = kind
        sandbox = try Sandbox()
        project = try Project.make("project", in: sandbox)
        let data = "\(project.repository)/data"
        try Work.writeFiles(of: project, byteCount: 500, seed: 1)
        try sandbox.write("\(data)/only-old", Array("old".utf8))
        try sandbox.write("\(data)/table", Work.table(edited: []))
        try project.pushAll(["data"])
        old = try sandbox.tree(data)
        let clone = kind == .pull ? try project.clone(as: "clone") : project.repository
        if kind == .pull { try sandbox.succeed(["pull"], in: clone) }
        try sandbox.remove("\(data)/only-old")
        try Work.writeFiles(of: project, byteCount: 15_000, seed: 2)
        try sandbox.write("\(data)/long", seededBytes(count: 3 << 20, seed: 3))
        // Coded against the version before.
        try sandbox.write("\(data)/table", Work.table(edited: [70, 9_000]))
        if kind == .pullTensors {
            let tensors = (0..<8).map { SampleTensor("layer.\($0)", count: 100_000, seed: UInt64($0)) }
            try sandbox.write("\(data)/deep/model.gguf", SampleTensor.gguf(tensors))
        }
        new = try sandbox.tree(data)
        place = clone
        switch kind {
        case .add: arguments = ["add", "data"]
        case .push, .firstPush:
            arguments = ["push", "--json"]
            parts = try Work.addParts(to: project)
            if kind == .firstPush {
                try sandbox.remove(project.registry)
                try sandbox.succeed(["manifest", "rebuild"], in: project.repository)
            }
        case .pull:
            arguments = ["pull"]
            try project.pushAll(["data"])
            try sandbox.git(["pull", "--quiet"], in: clone)
        case .pullApart:
            arguments = ["pull", "data", "-o", "../out"]
            try project.pushAll(["data"])
        case .pullTensors:
            let command = ["pull", "data", "--tensors", "layer.*", "-o"]
            arguments = command + ["../out"]
            try project.pushAll(["data"])
            try sandbox.succeed(command + ["../selected"], in: project.repository)
            selected = try sandbox.tree("\(project.place)/selected")
        case .promote: arguments = ["promote", "data@v1", "--to", "prod"]
        }
        oldLock = try sandbox.read("\(project.repository)/reg.lock")
        ignores = try Work.ignoreFiles.map { [sandbox, project] in
            try sandbox.read("\(project.repository)/\($0)")
        }
    }

    private static func table(edited rows: Set<Int>) -> [UInt8] {
        (0..<20_000).flatMap { row in
            Array("\(row),\(row &* 2_654_435_761 % 99_991),\(rows.contains(row) ? "new" : "old")\n".utf8)
        }
    }

    private static func writeFiles(of project: Project, byteCount: Int, seed: UInt64) throws {
        for number in 0..<fileCount {
            try project.sandbox.write(
                "\(project.repository)/data/\(number % 10)/\(number)",
                seededBytes(count: byteCount, seed: seed << 32 + UInt64(number)))
        }
    }

    /// Adds artifacts, each with a pack of its own, so that there is something to push; their trees by name.
    private static func addParts(to project: Project) throws -> [String: Tree] {
        let sandbox = project.sandbox
        var trees: [String: Tree] = [:]
        for number in 0..<10 {
            let name = "part-\(number)"
            for file in 0..<5 {
                try sandbox.write(
                    "\(project.repository)/\(name)/\(file)",
                    seededBytes(count: 20_000, seed: UInt64(1_000 + 10 * number + file)))
            }
            try sandbox.succeed(["add", name], in: project.repository)
            trees[name] = try sandbox.tree("\(project.repository)/\(name)")
        }
        try project.commit()
        return trees
    }

    /// The command.
    var command: Command { sandbox.reg(arguments, in: place) }

    // MARK: What must hold

    /// After a run that may have ended anywhere: names are old or new, and what they name is whole.
    func checkOldOrNew(_ context: String) throws {
        switch kind {
        case .add: try checkLock(context)
        case .push, .firstPush, .promote:
            let count = try project.records().count
            #expect(count == recordsBefore || count == recordsBefore + 1, "\(context): \(count) records")
            if sandbox.exists("\(project.registry)/registry.json") { try project.expectSound(context) }
        case .pull: try checkFiles(context)
        case .pullApart:
            guard sandbox.exists(output) else { return }
            #expect(try sandbox.tree(output).entries == new.entries, "\(context)")
        case .pullTensors:
            guard sandbox.exists(output) else { return }
            #expect(try sandbox.tree(output).entries == selected?.entries, "\(context)")
        }
    }

    /// After a run that succeeded.
    func checkDone(_ context: String) throws {
        switch kind {
        case .add:
            let lock = try sandbox.read("\(project.repository)/reg.lock")
            #expect(isNew(lock), "\(context): \(String(decoding: lock, as: UTF8.self))")
            // The store alone holds the bytes: nothing was pushed.
            try sandbox.succeed(["pull", "data", "-o", "../added"], in: project.repository)
            #expect(try sandbox.tree("\(project.place)/added").entries == new.entries, "\(context)")
        case .push, .firstPush: try checkPushed(context)
        case .pull:
            let found = try sandbox.tree("\(place)/data")
            #expect(found.entries.filter { !isTemporary($0.key) } == new.entries, "\(context)")
            let status = try sandbox.succeed(["status", "--json"], in: place)
            #expect(
                status.onlyArtifact?["state"]?.stringValue == "clean", "\(context): \(status.compact)")
        case .pullApart:
            #expect(try sandbox.tree(output).entries == new.entries, "\(context)")
        case .pullTensors: #expect(try sandbox.tree(output).entries == selected?.entries, "\(context)")
        case .promote:
            #expect(try project.records().count == recordsBefore + 1, "\(context)")
            let shown = try sandbox.succeed(["show", "data@prod", "--json"], in: project.repository)
            #expect(shown["version"] == .integer(1), "\(context)")
            try project.expectSound(context)
        }
    }

    /// Makes the command possible again where it succeeded: a pull apart wants a new directory.
    func prepareAgain() throws {
        if [.pullApart, .pullTensors].contains(kind) { try sandbox.remove(output) }
    }

    private func isNew(_ lock: [UInt8]) -> Bool {
        let text = String(decoding: lock, as: UTF8.self)
        return text.hasPrefix("reg-lock 1\n\ndata dataset data/ \(new.digest.text) ") && text.hasSuffix("\n")
    }

    private func checkLock(_ context: String) throws {
        let lock = try sandbox.read("\(project.repository)/reg.lock")
        #expect(lock == oldLock || isNew(lock), "\(context): \(String(decoding: lock, as: UTF8.self))")
        for (file, before) in zip(Work.ignoreFiles, ignores) {
            #expect(try sandbox.read("\(project.repository)/\(file)") == before, "\(context): \(file)")
        }
        try project.expectSound(context)
    }

    private func checkFiles(_ context: String) throws {
        let found = try sandbox.tree("\(place)/data")
        for (path, entry) in found.files where !isTemporary(path) {
            let isWhole = entry == old.entries[path] || entry == new.entries[path]
            #expect(isWhole, "\(context): \(printable(path))")
        }
        for path in old.files.keys where new.entries[path] != nil {
            #expect(found.entries[path] != nil, "\(context): \(printable(path)) is gone")
        }
    }

    private func checkPushed(_ context: String) throws {
        #expect(try project.records().count == recordsBefore + 1, "\(context)")
        try project.expectSound(context)
        let document = try sandbox.succeed(["push", "--json"], in: project.repository)
        #expect(document["record"] == .null, "\(context)")
        #expect(document["binding"]?["commit"]?.stringValue != nil, "\(context)")
        let artifacts = document["artifacts"]?.arrayValue ?? []
        #expect(artifacts.count == parts.count + 1 && artifacts.allSatisfy { $0["version"] == .integer(1) })
        let names = parts.keys.sorted()
        try sandbox.succeed(["pull"] + names + ["-o", "../pushed"], in: try project.clone(as: "fresh"))
        for name in names {
            let found = try sandbox.tree("\(project.place)/pushed/\(name)")
            #expect(found.entries == parts[name]?.entries, "\(context): \(name)")
        }
    }

    private func isTemporary(_ path: BytePath) -> Bool {
        path.lastComponent.bytes.starts(with: Array(".tmp-".utf8))
    }
}
