// SPDX-License-Identifier: Apache-2.0
internal import RegBytes

/// A server that speaks S3: scheme, host, port, and the path below which it does.
package struct Endpoint: Equatable, Sendable {
    package let isSecure: Bool
    /// With the port where it is not the scheme's own, as in the header `Host`.
    package let host: String
    /// Without a final slash; empty for most.
    package let path: String

    /// Reads `https://host[:port][/path]`; nil for anything else.
    package init?(_ text: String) {
        guard let mark = text.range(of: "://") else { return nil }
        switch text[..<mark.lowerBound].lowercased() {
        case "https": isSecure = true
        case "http": isSecure = false
        default: return nil
        }
        let rest = text[mark.upperBound...]
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let authority = rest[..<slash].lowercased()
        guard !authority.isEmpty, authority.utf8.allSatisfy(Endpoint.isOfHost) else { return nil }
        host = Endpoint.withoutDefaultPort(authority, isSecure: isSecure)
        var path = rest[slash...]
        while path.hasSuffix("/") { path.removeLast() }
        guard path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && !"?#\\%".utf8.contains($0) }) else {
            return nil
        }
        self.path = String(path)
    }

    /// Amazon's own, for a region.
    package static func amazon(region: String) -> Endpoint? {
        let suffix = region.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com"
        return Endpoint("https://s3.\(region).\(suffix)")
    }

    package var text: String { "\(isSecure ? "https" : "http")://\(host)\(path)" }

    /// Whether it is this machine.
    package var isLoopback: Bool {
        let name = nameWithoutPort
        return name == "localhost" || name.hasSuffix(".localhost") || name == "[::1]"
            || name.hasPrefix("127.") && name.split(separator: ".").count == 4
                && name.split(separator: ".").allSatisfy { UInt8($0) != nil }
    }

    private var nameWithoutPort: Substring {
        if host.hasPrefix("["), let end = host.firstIndex(of: "]") { return host[...end] }
        return host.prefix { $0 != ":" }
    }

    private static func isOfHost(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: "-._:[]".utf8.contains(byte)
        }
    }

    private static func withoutDefaultPort(_ authority: String, isSecure: Bool) -> String {
        let port = isSecure ? ":443" : ":80"
        return authority.hasSuffix(port) && !authority.hasSuffix("]")
            ? String(authority.dropLast(port.count)) : authority
    }
}

extension String {
    fileprivate func range(of text: String) -> Range<String.Index>? {
        indices.first { self[$0...].hasPrefix(text) }.map { $0..<index($0, offsetBy: text.count) }
    }
}
