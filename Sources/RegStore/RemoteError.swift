// SPDX-License-Identifier: Apache-2.0

/// Why a server did not do what it was asked, in words.
package struct RemoteError: Error, Equatable {
    package enum Kind: Equatable, Sendable {
        /// It was not reached, or did not answer as it should, also after retries.
        case unavailable
        /// The same, and it may have done it.
        case unanswered
        /// Credentials or a permission are missing.
        case denied
        /// It cannot do what is needed.
        case incapable
        /// There is no such bucket.
        case notFound
        /// What was asked is not allowed here.
        case refused
        /// What it sent is damaged.
        case corrupt
    }

    package let kind: Kind
    /// One printable line: what failed, where and why.
    package let message: String
    package let hint: String?

    package init(_ kind: Kind, _ message: String, hint: String? = nil) {
        self.kind = kind
        self.message = message
        self.hint = hint
    }
}
