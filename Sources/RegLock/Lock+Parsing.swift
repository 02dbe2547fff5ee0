// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegHash

extension Lock {
    /// Reads `reg.lock`; nothing at all is a lock without artifacts.
    ///
    /// People merge this file, so empty lines, the order of artifacts and the last newline are free. All else must
    /// be as ``serialized`` writes it: two locks of the same content that differ in their bytes would be two sets.
    package static func parse(_ bytes: [UInt8]) throws(LockError) -> Lock {
        guard bytes.count <= maximumByteCount else { throw .tooLarge(byteCount: bytes.count) }
        if let names = conflictedNames(bytes) { throw .conflict(names: names) }
        var lines = Lines(bytes)
        guard let header = lines.nextFilled() else { return Lock() }
        try checkHeader(header)
        var entries: [LockEntry] = []
        while let line = lines.nextFilled() {
            guard entries.count < maximumEntryCount else { throw .tooManyEntries }
            do throws(LockProblem) {
                entries.append(try entry(line.text))
            } catch {
                throw .malformed(line: line.number, error)
            }
        }
        return try Lock(entries)
    }

    private static func checkHeader(_ line: Lines.Line) throws(LockError) {
        let word = Array("reg-lock ".utf8)
        guard line.text.starts(with: word) else { throw .malformed(line: line.number, .header) }
        let version = String(decoding: line.text.dropFirst(word.count).prefix(64), as: UTF8.self)
        guard version == "1" else { throw .unknownVersion(version) }
    }

    private static func entry(_ line: ArraySlice<UInt8>) throws(LockProblem) -> LockEntry {
        let fields = line.split(separator: UInt8(ascii: " "), maxSplits: 6, omittingEmptySubsequences: false)
        guard fields.count == 6 else { throw .fields }
        guard let name = ArtifactName(text(fields[0])) else { throw .name }
        guard let type = ArtifactType(rawValue: text(fields[1])) else { throw .type }
        let (path, isDirectory) = try place(fields[2])
        return LockEntry(
            name: name, type: type, path: path, isDirectory: isDirectory, content: try content(fields[3...]))
    }

    private static func place(
        _ field: ArraySlice<UInt8>
    ) throws(LockProblem) -> (path: BytePath, isDirectory: Bool) {
        if field.elementsEqual("./".utf8) { return (BytePath(""), true) }
        let isDirectory = field.last == UInt8(ascii: "/")
        guard let path = unescaped(isDirectory ? field.dropLast() : field) else { throw .escape }
        if let hazard = path.hazard { throw .unsafePath(hazard) }
        return (path, isDirectory)
    }

    private static func content(
        _ fields: ArraySlice<ArraySlice<UInt8>>
    ) throws(LockProblem) -> LockEntry.Content {
        let texts = fields.map(text)
        if texts == ["git", "-", "-"] { return .git }
        guard let digest = Digest(text: texts[0]) else { throw .digest }
        guard let bytes = decimal(texts[1]), let files = decimal(texts[2]) else { throw .number }
        return .stored(digest: digest, bytes: bytes, files: files)
    }
}

/// A field as text; what is not ASCII matches nothing that a field may be.
private func text(_ field: ArraySlice<UInt8>) -> String { String(decoding: field, as: UTF8.self) }

/// A decimal number in its one way of writing.
private func decimal(_ text: String) -> UInt64? {
    guard let value = UInt64(text), String(value) == text else { return nil }
    return value
}
