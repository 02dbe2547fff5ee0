// SPDX-License-Identifier: Apache-2.0
package import RegCatalog
package import RegLock
package import RegLog

/// What a person writes to name an alias: `prod`, or `detector@prod` where it is the alias of one artifact.
package struct AliasReference: Equatable, Sendable {
    package let name: ArtifactName?
    package let alias: Alias

    /// Nil for what is none.
    package init?(_ text: String) {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false).map(String.init)
        guard let last = parts.last, let alias = Alias(last), parts.count <= 2 else { return nil }
        self.alias = alias
        guard parts.count == 2 else {
            name = nil
            return
        }
        guard let name = ArtifactName(parts[0]) else { return nil }
        self.name = name
    }

    var text: String { name.map { "\($0)@\(alias)" } ?? alias.text }
}

package struct RollbackReport: Sendable {
    package let name: ArtifactName
    package let alias: Alias
    package let from: UInt64
    package let to: UInt64
    package let record: UInt64
}

extension Session {
    /// The moves of an alias, newest first.
    package func history(of reference: AliasReference) throws -> [Promotion] {
        try verb {
            try registry().catchUpOnce()
            let moves = try catalog.promotions(of: reference.alias, name: reference.name)
            if moves.isEmpty { throw try unknown(reference) }
            return moves
        }
    }

    /// Moves an alias back to what it held before, whatever its gate says of that.
    package func rollBack(_ reference: AliasReference) throws -> RollbackReport {
        try verb {
            let registry = try registryToAppend()
            let name = try nameOf(reference)
            let moves = try catalog.promotions(of: reference.alias, name: name)
            guard let from = moves.first?.to else { throw try unknown(reference) }
            guard let to = versionBefore(moves) else {
                throw RegError(
                    .notFound, "\(name)@\(reference.alias) is at v\(from), and held nothing before that",
                    hint: "see its moves: reg history \(name)@\(reference.alias)")
            }
            let record = try move(
                reference.alias,
                by: Operation.Promote(
                    name: name, alias: reference.alias, from: from, to: to, gate: nil, reason: nil,
                    isRollback: true),
                in: registry)
            guard let record else { throw RegError(.internalError, "a rollback wrote nothing") }
            return RollbackReport(name: name, alias: reference.alias, from: from, to: to, record: record)
        }
    }

    private func nameOf(_ reference: AliasReference) throws -> ArtifactName {
        if let name = reference.name { return name }
        let names = try catalog.names(with: reference.alias)
        guard let name = names.first else { throw try unknown(reference) }
        guard names.count == 1 else {
            throw RegError(
                .usage, "\(reference.alias) is an alias of \(names.count) artifacts",
                hint: "name one: " + names.map { "\($0)@\(reference.alias)" }.joined(separator: ", "))
        }
        return name
    }

    private func unknown(_ reference: AliasReference) throws -> RegError {
        RegError(
            .notFound, "\(try registryLocation().text) has no alias \(reference.text)",
            hint: "see what there is: reg ls")
    }
}

/// The version that an alias held before the present one; nil where there was none.
///
/// Moves are a stack: one forward puts a version on it, one back takes it off, so that another one goes further back.
func versionBefore(_ moves: [Promotion]) -> UInt64? {
    var held: [UInt64] = []
    for move in moves.reversed() {
        if move.isRollback, let place = held.dropLast().lastIndex(of: move.to) {
            held.removeSubrange((place + 1)...)
        } else {
            held.append(move.to)
        }
    }
    return held.dropLast().last
}
