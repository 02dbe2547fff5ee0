// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegCodec
internal import RegHash
internal import RegManifest
internal import RegPack
internal import RegTesting

/// A sound tree of all kinds of rows, as a manifest and its pages.
struct SampleTree {
    private(set) var pages: [[UInt8]] = []
    private(set) var manifest: [UInt8] = []

    init(rows: Int, seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let packs = try (0..<3).map { _ in try random.name() }
        let pagePack = try random.name()
        var offset: UInt64 = 8
        var pages: [[UInt8]] = []
        var writer = ManifestWriter { _, page in
            pages.append(page)
            defer { offset += UInt64(page.count) }
            return Copy(pack: pagePack, offset: offset, storedLength: UInt32(page.count), codec: .stored)
        }
        for number in 0..<rows {
            let path = BytePath("\(["a", "data/x", "data/y-"][number * 3 / rows])\(1_000 + number)")
            try SampleTree.append(path, to: &writer, packs, &random)
        }
        manifest = try writer.finish().encoded { _ in 100_000 }
        self.pages = pages
    }

    private static func append(
        _ path: BytePath, to writer: inout ManifestWriter, _ packs: [PackName], _ random: inout SeededRandom
    ) throws {
        let choice = random.next() % 8
        if choice == 0 { return try writer.append(TreeRow(path: path, kind: .emptyDirectory)) }
        if choice == 1 {
            return try writer.append(TreeRow(path: path, kind: .symlink(target: BytePath("b/../../c"))))
        }
        let hash = random.digest()
        let lengths = (0..<choice - 2).map { _ in UInt32(random.next() % 70_000 + 1) }
        for length in lengths {
            let copy = Copy(
                pack: packs[Int(random.next() % 3)], offset: random.next() % (64 << 20) + 8,
                storedLength: length / 2 + 1, codec: .lz4)
            let id = lengths.count == 1 ? hash : random.digest()
            try writer.append(ChunkRow(id: id, rawLength: length, copy: copy), of: path)
        }
        let size = lengths.reduce(0) { $0 + UInt64($1) }
        let kind = TreeRow.Kind.file(size: size, hash: hash, isExecutable: random.next() % 2 == 0)
        try writer.append(TreeRow(path: path, kind: kind))
    }
}
