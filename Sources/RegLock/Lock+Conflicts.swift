// SPDX-License-Identifier: Apache-2.0

extension Lock {
    /// The artifacts that stand between the conflict markers of a merge, sorted; nil without any marker.
    ///
    /// No line of a lock begins like a marker, so one marker is enough, also where somebody deleted its partner.
    static func conflictedNames(_ bytes: [UInt8]) -> [ArtifactName]? {
        var names: Set<ArtifactName> = []
        var isConflicted = false
        var isInside = false
        var lines = Lines(bytes)
        while let line = lines.nextFilled() {
            if let marker = conflictMarker(line.text) {
                isConflicted = true
                isInside = marker != UInt8(ascii: ">")
            } else if isInside, let name = ArtifactName(firstWord(line.text)) {
                names.insert(name)
            }
        }
        return isConflicted ? names.sorted() : nil
    }

    /// What a file says outside of its conflict markers, and the artifacts between them, sorted.
    ///
    /// Nil where the lines outside are no lock.
    package static func settled(_ bytes: [UInt8]) -> (lock: Lock, conflicts: [ArtifactName])? {
        guard bytes.count <= maximumByteCount else { return nil }
        var outside: [UInt8] = []
        var isInside = false
        var lines = Lines(bytes)
        while let line = lines.nextFilled() {
            if let marker = conflictMarker(line.text) {
                isInside = marker != UInt8(ascii: ">")
            } else if !isInside {
                outside += line.text + [UInt8(ascii: "\n")]
            }
        }
        return (try? Lock.parse(outside)).map { ($0, conflictedNames(bytes) ?? []) }
    }
}

/// The character of which git's marker at the start of a line consists: `<`, `|` (diff3 style), `=` or `>`.
private func conflictMarker(_ line: ArraySlice<UInt8>) -> UInt8? {
    guard let first = line.first, "<|=>".utf8.contains(first), line.count >= 7,
        line.prefix(7).allSatisfy({ $0 == first })
    else { return nil }
    return first
}

private func firstWord(_ line: ArraySlice<UInt8>) -> String {
    let word = line.prefix { $0 != UInt8(ascii: " ") }
    // One too many is no name either.
    return String(decoding: word.prefix(ArtifactName.maximumLength + 1), as: UTF8.self)
}
