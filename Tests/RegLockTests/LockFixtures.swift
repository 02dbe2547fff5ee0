// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegHash
import RegLock
import Testing

let digestText = "sha256:" + String(repeating: "0a", count: 32)

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

func name(_ text: String) throws -> ArtifactName { try #require(ArtifactName(text)) }

func stored(_ bytes: UInt64 = 10, files: UInt64 = 2) throws -> LockEntry.Content {
    .stored(digest: try #require(Digest(text: digestText)), bytes: bytes, files: files)
}

/// An entry whose path is a directory where it ends in a slash.
func entry(_ text: String, at path: String, _ content: LockEntry.Content? = nil) throws -> LockEntry {
    let isDirectory = path.hasSuffix("/")
    return LockEntry(
        name: try name(text), type: .weights, path: BytePath(isDirectory ? String(path.dropLast()) : path),
        isDirectory: isDirectory, content: try content ?? stored())
}

/// The lines of a lock, one for each path, with names from the alphabet.
func lockText(paths: [String]) -> [UInt8] {
    let names = "abcdefghijklmnopqrstuvwxyz"
    return bytes(
        "reg-lock 1\n" + zip(names, paths).map { "\n\($0) other \($1) \(digestText) 1 1\n" }.joined())
}

/// Why these bytes are refused, nil where they are a lock.
func refusal(of bytes: [UInt8]) -> LockError? {
    do throws(LockError) {
        _ = try Lock.parse(bytes)
        return nil
    } catch {
        return error
    }
}
