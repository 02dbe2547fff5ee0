// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegStore

/// A bucket, the prefix of a registry's keys in it, and how requests name them.
package struct Bucket: Equatable, Sendable {
    package enum Addressing: String, Sendable {
        /// `https://host/bucket/key`
        case path
        /// `https://bucket.host/key`
        case virtual
    }

    package let name: String
    /// Without slashes at its ends; empty for the whole bucket.
    package let prefix: String
    package let endpoint: Endpoint
    package let region: String
    package let addressing: Addressing

    package init(
        name: String, prefix: String, endpoint: Endpoint, region: String, addressing: Addressing
    ) {
        self.name = name
        self.prefix = prefix
        self.endpoint = endpoint
        self.region = region
        self.addressing = addressing
    }

    package var location: String { "s3://\(name)\(prefix.isEmpty ? "" : "/\(prefix)")" }

    /// Where the requests go, for messages.
    package var host: String { addressing == .path ? endpoint.host : "\(name).\(endpoint.host)" }

    /// The key of an object, as the server has it.
    func key(_ key: ObjectKey) -> String { below(key.text) }

    func below(_ text: String) -> String { prefix.isEmpty ? text : "\(prefix)/\(text)" }

    /// What a request for `key` names; nil for the bucket itself.
    func target(_ key: String?, query: [(name: String, value: String)]) -> Signature.Target {
        var path = endpoint.path
        if addressing == .path { path += "/\(name)" }
        if let key { path += "/\(key)" } else if addressing == .virtual { path += "/" }
        return Signature.Target(host: host, path: Array(path.utf8), query: query)
    }

    func url(_ target: Signature.Target) -> String {
        let query = target.encodedQuery
        return "\(endpoint.isSecure ? "https" : "http")://\(target.host)\(target.encodedPath)"
            + (query.isEmpty ? "" : "?\(query)")
    }

    /// Whether `name` may be that of a bucket: 3 to 63 small letters, digits, dots and hyphens.
    ///
    /// Underscores and capitals too, which older servers allow.
    package static func isName(_ name: some StringProtocol) -> Bool {
        (3...63).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: ".-_".utf8.contains(byte)
                }
            } && name.first != "." && !name.contains("..")
    }

    /// Whether `name` can be a part of a host name that certificates with a wildcard cover.
    package static func isHostLabel(_ name: some StringProtocol) -> Bool {
        isName(name) && name.utf8.allSatisfy { $0 != UInt8(ascii: ".") && $0 != UInt8(ascii: "_") }
            && name == name.lowercased()
    }
}
