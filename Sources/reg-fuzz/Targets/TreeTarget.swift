// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegCodec
internal import RegHash
internal import RegManifest
internal import RegPack

/// A tree read page by page: the input is the pages, a u16 length before each; the manifest around them is made to
/// fit, so that only the rows decide.
enum TreeTarget: FuzzTarget {
    static let name = "tree"

    static func run(_ input: [UInt8]) {
        guard let pages = try? split(input), let manifest = try? manifest(of: pages) else { return }
        var next = 0
        let reader = ManifestReader(manifest) { _ in
            defer { next += 1 }
            return pages[next]
        }
        var items: [ManifestItem] = []
        do { while let item = try reader.next() { items.append(item) } } catch { return }
        checkPaths(items)
        claim(rewritten(items) == manifest.tree, "rows written again are the same tree")
    }

    private static func split(_ input: [UInt8]) throws -> [[UInt8]] {
        var reader = ByteReader(input)
        var pages: [[UInt8]] = []
        while !reader.isAtEnd { pages.append(Array(try reader.take(Int(try reader.u16())))) }
        return pages
    }

    private static func manifest(of pages: [[UInt8]]) throws -> Manifest {
        var totals = Manifest.Totals()
        var hasher = TreeHasher()
        var packs: Set<PackName> = []
        var references: [Manifest.PageReference] = []
        guard let pagePack = RandomName([UInt8](repeating: 0, count: 16)) else { throw SeedError() }
        packs.insert(pagePack)
        for page in pages {
            let items = try Page.decode(page)
            for item in items {
                packs.formUnion(item.chunks.flatMap(\.copy.chain).map(\.pack))
                guard case .row(let row, _) = item else { continue }
                // Sums beyond 64 bits are no tree.
                if case .file(let size, _, _) = row.kind, size > 1 << 40 { throw SeedError() }
                totals.count(row)
                hasher.append(row)
            }
            let copy = Copy(pack: pagePack, offset: 8, storedLength: UInt32(page.count), codec: .stored)
            references.append(
                Manifest.PageReference(
                    separator: references.isEmpty ? BytePath([]) : items.first?.path ?? BytePath([]),
                    id: Page.id(of: page), rawLength: UInt32(page.count), copy: copy))
        }
        let draft = ManifestDraft(
            tree: hasher.finish(), totals: totals, requires: [.bases], packs: packs.sorted(),
            pages: references)
        return try Manifest.decode(draft.encoded { _ in 1_000 })
    }

    /// What docs/format.md, section 3, asks of the rows, without the tricks of a reader in one pass.
    private static func checkPaths(_ items: [ManifestItem]) {
        var paths: Set<BytePath> = []
        var last: BytePath?
        for case .row(let row, _) in items {
            claim(row.path.hazard == nil, "paths are safe")
            claim(last.map { $0 < row.path } ?? true, "paths ascend")
            last = row.path
            paths.insert(row.path)
            var parent = row.path.parent
            while !parent.isEmpty {
                claim(!paths.contains(parent), "nothing lies below a row")
                parent = parent.parent
            }
        }
    }

    private static func rewritten(_ items: [ManifestItem]) -> Digest? {
        var writer = ManifestWriter { _, page in
            guard let pack = RandomName([UInt8](repeating: 1, count: 16)) else { throw SeedError() }
            return Copy(pack: pack, offset: 8, storedLength: UInt32(page.count), codec: .stored)
        }
        do {
            for item in items {
                for chunk in item.chunks { try writer.append(chunk, of: item.path) }
                if case .row(let row, _) = item { try writer.append(row) }
            }
            return try writer.finish().tree
        } catch { return nil }
    }

    static func seeds() throws -> [[UInt8]] {
        try [1, 3, 8, 20, 60, 120, 200, 300, 400, 500, 600, 700].map { rows in
            var seed = ByteWriter()
            for page in try SampleTree(rows: rows, seed: UInt64(rows)).pages where page.count < 1 << 16 {
                seed.u16(UInt16(page.count))
                seed.append(page)
            }
            return seed.bytes
        }
    }
}
