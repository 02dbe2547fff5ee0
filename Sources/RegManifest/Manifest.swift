// SPDX-License-Identifier: Apache-2.0
package import RegBytes
package import RegHash
package import RegPack

/// The object that says what one artifact version is and where its pages lie (docs/format.md, "Manifests").
package struct Manifest: Equatable, Sendable {
    static let magic: StaticString = "RMF1"
    package static let byteLimit = 64 << 20
    package static let rowLimit: UInt64 = 10_000_000
    /// The most bytes that all separators have together, decoded.
    static let separatorByteLimit = 64 << 20

    /// A page and where it lies.
    package struct PageReference: Equatable, Sendable {
        /// No path of the page is smaller, and every path of the pages before is (but a file in parts).
        package let separator: BytePath
        package let id: Digest
        package let rawLength: UInt32
        package let copy: Copy

        package init(separator: BytePath, id: Digest, rawLength: UInt32, copy: Copy) {
            self.separator = separator
            self.id = id
            self.rawLength = rawLength
            self.copy = copy
        }
    }

    /// How much a tree holds.
    package struct Totals: Equatable, Sendable {
        package var fileCount: UInt64 = 0
        /// Files, empty directories and symlinks.
        package var rowCount: UInt64 = 0
        /// The sum of file sizes.
        package var byteCount: UInt64 = 0

        package init() {}
    }

    /// A pack that the version needs, and the size of the object in bytes.
    package struct PackReference: Equatable, Sendable {
        package let name: PackName
        package let byteCount: UInt64

        package init(name: PackName, byteCount: UInt64) {
            self.name = name
            self.byteCount = byteCount
        }
    }

    /// What a reader must understand, beyond the first readers of version 1.
    package enum Feature: String, Sendable {
        /// Chunks may be coded against others.
        case bases
    }

    /// SHA-256 of the object's bytes.
    package let id: Digest
    package let tree: Digest
    package let totals: Totals
    package let requires: [Feature]
    package let packs: [PackReference]
    package let pages: [PageReference]
    /// The bytes of its table of statistics, unjudged.
    private let statisticsBytes: [UInt8]?

    /// The statistics that it has of tensors; none where they cannot be read: what they say can be found out otherwise.
    package var statistics: StatisticsTable? { statisticsBytes.flatMap { try? StatisticsTable.decode($0) } }

    package static func decode(_ bytes: [UInt8]) throws(ManifestError) -> Manifest {
        guard bytes.count <= byteLimit else { throw .overLimit("a manifest of \(bytes.count) bytes") }
        return try parsing {
            var reader = ByteReader(bytes)
            guard reader.skip(magic) else { throw wrongMagic(&reader, "RMF", "a manifest") }
            _ = try reader.take(RandomName.byteCount)  // the nonce: only there to make the id new
            guard let tree = Digest(try reader.take(Digest.byteCount)) else {
                throw ManifestError.malformed("it names no tree")
            }
            let totals = try readTotals(&reader)
            let requires = try readRequirements(&reader)
            let packs = try readPacks(&reader)
            let pages = try readPages(&reader, packs: packs.map(\.name))
            let statistics = try readExtensions(&reader)
            try reader.expectEnd()
            return Manifest(
                id: SHA256.digest(of: bytes), tree: tree, totals: totals, requires: requires, packs: packs,
                pages: pages, statisticsBytes: statistics)
        }
    }

    private static func readTotals(_ reader: inout ByteReader) throws -> Totals {
        var totals = Totals()
        totals.fileCount = try reader.varint()
        totals.rowCount = try reader.varint()
        totals.byteCount = try reader.varint()
        guard totals.rowCount <= rowLimit else { throw ManifestError.overLimit("\(totals.rowCount) rows") }
        guard totals.fileCount <= totals.rowCount, totals.byteCount <= UInt64(Int64.max) else {
            throw ManifestError.overLimit("its totals")
        }
        return totals
    }

    private static func readRequirements(_ reader: inout ByteReader) throws -> [Feature] {
        let features = try (0..<(try reader.count(limit: 64))).map { _ in
            let name = try reader.take(try reader.count(limit: 255))
            guard let feature = Feature(rawValue: String(decoding: name, as: UTF8.self)) else {
                throw ManifestError.newerVersion("the feature \(printable(BytePath(name)))")
            }
            return feature
        }
        guard Set(features).count == features.count else {
            throw ManifestError.malformed("it requires a feature twice")
        }
        return features
    }

    private static func readPacks(_ reader: inout ByteReader) throws -> [PackReference] {
        let count = try reader.count(limit: reader.remaining / (PackName.byteCount + 1))
        let packs = try (0..<count).map { _ in
            guard let name = PackName(try reader.take(PackName.byteCount)) else {
                throw ManifestError.malformed("a pack has no name")
            }
            return PackReference(name: name, byteCount: try reader.varint())
        }
        guard zip(packs, packs.dropFirst()).allSatisfy({ $0.name < $1.name }) else {
            throw ManifestError.malformed("its packs are not in order")
        }
        return packs
    }

    private static func readPages(_ reader: inout ByteReader, packs: [PackName]) throws -> [PageReference] {
        let count = try reader.count(limit: reader.remaining / (Digest.byteCount + 6))
        var separators = PathDecoder(byteLimit: separatorByteLimit)
        var copies = CopyDecoder(packs: packs)
        let pages = try (0..<count).map { _ in
            let separator = try separators.decode(&reader)
            guard let id = Digest(try reader.take(Digest.byteCount)) else {
                throw ManifestError.malformed("a page has no id")
            }
            let rawLength = UInt32(try reader.count(limit: Page.byteLimit))
            return PageReference(
                separator: separator, id: id, rawLength: rawLength,
                copy: try copies.decode(&reader, depthLimit: 0))
        }
        guard pages.first?.separator.isEmpty ?? true,
            zip(pages, pages.dropFirst()).allSatisfy({ $0.separator <= $1.separator })
        else { throw ManifestError.malformed("its pages are not in order") }
        return pages
    }

    /// The bytes of the table of statistics; what other extensions say is for others.
    private static func readExtensions(_ reader: inout ByteReader) throws -> [UInt8]? {
        var statistics: [UInt8]?
        for _ in 0..<(try reader.count(limit: 64)) {
            let name = try reader.take(try reader.count(limit: 255))
            let bytes = try reader.take(try reader.count(limit: byteLimit))
            if name.elementsEqual(StatisticsTable.extensionName.utf8),
                bytes.count <= StatisticsTable.byteLimit
            {
                statistics = statistics ?? Array(bytes)
            }
        }
        return statistics
    }
}

