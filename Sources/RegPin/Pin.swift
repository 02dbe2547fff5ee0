// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
package import RegHash
internal import RegJSON
package import RegLock

/// All that a run needs, by digests: code, artifacts, image, command (docs/format.md, "Pins").
package struct Pin: Equatable, Sendable {
    /// A tree that a pin brings with it, which is no version of an artifact.
    package struct Tree: Equatable, Sendable {
        package let digest: Digest
        package let byteCount: UInt64
        package let fileCount: UInt64

        package init(digest: Digest, byteCount: UInt64, fileCount: UInt64) {
            self.digest = digest
            self.byteCount = byteCount
            self.fileCount = fileCount
        }
    }

    package let project: RandomName
    package let commit: CommitID
    /// The commit's files, submodules included; where there is a patch, as they are after that.
    package let code: Tree
    /// One file, `patch.diff`: how `code` differs from the commit.
    package let patch: Tree?
    /// The artifacts and their places; git keeps none of them.
    package let lock: Lock
    /// The program and its arguments; empty for none.
    package let command: [String]
    /// Names of environment variables whose values runs record; sorted, none twice.
    package let environment: [String]
    /// An image of containers by its digest.
    package let image: String?
    package let seed: UInt64?

    /// All numbers of a pin are below.
    package static let numberLimit: UInt64 = 1 << 53
    package static let artifactLimit = 10_000
    /// Bytes of its canonical JSON: two of them fit into a record.
    package static let byteLimit = 512 << 10

    package init(
        project: RandomName, commit: CommitID, code: Tree, patch: Tree?, lock: Lock, command: [String],
        environment: [String], image: String?, seed: UInt64?
    ) throws(PinError) {
        guard lock.entries.count <= Pin.artifactLimit else { throw .tooManyArtifacts }
        for entry in lock.entries where entry.content == .git { throw .withoutDigest(entry.name) }
        for name in environment where !Pin.isVariableName(name) { throw .variableName(name) }
        if let image, !Pin.isImage(image) { throw .image(image) }
        if let seed, seed >= Pin.numberLimit { throw .seed }
        guard Pin.areCountable(lock, [code] + (patch.map { [$0] } ?? [])) else { throw .tooLarge }
        if command.contains(where: { $0.utf8.contains(0) }) {
            throw .malformed("a word of the command has a NUL byte")
        }
        self.project = project
        self.commit = commit
        self.code = code
        self.patch = patch
        self.lock = lock
        self.command = command
        self.environment = Array(Set(environment)).sorted()
        self.image = image
        self.seed = seed
        guard canonical.utf8.count <= Pin.byteLimit else { throw .tooLarge }
    }

    /// The canonical JSON; there always is one, since its numbers are below the limit.
    package var canonical: String { json.canonical ?? "" }

    /// What the pin is named by: the digest of its canonical JSON.
    package var id: Digest { SHA256.digest(kind: "pin", of: Array(canonical.utf8)) }

    /// The bytes of a pin file.
    package var file: [UInt8] { Array("{\"id\":\"\(id.text)\",\"pin\":\(canonical)}\n".utf8) }

    /// Its own trees, which no version holds: code, then the patch.
    package var trees: [Tree] { [code] + (patch.map { [$0] } ?? []) }

    private static func areCountable(_ lock: Lock, _ trees: [Tree]) -> Bool {
        let sums = lock.entries.map { entry -> UInt64 in
            guard case .stored(_, let bytes, let files) = entry.content else { return 0 }
            return max(bytes, files)
        }
        return (sums + trees.map { max($0.byteCount, $0.fileCount) }).allSatisfy { $0 < numberLimit }
    }

    /// `NAME@sha256:…` with a name before.
    private static func isImage(_ text: String) -> Bool {
        guard let at = text.utf8.lastIndex(of: UInt8(ascii: "@")), at > text.startIndex else { return false }
        return Digest(text: String(text[text.index(after: at)...])) != nil
            && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f }
    }

    private static func isVariableName(_ text: String) -> Bool {
        guard let first = text.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
            return false
        }
        return text.utf8.count <= 255
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }
}
