// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
package import RegHash

extension Lock {
    /// The canonical bytes of `reg.lock`.
    ///
    /// An empty line stands before each artifact: git then merges changes of neighbours without a conflict.
    package var serialized: [UInt8] {
        var result = Array("reg-lock 1\n".utf8)
        for entry in entries {
            result.append(newline)
            result.append(contentsOf: entry.line)
            result.append(newline)
        }
        return result
    }

    /// The digest of the artifact set; nil while an artifact that git keeps has no real digest.
    /// - SeeAlso: docs/format.md, "Identity"
    package var setDigest: Digest? {
        guard entries.allSatisfy({ $0.content != .git }) else { return nil }
        return SHA256.digest(kind: "set", of: serialized)
    }
}

private let newline = UInt8(ascii: "\n")

extension LockEntry {
    /// Without a newline.
    var line: [UInt8] {
        Array("\(name) \(type.rawValue) \(pathText) \(contentFields)".utf8)
    }

    /// The path as a lock writes it: escaped, a directory's with a final slash.
    package var pathText: String {
        if path.isEmpty { return "./" }
        return String(decoding: escaped(path), as: UTF8.self) + (isDirectory ? "/" : "")
    }

    private var contentFields: String {
        switch content {
        case .stored(let digest, let bytes, let files): "\(digest.text) \(bytes) \(files)"
        case .git: "git - -"
        }
    }
}
