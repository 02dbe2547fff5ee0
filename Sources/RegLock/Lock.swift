// SPDX-License-Identifier: Apache-2.0
package import RegBytes
package import RegHash

/// What a commit uses: its artifacts, by name, on paths that do not overlap.
///
/// A value of this type is sound: every way to make or change one checks names and paths.
package struct Lock: Equatable, Sendable {
    /// Sorted by name.
    package private(set) var entries: [LockEntry]

    package static let maximumByteCount = 16 << 20
    package static let maximumEntryCount = 100_000

    /// A lock without artifacts.
    package init() { entries = [] }

    /// A lock of these artifacts, given in any order.
    package init(_ entries: [LockEntry]) throws(LockError) {
        guard entries.count <= Lock.maximumEntryCount else { throw .tooManyEntries }
        for entry in entries {
            if let hazard = entry.hazard { throw .unsafePath(entry.name, hazard) }
        }
        let sorted = entries.sorted { $0.name < $1.name }
        for (left, right) in zip(sorted, sorted.dropFirst()) where left.name == right.name {
            throw .duplicateName(left.name)
        }
        if let (outer, inner) = firstOverlap(sorted) { throw .overlap(outer: outer.name, inner: inner.name) }
        self.entries = sorted
    }

    package subscript(name: ArtifactName) -> LockEntry? {
        let index = position(of: name)
        return index < entries.count && entries[index].name == name ? entries[index] : nil
    }

    /// The artifact that `path`, relative to the repository's root, is or is part of.
    package func entry(containing path: BytePath) -> LockEntry? { entries.first { $0.contains(path) } }

    /// Adds an artifact, or replaces the one of the same name.
    /// - Throws: `unsafePath`, `overlap` with another artifact, `tooManyEntries`; the lock is then as before.
    package mutating func set(_ entry: LockEntry) throws(LockError) {
        if let hazard = entry.hazard { throw .unsafePath(entry.name, hazard) }
        for other in entries where other.name != entry.name {
            if entry.path.isWithin(other.path) { throw .overlap(outer: other.name, inner: entry.name) }
            if other.path.isWithin(entry.path) { throw .overlap(outer: entry.name, inner: other.name) }
        }
        let index = position(of: entry.name)
        if index < entries.count && entries[index].name == entry.name {
            entries[index] = entry
        } else {
            guard entries.count < Lock.maximumEntryCount else { throw .tooManyEntries }
            entries.insert(entry, at: index)
        }
    }

    /// Takes an artifact out; the entry it had, nil if it was not there.
    @discardableResult package mutating func remove(_ name: ArtifactName) -> LockEntry? {
        let index = position(of: name)
        guard index < entries.count, entries[index].name == name else { return nil }
        return entries.remove(at: index)
    }

    /// The lock in which artifacts that git keeps carry what they really hold, as far as `real` knows it.
    package func resolving(
        _ real: [ArtifactName: (digest: Digest, bytes: UInt64, files: UInt64)]
    ) -> Lock {
        var result = self
        for (index, entry) in entries.enumerated() where entry.content == .git {
            guard let (digest, bytes, files) = real[entry.name] else { continue }
            result.entries[index] = LockEntry(
                name: entry.name, type: entry.type, path: entry.path, isDirectory: entry.isDirectory,
                content: .stored(digest: digest, bytes: bytes, files: files))
        }
        return result
    }

    /// Where `name` is in `entries`, or would be.
    private func position(of name: ArtifactName) -> Int {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].name < name { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// The first two entries of which one's path is or contains the other's.
///
/// In the order of path components everything inside a path follows it at once, so that neighbours tell all.
private func firstOverlap(_ entries: [LockEntry]) -> (outer: LockEntry, inner: LockEntry)? {
    let sorted = entries.sorted { componentsPrecede($0.path, $1.path) }
    for (outer, inner) in zip(sorted, sorted.dropFirst()) where inner.path.isWithin(outer.path) {
        return (outer, inner)
    }
    return nil
}

/// Orders paths by components: like bytes, with the slash before all others.
private func componentsPrecede(_ left: BytePath, _ right: BytePath) -> Bool {
    left.bytes.lexicographicallyPrecedes(right.bytes) { first, second in
        let slash = UInt8(ascii: "/")
        if first == slash || second == slash { return first == slash && second != slash }
        return first < second
    }
}