/// A manifest whose pages are stored, but whose packs may still be unfinished.
package struct ManifestDraft: Sendable {
    package let tree: Digest
    package let totals: Manifest.Totals
    package let requires: [Manifest.Feature]
    /// All packs of all copies, sorted by name.
    package let packs: [PackName]
    package let pages: [Manifest.PageReference]
    /// What is known of the tensors of its files.
    package var statistics = StatisticsTable()

    package init(
        tree: Digest, totals: Manifest.Totals, requires: [Manifest.Feature], packs: [PackName],
        pages: [Manifest.PageReference]
    ) {
        self.tree = tree
        self.totals = totals
        self.requires = requires
        self.packs = packs
        self.pages = pages
    }

    /// The bytes of the manifest object, under a fresh nonce.
    ///
    /// `byteCount`: the size of a finished pack's object.
    package func encoded(byteCount: (PackName) throws -> UInt64) rethrows -> [UInt8] {
        var writer = ByteWriter()
        writer.append(Manifest.magic)
        writer.append(RandomName.random().bytes)
        writer.append(tree.bytes)
        writer.varint(totals.fileCount)
        writer.varint(totals.rowCount)
        writer.varint(totals.byteCount)
        writer.varint(requires.count)
        for feature in requires {
            writer.varint(feature.rawValue.utf8.count)
            writer.append(feature.rawValue.utf8)
        }
        writer.varint(packs.count)
        for pack in packs {
            writer.append(pack.bytes)
            writer.varint(try byteCount(pack))
        }
        writer.varint(pages.count)
        var separators = PathEncoder()
        var copies = CopyEncoder(packs: packs)
        for page in pages {
            separators.encode(page.separator, to: &writer)
            writer.append(page.id.bytes)
            writer.varint(UInt64(page.rawLength))
            copies.encode(page.copy, to: &writer)
        }
        if let table = statistics.encoded {
            writer.varint(1)
            writer.varint(StatisticsTable.extensionName.utf8.count)
            writer.append(StatisticsTable.extensionName.utf8)
            writer.varint(table.count)
            writer.append(table)
        } else {
            writer.varint(0)  // extensions
        }
        return writer.bytes
    }
}

extension Manifest {
    /// Whether `pack` is one of `packs`, which are sorted; a set of them would take more memory than they do.
    func names(_ pack: PackName) -> Bool {
        var low = 0
        var high = packs.count
        while low < high {
            let middle = (low + high) / 2
            if packs[middle].name < pack { low = middle + 1 } else { high = middle }
        }
        return low < packs.count && packs[low].name == pack
    }
}

extension Manifest.Totals {
    package mutating func count(_ row: TreeRow) {
        if case .file(let size, _, _) = row.kind { count(fileOf: size) } else { count(fileOf: nil) }
    }

    /// Counts one row: a file of `size` bytes, or with nil a row that is none.
    package mutating func count(fileOf size: UInt64?) {
        rowCount += 1
        guard let size else { return }
        fileCount += 1
        byteCount += size
    }
}
