// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import TOMLKit

/// What the table `[s3]` of `reg.toml`, or of the user's own configuration, says of buckets.
package struct BucketSettings: Equatable, Sendable {
    /// A URL, `https://host[:port]`.
    package var endpoint: String?
    /// Endpoints that a `reg.toml` may name; only in the user's own configuration.
    var approvedEndpoints: [String] = []
    package var region: String?
    var addressing: String?
    var storageClass: String?
    var encryption: String?
    var encryptionKey: String?
    /// Requests at one time.
    var connections: Int?
    /// Attempts at one request.
    var attempts: Int?
    /// Seconds without a byte after which a transfer counts as broken.
    var stallLimit: Int?
    /// The host that alone writes; only in the user's own configuration.
    var singleWriter: String?
    /// Whether credentials may go over plain http to other machines; only in the user's own configuration.
    var allowsPlainHTTP = false

    package init() {}

    init(_ table: TOMLTable, _ path: BytePath) throws {
        func failure(_ key: String, _ what: String) -> RegError {
            RegError(.usage, "\(printable(path)): s3.\(key) is not \(what)")
        }
        func text(_ key: String) throws -> String? {
            guard let value = table[key] else { return nil }
            guard let text = value.string, !text.isEmpty, text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f })
            else {
                throw failure(key, "a string")
            }
            return text
        }
        func count(_ key: String, _ range: ClosedRange<Int>) throws -> Int? {
            guard let value = table[key] else { return nil }
            guard let count = value.int, range.contains(count) else {
                throw failure(key, "a number from \(range.lowerBound) to \(range.upperBound)")
            }
            return count
        }
        endpoint = try text("endpoint")
        region = try text("region")
        addressing = try text("addressing")
        if let addressing, !["path", "virtual"].contains(addressing) {
            throw failure("addressing", "'path' or 'virtual'")
        }
        storageClass = try text("storage_class")
        encryption = try text("encryption")
        encryptionKey = try text("kms_key")
        connections = try count("connections", 1...64)
        attempts = try count("attempts", 1...100)
        stallLimit = try count("stall_seconds", 1...3600)
        singleWriter = try text("single_writer")
        if let value = table["allow_http"] {
            guard let allowed = value.bool else { throw failure("allow_http", "true or false") }
            allowsPlainHTTP = allowed
        }
        if let value = table["approved_endpoints"] {
            guard let texts = value.array?.map({ $0.string }), !texts.contains(nil) else {
                throw failure("approved_endpoints", "a list of strings")
            }
            approvedEndpoints = texts.compactMap { $0 }
        }
    }
}
