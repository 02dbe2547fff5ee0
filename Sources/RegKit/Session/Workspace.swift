// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegFiles
internal import RegGit
internal import RegHash
internal import RegLock
internal import RegProcess
internal import RegStore

/// The tree that `reg.lock` describes, and where reg keeps its state for it.
struct Workspace {
    static let lockName = "reg.lock"

    /// The directory that holds `reg.lock` and `reg.toml`; paths of the lock are relative to it.
    let root: BytePath
    /// Nil in a copy of the files without git, where there is no state either.
    let git: Git?
    let stateDirectory: StateDirectory?

    /// The workspace around `directory`: its git work tree, else the nearest directory with a `reg.lock` or
    /// `reg.toml`; nil where there is neither.
    static func find(from directory: BytePath, environment: ProcessEnvironment) throws -> Workspace? {
        if let git = try Git.discover(from: directory, environment: environment) {
            let state = try StateDirectory.find(of: git.commonDirectory, environment: environment)
            return Workspace(root: git.topLevel, git: git, stateDirectory: state)
        }
        var candidate = absolute(directory)
        while true {
            for name in [lockName, Settings.fileName] {
                if try fileStatus(candidate.appending(name)) != nil {
                    return Workspace(root: candidate, git: nil, stateDirectory: nil)
                }
            }
            guard !candidate.components.isEmpty else { return nil }
            let parent = candidate.parent
            candidate = parent.isEmpty ? BytePath("/") : parent
        }
    }

    /// Database, journal and guards, mostly inside git's own directory: worktrees share it and `git clean` spares it.
    var state: BytePath? { stateDirectory?.path }

    var store: DirectoryStore? {
        git.map { DirectoryStore(root: $0.commonDirectory.appending("reg/store")) }
    }

    func readLock() throws -> Lock {
        guard let bytes = try readSmallFile(root.appending(Workspace.lockName), limit: Lock.maximumByteCount)
        else { return Lock() }
        return try Lock.parse(bytes)
    }

    /// Calls `body` while no other reg of this clone changes `reg.lock` or the ignore files.
    func exclusively<Result>(_ body: () throws -> Result) throws -> Result {
        guard let stateDirectory else {
            throw RegError(.usage, "there is no git repository here", hint: "git init")
        }
        try stateDirectory.make()
        let guardFile = try Descriptor.open(stateDirectory.path.appending("lock.guard"), .lock)
        try guardFile.lock(.exclusive)
        return try withExtendedLifetime(guardFile, body)
    }

    /// Changes `reg.lock` as one step that no other reg of this clone comes between.
    func updateLock(_ change: (inout Lock) throws -> Void) throws {
        try exclusively {
            var lock = try readLock()
            let before = lock
            try change(&lock)
            if lock == before { return }
            let directory = try Descriptor.open(root, .directory)
            try publish(lock.serialized, as: BytePath(Workspace.lockName), in: directory, .replacing)
        }
    }

    /// `path`, given relative to `directory` or absolute, relative to the root.
    ///
    /// - Throws: `refused` for a path outside the workspace.
    func relative(_ path: BytePath, from directory: BytePath) throws -> BytePath {
        let whole = absolute(path, from: directory)
        // The root is git's, with symlinks resolved; the last component of the path itself must not be.
        let parent = resolvingSymlinks(whole.parent.isEmpty ? BytePath("/") : whole.parent) ?? whole.parent
        let resolved = parent.appending(whole.lastComponent)
        if let relative = whole.relative(to: root) ?? resolved.relative(to: root) { return relative }
        throw RegError(.usage, "\(printable(path)) is outside the repository \(printable(root))")
    }

    /// `path`, as for ``relative(_:from:)``, which must be a place that an artifact may have.
    func placeOfArtifact(_ path: BytePath, from directory: BytePath) throws -> BytePath {
        let relative = try relative(path, from: directory)
        guard !relative.isEmpty else {
            throw RegError(
                .usage, "\(printable(path)) is the whole repository",
                hint: "name a directory or a file in it, such as data/")
        }
        if let hazard = relative.hazard {
            throw RegError(.refused, "the path \(printable(relative)) \(hazard.reason)")
        }
        return relative
    }
}
