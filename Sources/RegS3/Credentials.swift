// SPDX-License-Identifier: Apache-2.0

/// What signs requests: held in memory only, and nothing of it is printed.
package struct Credentials: Equatable, Sendable, CustomStringConvertible, CustomReflectable {
    package let accessKey: String
    package let secretKey: String
    package let sessionToken: String?
    /// When they end, in seconds since 1970; nil for those that do not.
    package let expiry: Int64?

    package init(accessKey: String, secretKey: String, sessionToken: String? = nil, expiry: Int64? = nil) {
        self.accessKey = accessKey
        self.secretKey = secretKey
        self.sessionToken = sessionToken
        self.expiry = expiry
    }

    package var description: String { "credentials \(accessKey.prefix(4))…" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// Where credentials come from.
package protocol CredentialSource: Sendable {
    /// Credentials that are good for the next minutes.
    ///
    /// `rejected`: those that a server has just refused; others are got where there may be any.
    func credentials(replacing rejected: Credentials?) throws(CredentialError) -> Credentials
}

/// Why there are no credentials: what was looked for, in the order of looking, each with what was found.
package struct CredentialError: Error, Equatable {
    /// One printable line.
    package let message: String
    package let hint: String?

    package init(_ message: String, hint: String? = nil) {
        self.message = message
        self.hint = hint
    }
}
