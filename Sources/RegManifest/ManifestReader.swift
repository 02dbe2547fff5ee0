// SPDX-License-Identifier: Apache-2.0
package import RegBytes
internal import RegHash
internal import RegPack

/// Gives the items of a manifest in order, one page in memory at a time, and checks them all.
///
/// A caller that has read to the end knows: paths are safe and in order, no path is both file and directory, sizes
/// add up, and the rows are the tree that the manifest names.
package final class ManifestReader {
    /// Reads a page's raw bytes from wherever its copy lies.
    package typealias PageLoader = (Manifest.PageReference) throws -> [UInt8]

    private let manifest: Manifest
    private let loadPage: PageLoader
    private var nextPage = 0
    /// Of the current page.
    private var items: [ManifestItem] = []
    private var nextItem = 0
    private var hasher = TreeHasher()
    private var totals = Manifest.Totals()
    private var order = RowOrder()
    private var partByteCount: UInt64 = 0
    /// The pack of the last chunk, known to be one of them.
    private var lastPack: PackName?

    package init(_ manifest: Manifest, loadPage: @escaping PageLoader) {
        self.manifest = manifest
        self.loadPage = loadPage
    }

    /// The next item; nil at the end, when everything was checked.
    package func next() throws -> ManifestItem? {
        while nextItem == items.count {
            guard nextPage < manifest.pages.count else {
                try checkEnd()
                return nil
            }
            try readPage()
        }
        let item = items[nextItem]
        nextItem += 1
        try check(item)
        return item
    }

    private func readPage() throws {
        let reference = manifest.pages[nextPage]
        let bytes = try loadPage(reference)
        let found = Page.id(of: bytes)
        guard found == reference.id else { throw ManifestError.pageID(found: found, expected: reference.id) }
        items = try Page.decode(bytes)
        nextItem = 0
        nextPage += 1
        if let first = items.first, first.path < reference.separator {
            throw ManifestError.malformed("a page begins before its separator")
        }
        if nextPage < manifest.pages.count, let last = items.last {
            let next = manifest.pages[nextPage].separator
            let isBefore = if case .part = last { last.path == next } else { last.path < next }
            guard isBefore else {
                throw ManifestError.malformed("a page ends after the next one's separator")
            }
        }
    }

    private func check(_ item: ManifestItem) throws {
        try order.append(item)
        for chunk in item.chunks {
            partByteCount += UInt64(chunk.rawLength)
            if chunk.copy.pack != lastPack { try checkPack(chunk.copy.pack) }
            if chunk.copy.base != nil { try checkBases(of: chunk.copy) }
        }
        guard case .row(let row, _) = item else { return }
        if case .file(let size, _, _) = row.kind {
            guard size == partByteCount else {
                throw ManifestError.malformed(
                    "the chunks of \(printable(row.path)) have \(partByteCount) bytes, the file \(size)")
            }
            partByteCount = 0
        }
        totals.count(row)
        guard totals.rowCount <= manifest.totals.rowCount else {
            throw ManifestError.malformed("it has more rows than it says")
        }
        hasher.append(row)
    }

    private func checkPack(_ pack: PackName) throws {
        guard manifest.names(pack) else {
            throw ManifestError.malformed("a chunk lies in pack \(pack.hex), which it does not name")
        }
        lastPack = pack
    }

    private func checkBases(of copy: Copy) throws {
        guard manifest.requires.contains(.bases) else {
            throw ManifestError.malformed("a chunk has a base, and the manifest does not say that any has")
        }
        for base in copy.chain where !manifest.names(base.pack) { try checkPack(base.pack) }
    }

    private func checkEnd() throws {
        guard !order.isInsideFile, totals == manifest.totals else {
            throw ManifestError.malformed("its rows are not as many as it says")
        }
        let found = hasher.finish()
        guard found == manifest.tree else {
            throw ManifestError.treeDigest(found: found, expected: manifest.tree)
        }
    }
}

/// Checks that rows come in order, are safe to write, and do not use one path as a file and as a directory.
package struct RowOrder {
    private var last: BytePath?
    /// The file that began with a part and still waits for its row.
    private var open: BytePath?
    /// How many bytes of the last path are the path of a row, ascending; itself included.
    private var prefixes: [Int] = []

    package init() {}

    var isInsideFile: Bool { open != nil }

    /// Judges the next row of a tree, whatever its chunks are.
    package mutating func append(_ row: TreeRow) throws { try append(.row(row, [])) }

    mutating func append(_ item: ManifestItem) throws {
        let path = item.path
        if let open {
            guard path == open else {
                throw ManifestError.malformed("the row of \(printable(open)) is missing")
            }
        } else {
            try checkNew(path)
        }
        switch item {
        case .part:
            open = path
        case .row(let row, _):
            if open != nil, case .file = row.kind {
            } else if open != nil {
                throw ManifestError.malformed("\(printable(path)) has chunks and is no file")
            }
            if case .symlink(let target) = row.kind, let reason = TreeRow.hazard(ofTarget: target, at: path) {
                throw ManifestError.unsafePath(path, reason)
            }
            open = nil
        }
    }

    private mutating func checkNew(_ path: BytePath) throws {
        if let hazard = path.hazard { throw ManifestError.unsafePath(path, "it " + hazard.reason) }
        if let last, !(last < path) {
            throw ManifestError.unsafePath(path, last == path ? "it comes twice" : "it is out of order")
        }
        let shared = last.map { commonPrefix($0, path) } ?? 0
        while let top = prefixes.last, top > shared { prefixes.removeLast() }
        // Behind a shorter prefix stands what stood there in the last path, which was no slash.
        if let top = prefixes.last, path.bytes[top] == UInt8(ascii: "/") {
            throw ManifestError.unsafePath(path, "it lies below a path that is no directory")
        }
        prefixes.append(path.bytes.count)
        last = path
    }
}

extension TreeRow {
    /// Why a symlink at `path` must not lead to `target`, as it reads after "it is a link, and"; nil where it may.
    ///
    /// It must stay inside the artifact, whatever the other links are: nothing is followed to find out. `..` is for the
    /// beginning of a target alone, where it leaves directories of the artifact itself; after a name it would leave
    /// what a link of that name leads to.
    package static func hazard(ofTarget target: BytePath, at path: BytePath) -> String? {
        var depth = path.components.count - 1
        let isRelative = target.bytes.first != UInt8(ascii: "/")
        guard isRelative, !target.isEmpty, !target.bytes.contains(0) else {
            return "its target is not a relative path"
        }
        var isAtStart = true
        for component in target.components where !component.elementsEqual(".".utf8) {
            guard component.elementsEqual("..".utf8) else {
                isAtStart = false
                continue
            }
            depth -= 1
            guard isAtStart, depth >= 0 else { return "its target leads out of the artifact" }
        }
        return nil
    }
}
