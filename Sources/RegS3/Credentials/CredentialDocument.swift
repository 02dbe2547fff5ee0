// SPDX-License-Identifier: Apache-2.0
internal import RegJSON

/// Credentials as JSON: what a program prints, or a metadata service answers.
struct CredentialDocument {
    /// How messages call where it came from.
    private let place: String
    private let json: JSON

    /// Nothing of the bytes is in an error, since secrets are among them.
    init(_ bytes: [UInt8], _ place: String) throws(CredentialError) {
        self.place = place
        let limits = JSONLimits(byteCount: 64 << 10, valueCount: 1000, depth: 16)
        do throws(JSONError) { json = try JSON.parse(bytes, limits: limits) } catch {
            throw CredentialError("\(place): the answer is no JSON (byte \(error.offset))")
        }
    }

    /// What `credential_process` prints.
    func ofProcess() throws(CredentialError) -> Credentials {
        guard json["Version"]?.integerValue == 1 else {
            throw CredentialError("\(place): the answer is not of version 1")
        }
        return try credentials(tokenKey: "SessionToken")
    }

    /// What the services for containers and instances answer.
    func ofService() throws(CredentialError) -> Credentials {
        if let code = json["Code"]?.stringValue, code != "Success" {
            throw CredentialError("\(place): the service answers '\(shortened(code))'")
        }
        return try credentials(tokenKey: "Token")
    }

    private func credentials(tokenKey: String) throws(CredentialError) -> Credentials {
        guard let accessKey = json["AccessKeyId"]?.stringValue,
            let secretKey = json["SecretAccessKey"]?.stringValue
        else { throw CredentialError("\(place): the answer has no AccessKeyId and SecretAccessKey") }
        return try .checked(
            place, accessKey: accessKey, secretKey: secretKey,
            sessionToken: json[tokenKey]?.stringValue.flatMap { $0.isEmpty ? nil : $0 },
            expiry: try expiry())
    }

    private func expiry() throws(CredentialError) -> Int64? {
        guard let value = json["Expiration"], value != .null else { return nil }
        guard let time = value.stringValue.flatMap({ secondsSince1970($0) }) else {
            throw CredentialError("\(place): the Expiration is no time")
        }
        return time
    }
}
