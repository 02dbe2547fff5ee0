// SPDX-License-Identifier: Apache-2.0
package import RegBytes
internal import RegCatalog
internal import RegFiles
package import RegGit
internal import RegHash
internal import RegLock
internal import RegProcess

/// What became of git's hooks.
package struct HooksReport: Sendable {
    package enum State: String, Sendable {
        case installed, unchanged, removed
        /// There was nothing of reg's to remove.
        case absent
    }

    package struct Hook: Sendable {
        package let hook: GitHook
        package let path: BytePath
        package let state: State
    }

    package let hooks: [Hook]
    package let notes: [String]
}

extension Session {
    private static let scriptLimit = 1 << 20

    /// Writes reg's blocks into the hooks that git runs here, or takes them out.
    ///
    /// - Throws: `conflict`, before anything is written, for a hook of somebody's that is no script of a shell.
    package func installHooks() throws -> HooksReport {
        try changeHooks { hook, script in
            guard let updated = hook.installed(in: script) else {
                throw RegError(
                    .conflict, "the hook \(hook.rawValue) is there and no script of a shell",
                    hint: "let it call: reg hooks run \(hook.rawValue) \"$@\"")
            }
            return (updated, .installed)
        }
    }

    package func uninstallHooks() throws -> HooksReport {
        try changeHooks { hook, script in
            let left = hook.removed(from: script)
            return (left, left == script ? .absent : .removed)
        }
    }

    private func changeHooks(
        _ change: (GitHook, [UInt8]) throws -> ([UInt8], HooksReport.State)
    ) throws -> HooksReport {
        try verb {
            let workspace = try requireWorkspace()
            guard let git = workspace.git else { return HooksReport(hooks: [], notes: []) }
            let directory = try git.hooksDirectory()
            let scripts = try GitHook.allCases.map { hook in
                let script = try script(of: hook, in: directory)
                let (text, state) = try change(hook, script.text)
                return (hook: hook, script: script, text: text, state: state)
            }
            let hooks = try workspace.exclusively {
                try scripts.map { hook, script, text, state in
                    let path = directory.appending(hook.rawValue)
                    guard text != script.text else {
                        return HooksReport.Hook(
                            hook: hook, path: path, state: state == .installed ? .unchanged : state)
                    }
                    try write(text, to: path, mode: script.mode)
                    return HooksReport.Hook(hook: hook, path: path, state: state)
                }
            }
            return HooksReport(hooks: hooks, notes: notes(on: directory, workspace, git))
        }
    }

    private func script(of hook: GitHook, in directory: BytePath) throws -> (text: [UInt8], mode: UInt32) {
        let path = directory.appending(hook.rawValue)
        // Of a link itself, whatever it leads to.
        guard try fileStatus(directory) != nil,
            let status = try Descriptor.open(directory, .directory).status(of: path.lastComponent)
        else { return ([], 0o755) }
        guard status.kind == .file else {
            throw RegError(
                .conflict, "\(printable(path)) is \(status.kind.words)",
                hint: "let it call: reg hooks run \(hook.rawValue) \"$@\"")
        }
        let text = try readSmallFile(path, limit: Session.scriptLimit) ?? []
        // git passes over such a hook; to make it one that runs is not reg's to decide.
        guard status.isExecutable || text.isEmpty else {
            throw RegError(
                .conflict, "\(printable(path)) is there and not executable, so that git does not run it",
                hint: "make it executable, or remove it")
        }
        return (text, text.isEmpty ? 0o755 : status.permissions & 0o777)
    }

    private func write(_ text: [UInt8], to path: BytePath, mode: UInt32) throws {
        if text.isEmpty { return try Descriptor.open(path.parent, .directory).remove(path.lastComponent) }
        try makeDirectories(path.parent)
        let directory = try Descriptor.open(path.parent, .directory)
        try publish(text, as: path.lastComponent, in: directory, mode: mode, .replacing)
    }

