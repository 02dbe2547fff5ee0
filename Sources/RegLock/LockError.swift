// SPDX-License-Identifier: Apache-2.0
package import RegBytes

/// Why bytes are no lock, or an artifact has no place in one.
package enum LockError: Error, Equatable {
    case tooLarge(byteCount: Int)
    case tooManyEntries
    /// `reg-lock` with another version than 1, its text.
    case unknownVersion(String)
    /// A merge left both sides in the file; `names` are the artifacts between its markers, sorted.
    case conflict(names: [ArtifactName])
    /// A line, counted from 1, that is not as docs/format.md has it.
    case malformed(line: Int, LockProblem)
    case unsafePath(ArtifactName, PathHazard)
    case duplicateName(ArtifactName)
    /// The path of `inner` is that of `outer`, or inside it.
    case overlap(outer: ArtifactName, inner: ArtifactName)

    package var message: String {
        switch self {
        case .tooLarge(let byteCount):
            "reg.lock is \(byteCount) bytes long, more than \(Lock.maximumByteCount)"
        case .tooManyEntries: "reg.lock has more than \(Lock.maximumEntryCount) artifacts"
        case .unknownVersion(let text): "reg.lock has version '\(printable(text))', this reg knows 1"
        case .conflict(let names) where names.isEmpty: "reg.lock has conflict markers"
        case .conflict(let names):
            "reg.lock has an unresolved merge conflict: \(names.map(\.text).joined(separator: ", "))"
        case .malformed(let line, let problem): "reg.lock line \(line): \(problem.reason)"
        case .unsafePath(let name, let hazard): "the path of artifact \(name) \(hazard.reason)"
        case .duplicateName(let name): "reg.lock has artifact \(name) twice"
        case .overlap(let outer, let inner): "the path of artifact \(inner) lies in that of \(outer)"
        }
    }
}

/// What is wrong with a line of a lock.
package enum LockProblem: Error, Hashable {
    /// The first line is not `reg-lock` and a version.
    case header
    /// Not six fields with one space between.
    case fields
    case name
    case type
    /// A character that should be escaped, or an escape that should not be there.
    case escape
    case unsafePath(PathHazard)
    case digest
    /// Bytes or files: not a decimal number below 2^64 without leading zeros.
    case number

    package var reason: String {
        switch self {
        case .header: "the file does not begin with 'reg-lock 1'"
        case .fields: "not six fields with one space between"
        case .name: "the first field is not an artifact's name"
        case .type:
            "the second field is none of \(ArtifactType.allCases.map(\.rawValue).joined(separator: ", "))"
        case .escape: "the path is not escaped as it should be"
        case .unsafePath(let hazard): "the path \(hazard.reason)"
        case .digest: "the fourth field is neither 'sha256:' and 64 hex digits nor 'git - -'"
        case .number: "bytes or files is not a decimal number"
        }
    }
}
