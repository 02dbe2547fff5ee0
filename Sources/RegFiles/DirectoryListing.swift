// SPDX-License-Identifier: Apache-2.0
internal import Glibc
package import RegBytes

/// The names in one directory, sorted by their bytes, in one piece of memory: directories can be very wide.
package struct DirectoryListing: Sendable {
    private struct Name {
        let start: Int
        let length: Int
        let kind: FileStatus.Kind?
    }

    private var bytes: [UInt8] = []
    private var names: [Name] = []
    /// Whether the directory holds nothing at all, also none of the names that were left out.
    package private(set) var isEmpty = true

    /// Lists `directory`, without the names for which `isWanted` does not hold.
    ///
    /// The kind is nil where the file system does not say it with the name.
    package init(
        of directory: Descriptor, isWanted: (UnsafeRawBufferPointer, FileStatus.Kind?) -> Bool
    ) throws(FileError) {
        try directory.forEachName { name, kind in
            isEmpty = false
            guard isWanted(name, kind) else { return true }
            names.append(Name(start: bytes.count, length: name.count, kind: kind))
            bytes.append(contentsOf: name)
            bytes.append(0)
            return true
        }
        sort()
    }

    private mutating func sort() {
        bytes.withUnsafeBytes { bytes in
            names.sort { left, right in
                let common = min(left.length, right.length)
                guard common > 0, let base = bytes.baseAddress else { return left.length < right.length }
                let order = memcmp(base + left.start, base + right.start, common)
                return order == 0 ? left.length < right.length : order < 0
            }
        }
    }

    package var count: Int { names.count }

    package func kind(_ index: Int) -> FileStatus.Kind? { names[index].kind }

    package func name(_ index: Int) -> BytePath {
        let name = names[index]
        return BytePath(bytes[name.start..<name.start + name.length])
    }

    /// The place of `name`, nil where it is not there.
    package func index(of name: ArraySlice<UInt8>) -> Int? {
        var range = 0..<count
        while let first = range.first {
            let middle = first + range.count / 2
            let found = withName(middle) { Array($0) }
            if found.elementsEqual(name) { return middle }
            range =
                found.lexicographicallyPrecedes(name)
                ? middle + 1..<range.upperBound : first..<middle
        }
        return nil
    }

    /// Calls `body` with the bytes of a name.
    package func withName<Result>(_ index: Int, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        let name = names[index]
        return bytes.withUnsafeBytes {
            body(UnsafeRawBufferPointer(rebasing: $0[name.start..<name.start + name.length]))
        }
    }

    /// Whether the name at `index`, followed by a slash, sorts before the name at `other`.
    package func directory(_ index: Int, precedes other: Int) -> Bool {
        withName(index) { left in
            withName(other) { right in
                let common = min(left.count, right.count)
                let order = left.prefix(common).elementsEqual(right.prefix(common))
                // A directory that waits sorts before the names that come after it, unless they go on below a slash.
                guard order, right.count > left.count else { return true }
                return right[left.count] > UInt8(ascii: "/")
            }
        }
    }
}
