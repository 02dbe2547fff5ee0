// SPDX-License-Identifier: Apache-2.0
package import RegHash
package import RegLock

/// What the records so far add up to, as far as preconditions ask.
package protocol FoldState {
    /// The newest version of a name and the project that made its first; nil for a new name.
    func newest(of name: ArtifactName) throws -> (version: UInt64, maker: RandomName?)?
    func hasVersion(of name: ArtifactName, digest: Digest) throws -> Bool
    /// The set that a commit of a project is bound to.
    func set(of commit: CommitID, project: RandomName) throws -> Digest?
    func isDeleted(manifest: Digest) throws -> Bool
    /// What the version of a name holds; nil where there is none of that number.
    func digest(of name: ArtifactName, version: UInt64) throws -> Digest?
    func hasPin(_ id: Digest) throws -> Bool
    /// The newest attempt of a run; nil for one that is new.
    func newestAttempt(of run: RandomName) throws -> (number: UInt64, pin: Digest, succeeded: Bool)?
    /// The version that an alias of `name` holds.
    func holder(of alias: Alias, name: ArtifactName) throws -> UInt64?

    /// Applies one operation whose preconditions hold.
    mutating func apply(_ operation: Operation, of record: Record) throws

    /// Runs `body`; what it applied is taken back when it gives false or throws.
    mutating func transaction(_ body: (inout Self) throws -> Bool) throws
}

/// The rules by which records change the state.
///
/// Frozen: every reader must come to the same result.
package enum Fold {
    /// Applies a record whole, or not at all.
    ///
    /// - Returns: why the record is void; nil when it was applied.
    package static func apply(_ record: Record, to state: inout some FoldState) throws -> String? {
        var reason: String?
        try state.transaction { state in
            for operation in record.operations {
                reason = try failure(of: operation, in: record, state)
                if reason != nil { return false }
                try state.apply(operation, of: record)
            }
            return true
        }
        return reason
    }

    /// The precondition of `operation` that fails in `state`, in words; nil when all hold.
    package static func failure(
        of operation: Operation, in record: Record, _ state: borrowing some FoldState
    ) throws -> String? {
        switch operation {
        case .push(let push): try failure(of: push, in: record, state)
        case .bind(let bind): try failure(of: bind, in: record, state)
        case .pin(let pin): try failure(of: pin, in: record, state)
        case .run(let run): try failure(of: run, state)
        case .measure(let measure): try failure(of: measure, state)
        case .promote(let promote): try failure(of: promote, state)
        case .delete: nil
        }
    }

    private static func failure(
        of push: Operation.Push, in record: Record, _ state: borrowing some FoldState
    ) throws -> String? {
        let newest = try state.newest(of: push.name)
        let next = (newest?.version ?? 0) + 1
        if push.version != next { return "\(push.name)@v\(push.version) is not its next version, v\(next)" }
        if let newest, newest.maker != record.project, !push.isShared {
            return "\(push.name) was made by another project"
        }
        if try state.isDeleted(manifest: push.manifest) { return "the manifest of \(push.name) is deleted" }
        return nil
    }

    private static func failure(
        of bind: Operation.Bind, in record: Record, _ state: borrowing some FoldState
    ) throws -> String? {
        guard let project = record.project else { return "a binding needs a project" }
        if let bound = try state.set(of: bind.commit, project: project), bound != bind.set {
            return "commit \(bind.commit.hex) is bound to another set"
        }
        for entry in bind.lock.entries {
            guard case .stored(let digest, _, _) = entry.content,
                try state.hasVersion(of: entry.name, digest: digest)
            else { return "the set names \(entry.name) with a digest that is no version of it" }
        }
        return nil
    }
}
