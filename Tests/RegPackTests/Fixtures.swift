// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegCodec
import RegFiles
import RegHash
import RegPack
import RegStore
import RegTesting
import Testing

/// An entry to be, stored as it is.
struct Sample {
    var kind = EntryKind.chunk
    let bytes: [UInt8]

    var id: Digest { SHA256.digest(of: bytes) }
}

extension PackWriter {
    @discardableResult func append(_ sample: Sample) throws -> Copy {
        try sample.bytes.withUnsafeBytes {
            try append(sample.kind, id: sample.id, rawLength: $0.count, codec: .stored, stored: $0)
        }
    }
}

/// Writes the samples; what was finished, in order.
func write(_ samples: [Sample], to store: any ObjectStore) throws -> [PackWriter.Finished] {
    var finished: [PackWriter.Finished] = []
    let writer = PackWriter(store: store) { finished.append($0) }
    for sample in samples { try writer.append(sample) }
    try writer.finish()
    return finished
}

let somePack = RandomName([UInt8](repeating: 0xab, count: 16))

/// A pack put together by hand after docs/format.md, section 4; each part can lie.
struct RawPack {
    var magic = "REGPACK1"
    var data: [UInt8] = []
    var rows = ByteWriter()
    var count: UInt32 = 0
    var indexOffset: UInt64?
    var indexHash: Digest?
    var endMagic = "REGPEND1"

    mutating func row(
        stored: UInt32 = 0, raw: UInt32 = 0, kind: UInt8 = 1, codec: UInt8 = 0, flags: UInt16 = 0
    ) {
        rows.append([UInt8](repeating: 7, count: 32))
        rows.u32(stored)
        rows.u32(raw)
        rows.u8(kind)
        rows.u8(codec)
        rows.u16(flags)
        count += 1
    }

    var bytes: [UInt8] {
        var pack = ByteWriter()
        pack.append(magic.utf8)
        pack.append(data)
        pack.append(rows.bytes)
        pack.u64(indexOffset ?? UInt64(8 + data.count))
        pack.u32(count)
        pack.append((indexHash ?? SHA256.digest(of: rows.bytes)).bytes)
        pack.append(endMagic.utf8)
        return pack.bytes
    }
}

/// A way to change a pack for the worse.
struct Lie: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let tell: @Sendable (inout RawPack) -> Void

    init(_ description: String, _ tell: @escaping @Sendable (inout RawPack) -> Void) {
        testDescription = description
        self.tell = tell
    }
}

/// The index of a pack that has these bytes.
func index(of bytes: [UInt8]) throws -> PackIndex {
    let name = try #require(somePack)
    return try PackIndex.read(name, from: MemoryStore([.pack(name): bytes]))
}

/// What reading the index of these bytes throws; nil where it is read.
func refusal(of bytes: [UInt8]) -> PackError? {
    do { _ = try index(of: bytes) } catch { return error as? PackError }
    return nil
}
