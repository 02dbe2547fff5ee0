// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegCatalog
internal import RegGit
package import RegHash
package import RegLock
internal import RegLog
internal import RegStore

/// What became of the commits of a range.
package struct CommitsReport: Sendable {
    package enum Outcome: Sendable {
        case bound(set: Digest, isNew: Bool)
        /// There is nothing to bind: its lock names no artifacts.
        case empty
        /// Why it cannot be bound, printable.
        case unbound(reason: String)
    }

    package struct Commit: Sendable {
        package let id: CommitID
        package let outcome: Outcome
    }

    /// The numbers of the records that were written.
    package let records: [UInt64]
    package let registry: String
    /// Oldest first.
    package let commits: [Commit]
    package let requestCount: UInt64
    package let retryCount: UInt64

    /// What to throw once it is told; nil where all that can be bound is.
    package var failure: RegError? {
        let unbound = commits.filter { if case .unbound = $0.outcome { true } else { false } }
        guard let first = unbound.first else { return nil }
        let others = unbound.count > 1 ? " and \(unbound.count - 1) more" : ""
        return RegError(
            .dirty, "not bound: commit \(first.id.short)\(others)",
            hint: "push what is missing from a checkout that has it: reg push")
    }
}

extension Session {
    private static let commitLimit = 1_000
    /// For the operations of one record, so that the rest of it has room as well.
    private static let bindingByteLimit = Record.byteLimit - (64 << 10)

    /// Binds the commits of a range to the sets of their locks, where the registry has all of them.
    package func push(commits range: String) throws -> CommitsReport {
        try verb {
            let workspace = try requireWorkspace()
            guard let git = workspace.git, let project = settings.project else {
                throw RegError(.usage, "reg.toml has no project", hint: "reg init")
            }
            guard let commits = try git.commits(in: range, limit: Session.commitLimit + 1) else {
                throw RegError(
                    .notFound, "'\(printable(range))' names no commits that are known here",
                    hint: "write a range or a revision: main..feature, HEAD~3..HEAD, HEAD")
            }
            guard commits.count <= Session.commitLimit else {
                throw RegError(
                    .refused, "'\(printable(range))' has more than \(Session.commitLimit) commits",
                    hint: "bind it in parts")
            }
            let registry = try registry()
            for journal in journals { try registry.settle(journal) }
            try registry.catchUpToWrite()
            let plans = try commits.map { ($0, try plan(of: $0, git: git, project: project)) }
            let binds = plans.compactMap { if case .bind(let bind) = $0.1 { bind } else { nil } }
            let records = try append(binds, to: registry, project: project)
            return CommitsReport(
                records: records, registry: registry.location.text,
                commits: try plans.map { commit, plan in
                    CommitsReport.Commit(id: commit, outcome: try outcome(of: commit, plan, project: project))
                }, requestCount: registry.store.requestCount, retryCount: registry.store.retryCount)
        }
    }

    private enum BindingPlan {
        case bind(Operation.Bind)
        case bound(Digest)
        case empty
        case impossible(String)
    }

    private func plan(of commit: CommitID, git: Git, project: RandomName) throws -> BindingPlan {
        if let set = try catalog.set(of: commit, project: project) { return .bound(set) }
        let committed = try git.blob(
            at: BytePath(Workspace.lockName), in: commit, limit: Lock.maximumByteCount)
        let lock: Lock
        do { lock = try committed.map { try Lock.parse($0) } ?? Lock() } catch let error as LockError {
            return .impossible(error.message)
        }
        if lock.entries.isEmpty { return .empty }
        let set = try Binder.resolved(lock, in: commit, git: git)
        if let missing = try artifactNotPushed(in: set) {
            return .impossible("the registry has not \(missing.name) as the commit has it")
        }
        guard let digest = set.setDigest else {
            return .impossible("an artifact that git keeps is not in the commit")
        }
        let bind = Operation.Bind(commit: commit, set: digest, lock: set)
        guard Operation.bind(bind).byteCount <= Session.bindingByteLimit else {
            return .impossible("its lock is too long for a record")
        }
        return .bind(bind)
    }

    /// An artifact of a set that is no version of the registry, by what the log said last.
    private func artifactNotPushed(in set: Lock) throws -> LockEntry? {
        try set.entries.first { entry in
            guard case .stored(let digest, _, _) = entry.content else { return true }
            return try !catalog.hasVersion(of: entry.name, digest: digest)
        }
    }

    /// Appends bindings, in as few records as hold them.
    private func append(_ binds: [Operation.Bind], to registry: Registry, project: RandomName) throws
        -> [UInt64]
    {
        var records: [UInt64] = []
        var rest = binds[...]
        while !rest.isEmpty {
            var taken = 0
            let record = try registry.append(journal: journals.first) {
                var operations: [Operation] = []
                var size = 0
                taken = 0
                for bind in rest {
                    // Somebody else may have bound it meanwhile.
                    if try catalog.set(of: bind.commit, project: project) == nil {
                        let operation = Operation.bind(bind)
                        size += operation.byteCount
                        if size > Session.bindingByteLimit { break }
                        operations.append(operation)
                    }
                    taken += 1
                }
                if operations.isEmpty { return nil }
                return Registry.Draft(project: project, author: author, operations: operations)
            }
            if let record { records.append(record) }
            rest = rest.dropFirst(taken)
        }
        return records
    }

    private func outcome(
        of commit: CommitID, _ plan: BindingPlan, project: RandomName
    ) throws -> CommitsReport.Outcome {
        switch plan {
        case .empty: return .empty
        case .bound(let set): return .bound(set: set, isNew: false)
        case .impossible(let reason): return .unbound(reason: reason)
        case .bind(let bind):
            guard try catalog.set(of: commit, project: project) == bind.set else {
                return .unbound(reason: "it was bound to another set meanwhile")
            }
            return .bound(set: bind.set, isNew: true)
        }
    }
}
