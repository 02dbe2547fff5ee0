// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegCatalog
internal import RegGit
internal import RegHash
internal import RegLock
internal import RegLog
internal import RegManifest

/// Decides whether HEAD can be bound to the set of its lock, and how.
struct Binder {
    private enum Plan {
        case bind(CommitID, set: Digest, Lock)
        case nothing(String)
    }

    private let plan: Plan
    private let catalog: Catalog
    private let project: RandomName?

    /// `candidates`: what is being pushed, with the real digests of git artifacts.
    init(_ session: Session, git: Git?, candidates: [PushCandidate]) throws {
        catalog = try session.catalog
        project = session.settings.project
        plan = try Binder.plan(session, git: git, candidates: candidates)
    }

    /// Binds a commit to the set that its lock makes.
    init(_ session: Session, _ commit: CommitID, to lock: Lock) throws {
        catalog = try session.catalog
        project = session.settings.project
        plan = lock.setDigest.map { .bind(commit, set: $0, lock) } ?? .nothing("")
    }

    private static func plan(_ session: Session, git: Git?, candidates: [PushCandidate]) throws -> Plan {
        guard let git, let workspace = session.workspace else {
            return .nothing("there is no git repository here")
        }
        guard session.settings.project != nil else {
            return .nothing("reg.toml has no project; run 'reg init'")
        }
        guard let head = try git.head() else {
            return .nothing("there is no commit yet; commit reg.lock, then push again")
        }
        let lock = try workspace.readLock()
        let committed = try git.blob(at: BytePath(Workspace.lockName), in: head, limit: Lock.maximumByteCount)
        guard try committed.map({ try Lock.parse($0) }) ?? Lock() == lock else {
            return .nothing("reg.lock differs from the commit's; commit it, then push again")
        }
        guard !lock.entries.isEmpty else { return .nothing("reg.lock names no artifacts") }
        let set = try resolved(lock, in: head, git: git)
        guard let digest = set.setDigest else {
            return .nothing("an artifact that git keeps is not in the commit")
        }
        return .bind(head, set: digest, set)
    }

    /// The lock with the real digests of the artifacts that git keeps, as the commit has them.
    static func resolved(_ lock: Lock, in commit: CommitID, git: Git) throws -> Lock {
        var real: [ArtifactName: (digest: Digest, bytes: UInt64, files: UInt64)] = [:]
        for entry in lock.entries where entry.content == .git {
            guard let artifact = try GitArtifact(entry, in: commit, git: git) else { continue }
            let (digest, totals) = artifact.summary
            real[entry.name] = (digest, totals.byteCount, totals.fileCount)
        }
        return lock.resolving(real)
    }

    /// The operation that binds HEAD, beside `pushes` in one record; nil where it is bound, or cannot be.
    ///
    /// - Throws: `conflict` where it is bound to another set.
    func operation(pushing pushes: [Operation.Push]) throws -> Operation.Bind? {
        guard case .bind(let commit, let set, let lock) = plan, let project else { return nil }
        if let bound = try catalog.set(of: commit, project: project) {
            if bound == set { return nil }
            throw RegError(
                .conflict,
                "commit \(commit.short) is bound to another artifact set (\(bound.short)…, now \(set.short)…)",
                hint: "commit the change of reg.lock, then push again")
        }
        if try missing(in: lock, pushing: pushes) != nil { return nil }
        return Operation.Bind(commit: commit, set: set, lock: lock)
    }

    /// An artifact of the set that is no version, and not about to become one.
    private func missing(in lock: Lock, pushing pushes: [Operation.Push]) throws -> ArtifactName? {
        try lock.entries.first { entry in
            guard case .stored(let digest, _, _) = entry.content else { return true }
            if pushes.contains(where: { $0.name == entry.name && $0.digest == digest }) { return false }
            return try !catalog.hasVersion(of: entry.name, digest: digest)
        }?.name
    }

    /// How things stand after the push.
    func binding(isNew: Bool) throws -> PushReport.Binding {
        switch plan {
        case .nothing(let reason): return .unbound(reason: reason)
        case .bind(let commit, let set, let lock):
            if let missing = try missing(in: lock, pushing: []) {
                return .unbound(reason: "\(missing) is not pushed yet; run 'reg push' for the whole lock")
            }
            return .bound(commit: commit, set: set, isNew: isNew)
        }
    }
}
