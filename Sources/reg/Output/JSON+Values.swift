// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegHash
internal import RegJSON

extension JSON {
    static func count(_ count: UInt64) -> JSON { .integer(Int64(clamping: count)) }

    static func count(_ count: UInt64?) -> JSON { count.map { .count($0) } ?? .null }

    static func text(_ text: String?) -> JSON { text.map(JSON.string) ?? .null }

    static func digest(_ digest: Digest?) -> JSON { .text(digest?.text) }

    static func texts(_ texts: [String]) -> JSON { .array(texts.map(JSON.string)) }
}

extension JSONObject {
    /// Sets a path; where it is not UTF-8, a member `…_base64` stands beside the lossy text.
    mutating func setPath(_ key: String, _ path: BytePath) {
        self[key] = .string(path.lossy)
        if path.utf8 == nil { self[key + "_base64"] = .string(base64(path.bytes)) }
    }

    /// Sets a list of paths; where one is not UTF-8, `…_base64` has bytes in its place, null in others.
    mutating func setPaths(_ key: String, _ paths: [BytePath]) {
        self[key] = .texts(paths.map(\.lossy))
        guard paths.contains(where: { $0.utf8 == nil }) else { return }
        self[key + "_base64"] = .array(paths.map { $0.utf8 == nil ? .string(base64($0.bytes)) : .null })
    }
}

/// Base64 with padding (RFC 4648, section 4).
func base64(_ bytes: [UInt8]) -> String {
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var text: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
        let group = bytes[start..<min(start + 3, bytes.count)]
        let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
        for place in 0..<4 {
            text.append(place <= group.count ? digits[bits >> (18 - 6 * place) & 63] : UInt8(ascii: "="))
        }
    }
    return String(decoding: text, as: UTF8.self)
}