    private func notes(on directory: BytePath, _ workspace: Workspace, _ git: Git) -> [String] {
        var notes: [String] = []
        if directory.relative(to: git.commonDirectory) == nil, directory.relative(to: workspace.root) == nil {
            notes.append(
                "core.hooksPath is \(printable(directory)): other repositories may run these hooks, too")
        }
        if environment.executable(named: "reg") == nil {
            notes.append("reg is not in PATH: until it is, the hooks only say so")
        }
        return notes
    }

    // MARK: What the hooks do

    /// Makes sure that the registry has what the tips of a `git push` need.
    ///
    /// `lines`: what git tells its hook: local ref, its object, remote ref, its object. What cannot be looked at, as
    /// without a network, is no reason to refuse: a notice says so.
    /// - Throws: `dirty` where artifacts are missing.
    package func checkBeforePush(_ lines: [UInt8]) throws {
        let problems: [String]
        do {
            problems = try verb { try problemsOfPush(lines) }
        } catch let error as RegError {
            return options.notice("reg did not look whether the artifacts are pushed: \(error.message)")
        }
        guard let first = problems.first else { return }
        let others = problems.count > 1 ? " (and so \(problems.count - 1) more)" : ""
        throw RegError(
            .dirty, first + others, hint: "reg push; to push to git all the same: git push --no-verify")
    }

    private func problemsOfPush(_ lines: [UInt8]) throws -> [String] {
        guard let git = workspace?.git else { return [] }
        var seen: Set<String> = []
        return try lines.split(separator: UInt8(ascii: "\n")).compactMap { line in
            let words = line.split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
            // A ref that goes has no object: only zeros.
            guard words.count == 4, words[1].contains(where: { $0 != "0" }), seen.insert(words[1]).inserted,
                let commit = try git.commit(words[1])
            else { return nil }
            return try problem(of: commit, pushedTo: words[2], git: git)
        }
    }

    private func problem(of commit: CommitID, pushedTo ref: String, git: Git) throws -> String? {
        let subject = "commit \(commit.short), pushed to \(printable(ref)),"
        let committed = try git.blob(
            at: BytePath(Workspace.lockName), in: commit, limit: Lock.maximumByteCount)
        let lock: Lock
        do { lock = try committed.map { try Lock.parse($0) } ?? Lock() } catch let error as LockError {
            return "\(subject) cannot be used: \(error.message)"
        }
        let stored = lock.entries.filter { $0.content != .git }
        if stored.isEmpty { return nil }
        let registry = try existingRegistry()
        try registry?.catchUpOnce()
        let missing = try stored.filter { entry in
            guard registry != nil, case .stored(let digest, _, _) = entry.content else { return true }
            return try !catalog.hasVersion(of: entry.name, digest: digest)
        }
        if missing.isEmpty { return nil }
        let names = missing.prefix(5).map(\.name.text).joined(separator: ", ")
        let more = missing.count > 5 ? " and \(missing.count - 5) more" : ""
        return "\(subject) needs what the registry lacks: \(names)\(more)"
    }

    /// The registry; nil where there is none yet.
    private func existingRegistry() throws -> Registry? {
        do { return try registry() } catch let error as RegError where error.kind == .notFound { return nil }
    }

    /// What `reg pull` would bring after a checkout, in one line; nil for nothing.
    ///
    /// Asks no registry and reads no files: what reg last wrote or added is compared with the lock.
    package func noteAfterCheckout() throws -> String? {
        try verb {
            guard let workspace, workspace.git != nil else { return nil }
            let stored = try workspace.readLock().entries.filter { $0.content != .git }
            if stored.isEmpty { return nil }
            let tree = try workingTree(of: workspace)
            let others = try stored.filter { entry in
                guard case .stored(let digest, _, _) = entry.content else { return false }
                if try tree.root.status(ofPath: entry.path) == nil { return true }
                guard try tree.checkouts.checkout(at: entry.path).isWhole else { return false }
                return try catalog.ownTree(at: entry.path, worktree: tree.worktree) != digest
            }
            if others.isEmpty { return nil }
            let names = others.prefix(3).map(\.name.text).joined(separator: ", ")
            let more = others.count > 3 ? " and \(others.count - 3) more" : ""
            return "not here as reg.lock has it: \(names)\(more); 'reg pull' brings it"
        }
    }
}
