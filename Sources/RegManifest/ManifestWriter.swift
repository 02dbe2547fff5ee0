// SPDX-License-Identifier: Apache-2.0
package import RegBytes
package import RegHash
package import RegPack

/// Takes a tree's rows in path order, cuts them into pages, and gives the pages to a store.
///
/// Pages wait in memory, at most `pageRun` bytes of them, and are stored in runs: they then lie side by side in their
/// pack and are read back in few requests. Memory does not grow with the tree but for one reference a page.
package struct ManifestWriter {
    /// Puts a page into a pack and says where it lies.
    package typealias PageStore = (_ id: Digest, _ page: [UInt8]) throws -> Copy

    private static let pageRun = 4 << 20

    private let storePage: PageStore
    private var builder = Page.Builder()
    private var hasher = TreeHasher()
    private var totals = Manifest.Totals()
    private var chunks: [ChunkRow] = []
    /// At least what they take in a page.
    private var chunksByteCount = 0
    private var hasBases = false
    private var waiting: [(separator: BytePath, id: Digest, bytes: [UInt8])] = []
    private var waitingByteCount = 0
    private var pages: [Manifest.PageReference] = []
    private var packs: Set<PackName> = []
    private var lastPath: BytePath?
    private var separatorByteCount = 0

    package init(storePage: @escaping PageStore) { self.storePage = storePage }

    /// Adds the next chunk of the file whose row comes next.
    package mutating func append(_ chunk: ChunkRow, of path: BytePath) throws {
        if let last = chunks.last, last.id.prefix16 < 1 << 4 {
            try endPart(of: path)
        } else if Page.Builder.byteCount(path: path) + chunksByteCount > Page.byteLimit / 2 - 1024 {
            try endPart(of: path)
        }
        chunks.append(chunk)
        chunksByteCount += Page.Builder.byteCount(chunk)
        for copy in chunk.copy.chain { packs.insert(copy.pack) }
        if chunk.copy.base != nil { hasBases = true }
    }

    private mutating func endPart(of path: BytePath) throws {
        try makeRoom(for: path)
        builder.append(.part(path, takeChunks()))
        try endPage()
    }

    private mutating func takeChunks() -> [ChunkRow] {
        defer {
            chunks = []
            chunksByteCount = 0
        }
        return chunks
    }

    /// Adds a row; for a file, the chunks since the last row are its own.
    package mutating func append(_ row: TreeRow) throws {
        guard totals.rowCount < Manifest.rowLimit else {
            throw ManifestError.overLimit("more than \(Manifest.rowLimit) rows")
        }
        try makeRoom(for: row.path)
        builder.append(.row(row, takeChunks()))
        hasher.append(row)
        totals.count(row)
        if ManifestWriter.isCut(after: row.path) { try endPage() }
    }

    private mutating func makeRoom(for path: BytePath) throws {
        let added = Page.Builder.byteCount(path: path) + chunksByteCount
        let isFull =
            builder.byteCount + added > Page.byteLimit
            || builder.pathByteCount + path.bytes.count > Page.pathByteLimit
        if builder.rowCount > 0 && isFull { try endPage() }
    }

    /// Whether a page ends after the row of `path`: one path in 64, whatever else the tree holds.
    private static func isCut(after path: BytePath) -> Bool {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in path.bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        hash ^= hash >> 32
        return (hash &* 0x9e37_79b9_7f4a_7c15) >> 58 == 0
    }

    private mutating func endPage() throws {
        guard builder.rowCount > 0 else { return }
        let bytes = builder.encoded
        let separator = separator(of: builder.firstPath)
        separatorByteCount += separator.bytes.count
        guard separatorByteCount <= Manifest.separatorByteLimit else {
            throw ManifestError.overLimit("too many long paths")
        }
        waiting.append((separator, Page.id(of: bytes), bytes))
        waitingByteCount += bytes.count
        lastPath = builder.lastPath
        builder = Page.Builder()
        if waitingByteCount >= ManifestWriter.pageRun { try storeWaiting() }
    }

    /// The shortest beginning of `path` that is above every path before it.
    private func separator(of path: BytePath) -> BytePath {
        guard let lastPath else { return BytePath([]) }
        return BytePath(path.bytes.prefix(commonPrefix(lastPath, path) + 1))
    }

    private mutating func storeWaiting() throws {
        for page in waiting {
            let copy = try storePage(page.id, page.bytes)
            packs.insert(copy.pack)
            pages.append(
                Manifest.PageReference(
                    separator: page.separator, id: page.id, rawLength: UInt32(page.bytes.count), copy: copy))
        }
        waiting = []
        waitingByteCount = 0
    }

    /// Stores what is left; the draft becomes a manifest when its packs are finished.
    package mutating func finish() throws -> ManifestDraft {
        try endPage()
        try storeWaiting()
        return ManifestDraft(
            tree: hasher.finish(), totals: totals, requires: hasBases ? [.bases] : [], packs: packs.sorted(),
            pages: pages)
    }
}
