// SPDX-License-Identifier: Apache-2.0
package import RegBytes

/// Known entries in the order of their paths' bytes, in a few pieces of memory that are used again.
package final class KnownBatch {
    /// The most entries it holds.
    package let limit: Int

    private var paths: [UInt8] = []
    private var ends: [Int] = []
    package private(set) var entries: [KnownEntry] = []

    package init(limit: Int = 4096) { self.limit = limit }

    package var count: Int { entries.count }

    func clear() {
        paths.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
        entries.removeAll(keepingCapacity: true)
    }

    func append(_ row: Row) throws {
        row.withBlob(0) { paths.append(contentsOf: $0) }
        ends.append(paths.count)
        entries.append(try KnownEntry(row, from: 1))
    }

    package func path(_ index: Int) -> BytePath { withPath(index) { BytePath($0) } }

    /// Calls `body` with the path at `index`, relative to the workspace.
    package func withPath<Result>(_ index: Int, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        let start = index == 0 ? 0 : ends[index - 1]
        return paths.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[start..<ends[index]])) }
    }
}
