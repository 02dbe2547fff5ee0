// SPDX-License-Identifier: Apache-2.0

/// What a verb could not do, for the person who asked: what failed and where, why, and what to do next.
package struct RegError: Error, Sendable {
    /// The kinds that callers act on differently; each has one exit code.
    package enum Kind: String, Sendable {
        case usage, conflict, corrupt, notFound, refused, unavailable, denied, local, gate, trust, dirty,
            incapable
        case unknownOutcome
        case internalError = "internal"
        case interrupted

        /// The exit code of the command (docs/architecture.md, "Errors").
        package var exitCode: Int32 {
            switch self {
            case .usage: 2
            case .conflict: 3
            case .corrupt: 4
            case .notFound: 5
            case .refused: 6
            case .unavailable: 7
            case .denied: 8
            case .local: 9
            case .gate: 10
            case .trust: 11
            case .dirty: 12
            case .incapable: 13
            case .unknownOutcome: 14
            case .internalError: 70
            case .interrupted: 130
            }
        }
    }

    package let kind: Kind
    /// One printable line: what, where, why.
    ///
    /// Below it may stand a text and a caret where it goes wrong.
    package let message: String
    /// The next step, where there is one.
    package let hint: String?

    package init(_ kind: Kind, _ message: String, hint: String? = nil) {
        self.kind = kind
        self.message = message
        self.hint = hint
    }
}
