// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegCodec
internal import RegHash
internal import RegPack
internal import RegStore
internal import RegTesting

/// A pack: as it is, and as the rows of an index around which the rest is made to fit.
enum PackTarget: FuzzTarget {
    static let name = "pack"
    private static let rowLength = 44

    static func run(_ input: [UInt8]) {
        check(input)
        if let pack = pack(rows: input) { check(pack) }
    }

    private static func check(_ bytes: [UInt8]) {
        guard let name = RandomName([UInt8](repeating: 0xab, count: RandomName.byteCount)),
            let index = try? PackIndex.read(name, from: MemoryStore([.pack(name): bytes]))
        else { return }
        let end = index.entries.last?.copy.end ?? 8
        claim(end <= UInt64(bytes.count), "entries lie inside the pack")
        claim(
            bytes[Int(end)...].elementsEqual(PackIndex.encoded(index.entries, endingAt: end)),
            "an index has one way of writing")
    }

    /// Entries of zeros as long as the rows say, where that is little, then the rows and their footer.
    private static func pack(rows: [UInt8]) -> [UInt8]? {
        var end: UInt64 = 8
        var reader = ByteReader(rows)
        while reader.remaining >= rowLength {
            guard (try? reader.take(Digest.byteCount)) != nil, let stored = try? reader.u32(),
                (try? reader.take(rowLength - Digest.byteCount - 4)) != nil
            else { return nil }
            end += UInt64(stored)
        }
        guard end <= 1 << 16 else { return nil }
        var pack = ByteWriter()
        pack.append("REGPACK1")
        pack.append([UInt8](repeating: 0, count: Int(end) - 8))
        pack.append(rows)
        pack.u64(end)
        pack.u32(UInt32(rows.count / rowLength))
        pack.append(SHA256.digest(of: rows).bytes)
        pack.append("REGPEND1")
        return pack.bytes
    }

    static func seeds() throws -> [[UInt8]] {
        var seeds: [[UInt8]] = []
        for count in [0, 1, 2, 3, 7, 20, 60] {
            let store = MemoryStore()
            let pack = try written(count, to: store)
            guard let bytes = store[.pack(pack.name)] else { throw SeedError() }
            seeds.append(bytes)
            seeds.append(Array(bytes[Int(pack.entries.last?.copy.end ?? 8)...].dropLast(52)))
        }
        return seeds
    }

    private static func written(_ count: Int, to store: MemoryStore) throws -> PackWriter.Finished {
        var random = SeededRandom(seed: UInt64(count))
        var finished: [PackWriter.Finished] = []
        let writer = PackWriter(store: store) { finished.append($0) }
        for number in 0..<max(count, 1) {
            let bytes = random.bytes(number * 3)
            let kind = number % 4 == 3 ? EntryKind.page : .chunk
            _ = try bytes.withUnsafeBytes {
                try writer.append(
                    kind, id: random.digest(), rawLength: bytes.count, codec: .stored, stored: $0)
            }
        }
        try writer.finish()
        guard let pack = finished.first else { throw SeedError() }
        return pack
    }
}
