// SPDX-License-Identifier: Apache-2.0
package import RegBytes
internal import RegFiles
internal import RegHash
internal import RegLock
internal import RegManifest
internal import RegPack

extension Session {
    /// Streams one file of a version: `NAME[@…]:PATH`.
    ///
    /// A whole file is checked against its hash at the end, a range chunk by chunk before it is given out.
    /// `range`: the first and the last byte wanted.
    package func cat(
        _ spec: BytePath, range: ClosedRange<UInt64>?, write: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        try verb {
            let (reference, path) = try CatArgument.split(spec)
            if let bytes = try bytesInGit(reference, path) { return try Self.give(bytes, range, write) }
            let version = try resolveOne(reference)
            let library = try library()
            let manifest = try manifest(of: version, in: library)
            let block = PullBlock()
            let hasher = SHA256()
            var offset: UInt64 = 0
            var row: TreeRow?
            try library.forEachItem(of: manifest, subject: version.subject) { item in
                guard item.path == path else { return }
                for chunk in item.chunks {
                    let end = offset + UInt64(chunk.rawLength)
                    defer { offset = end }
                    if let range, end <= range.lowerBound || offset > range.upperBound { continue }
                    guard try block.isSound(chunk, copies: library.copies) else {
                        throw RegError(
                            .corrupt,
                            "\(version.subject):\(printable(path)): the chunk at byte \(offset), in pack \(chunk.copy.pack.hex), is damaged",
                            hint: "see what else it hurts: reg verify --data")
                    }
                    let bytes = block.bytes(of: 0..<1)
                    if range == nil { hasher.update(bytes) }
                    try Self.give(bytes, at: offset, range, write)
                }
                if case .row(let found, _) = item { row = found }
            }
            guard case .file(_, let hash, _)? = row?.kind else {
                throw RegError(
                    .notFound, "\(version.subject) has no file \(printable(path))",
                    hint: "see what it has: reg show \(version.subject)")
            }
            if range == nil, hasher.finish() != hash {
                throw RegError(
                    .corrupt, "\(version.subject):\(printable(path)) does not have the hash of its row")
            }
        }
    }

    /// The bytes of a file that git keeps, named without a version in a workspace: those of the working tree.
    private func bytesInGit(_ reference: String, _ path: BytePath) throws -> [UInt8]? {
        guard let workspace, let name = ArtifactName(reference), let entry = try workspace.readLock()[name],
            entry.content == .git
        else { return nil }
        let whole = entry.isDirectory ? entry.path.appending(path) : entry.path
        guard path.hazard == nil, entry.isDirectory || path == entry.path.lastComponent else { return nil }
        return try Descriptor.open(workspace.root, .directory).openBeneath(whole, .read).readAll(
            limit: 64 << 20)
    }

    private static func give(
        _ bytes: [UInt8], _ range: ClosedRange<UInt64>?, _ write: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        try bytes.withUnsafeBytes { try give($0, at: 0, range, write) }
    }

    /// Gives out what of `bytes`, which begin at `offset` of the file, lies in the range.
    private static func give(
        _ bytes: UnsafeRawBufferPointer, at offset: UInt64, _ range: ClosedRange<UInt64>?,
        _ write: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let end = offset + UInt64(bytes.count)
        let first = max(offset, range?.lowerBound ?? 0)
        let limit = range.map { $0.upperBound == .max ? end : min(end, $0.upperBound + 1) } ?? end
        guard first < limit else { return }
        try write(UnsafeRawBufferPointer(rebasing: bytes[Int(first - offset)..<Int(limit - offset)]))
    }
}

private enum CatArgument {
    /// Splits at the first colon that is not part of `git:` or `sha256:`.
    static func split(_ spec: BytePath) throws -> (reference: String, path: BytePath) {
        var start = 0
        for prefix in ["@git:", "@sha256:"] {
            if let end = end(of: Array(prefix.utf8), in: spec.bytes) { start = max(start, end) }
        }
        guard let colon = spec.bytes[start...].firstIndex(of: UInt8(ascii: ":")), colon > 0,
            let reference = String(validating: spec.bytes[..<colon], as: UTF8.self)
        else {
            throw RegError(
                .usage, "'\(printable(spec))' names no file", hint: "write NAME:PATH or NAME@v7:PATH")
        }
        let path = BytePath(spec.bytes[(colon + 1)...])
        guard !path.isEmpty else {
            throw RegError(
                .usage, "'\(printable(spec))' names no file",
                hint: "see what there is: reg show \(printable(reference))")
        }
        return (reference, path)
    }

    /// Where the first occurrence of `text` ends.
    private static func end(of text: [UInt8], in bytes: [UInt8]) -> Int? {
        bytes.indices.first { bytes[$0...].starts(with: text) }.map { $0 + text.count }
    }
}
