// SPDX-License-Identifier: Apache-2.0

/// One place where credentials may be.
package protocol CredentialProvider: Sendable {
    /// Looks there, anew each time.
    ///
    /// - Throws: where the user has named this place and it has none: the search ends, so that nobody works under
    ///   another name than they meant to.
    func find() throws(CredentialError) -> Finding
}

/// What a place has.
package enum Finding: Sendable {
    case credentials(Credentials)
    /// Nothing: what was looked at, a colon, and what was found.
    case nothing(String)
}

extension Credentials {
    /// Credentials that came from `place`, after a look at their characters, since they become part of headers.
    static func checked(
        _ place: String, accessKey: String, secretKey: String, sessionToken: String?, expiry: Int64? = nil
    ) throws(CredentialError) -> Credentials {
        let parts = [("access key id", accessKey), ("session token", sessionToken ?? "-")]
        for (name, value) in parts {
            let isWord = value.utf8.allSatisfy { (0x21...0x7e).contains($0) }
            guard isWord, !value.isEmpty, value.utf8.count <= 32 << 10 else {
                throw CredentialError("\(place): the \(name) is empty, too long or has blanks in it")
            }
        }
        guard !secretKey.isEmpty, secretKey.utf8.count <= 32 << 10 else {
            throw CredentialError("\(place): the secret access key is empty or too long")
        }
        return Credentials(
            accessKey: accessKey, secretKey: secretKey, sessionToken: sessionToken, expiry: expiry)
    }
}
