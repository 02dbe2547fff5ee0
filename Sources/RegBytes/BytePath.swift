// SPDX-License-Identifier: Apache-2.0

/// A path, or a part of one, as the bytes that the file system holds.
///
/// Never a `String`: two names that differ in their bytes are two files, also where Unicode calls them equal, and
/// names need not be UTF-8. Ordered by unsigned bytes, shorter first.
package struct BytePath: Hashable, Comparable, Sendable {
    package var bytes: [UInt8]

    package init(_ bytes: some Sequence<UInt8>) { self.bytes = Array(bytes) }
    // Not generic, as walks and readers of pages need them: generic code is not specialised across targets.
    package init(_ bytes: [UInt8]) { self.bytes = bytes }
    package init(_ bytes: ArraySlice<UInt8>) { self.bytes = Array(bytes) }
    package init(_ bytes: UnsafeRawBufferPointer) { self.bytes = Array(bytes) }
    package init(_ string: String) { bytes = Array(string.utf8) }

    package static func < (left: BytePath, right: BytePath) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }

    package var isEmpty: Bool { bytes.isEmpty }

    /// The parts between slashes; an empty path has none.
    package var components: [ArraySlice<UInt8>] {
        bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: true)
    }

    package var lastComponent: BytePath { BytePath(components.last ?? []) }

    /// All but the last component; empty where there is but one.
    package var parent: BytePath {
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return BytePath([]) }
        return BytePath(bytes[..<slash])
    }

    package func appending(_ other: BytePath) -> BytePath {
        if bytes.isEmpty { return other }
        if other.bytes.isEmpty { return self }
        if bytes.last == UInt8(ascii: "/") { return BytePath(bytes + other.bytes) }
        return BytePath(bytes + [UInt8(ascii: "/")] + other.bytes)
    }

    package func appending(_ other: String) -> BytePath { appending(BytePath(other)) }

    /// Whether this is `directory` or lies below it.
    package func isWithin(_ directory: BytePath) -> Bool {
        if directory.isEmpty || self == directory { return true }
        guard bytes.count > directory.bytes.count, bytes.starts(with: directory.bytes) else { return false }
        let slash = UInt8(ascii: "/")
        return directory.bytes.last == slash || bytes[directory.bytes.count] == slash
    }

    /// What is left of a path within `directory`, nil if it is not within.
    package func relative(to directory: BytePath) -> BytePath? {
        guard isWithin(directory) else { return nil }
        let rest = bytes.dropFirst(directory.bytes.count)
        return BytePath(directory.isEmpty || rest.first != UInt8(ascii: "/") ? rest : rest.dropFirst())
    }

    /// The path as text where it is UTF-8.
    package var utf8: String? { String(validating: bytes, as: UTF8.self) }

    /// The path as text, repaired where it is not UTF-8: for messages and JSON, never for opening a file.
    package var lossy: String { String(decoding: bytes, as: UTF8.self) }
}
