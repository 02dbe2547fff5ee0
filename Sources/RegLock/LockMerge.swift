// SPDX-License-Identifier: Apache-2.0

/// A three-way merge of locks, artifact by artifact.
///
/// What only one side changed is that side's; what both changed alike is that. The rest is in conflict until it is taken
/// from a side or settled otherwise.
package struct LockMerge: Sendable {
    package enum Side: String, Sendable { case ours, theirs }

    private let ours: Lock
    private let theirs: Lock
    /// Entries that are not in conflict.
    private var merged: [ArtifactName: LockEntry] = [:]
    /// The artifacts that both sides changed differently, sorted, whatever became of them.
    package let conflicts: [ArtifactName]
    private var open: Set<ArtifactName>

    package init(base: Lock, ours: Lock, theirs: Lock) {
        self.ours = ours
        self.theirs = theirs
        var conflicts: Set<ArtifactName> = []
        for name in Set([base, ours, theirs].flatMap { $0.entries.map(\.name) }) {
            let (old, left, right) = (base[name], ours[name], theirs[name])
            if left == right || right == old {
                merged[name] = left
            } else if left == old {
                merged[name] = right
            } else {
                conflicts.insert(name)
            }
        }
        self.conflicts = conflicts.sorted()
        open = conflicts
    }

    /// The artifacts that are in conflict still, sorted.
    package var openConflicts: [ArtifactName] { open.sorted() }

    /// Takes what one side says of an artifact, which may be that there is none.
    package mutating func take(_ name: ArtifactName, from side: Side) {
        settle(name, as: side == .ours ? ours[name] : theirs[name])
    }

    package mutating func settle(_ name: ArtifactName, as entry: LockEntry?) {
        merged[name] = entry
        open.remove(name)
    }

    /// What is not in conflict.
    /// - Throws: `overlap` where the sides have put artifacts into each other's paths.
    package func lock() throws(LockError) -> Lock { try Lock(Array(merged.values)) }

    /// The bytes of `reg.lock`, with both sides between markers for what is still in conflict.
    package func serialized() throws(LockError) -> [UInt8] {
        var result = try lock().serialized
        for name in openConflicts {
            result += Array("\n<<<<<<< ours\n".utf8) + line(ours[name]) + Array("=======\n".utf8)
            result += line(theirs[name]) + Array(">>>>>>> theirs\n".utf8)
        }
        return result
    }

    private func line(_ entry: LockEntry?) -> [UInt8] {
        entry.map { $0.line + [UInt8(ascii: "\n")] } ?? []
    }
}
