// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegCodec
import RegHash
import RegPack
import RegStore
import RegTesting
import Testing

@Suite struct PackIndexTests {
    /// A pack of three entries, and where its index begins.
    private func smallPack() throws -> (bytes: [UInt8], entries: [PackEntry], indexOffset: Int) {
        let store = MemoryStore()
        let samples = [
            Sample(bytes: Array(0..<20)), Sample(kind: .page, bytes: [1, 2, 3]), Sample(bytes: []),
        ]
        let finished = try #require(try write(samples, to: store).first)
        let bytes = try #require(store[.pack(finished.name)])
        let entries = try index(of: bytes).entries
        return (bytes, entries, 8 + 23)
    }

    @Test func isReadFromBytesMadeByHand() throws {
        var pack = RawPack(data: Array(0..<9))
        pack.row(stored: 4, raw: 4)
        pack.row(stored: 5, raw: 300, kind: 2, codec: 1)
        let entries = try index(of: pack.bytes).entries
        #expect(entries.map(\.copy.offset) == [8, 12])
        #expect(entries.map(\.copy.storedLength) == [4, 5])
        #expect(entries.map(\.rawLength) == [4, 300])
        #expect(entries.map(\.kind) == [.chunk, .page])
        #expect(entries.map(\.copy.codec.rawValue) == [0, 1])
        #expect(entries.allSatisfy { $0.id.bytes == [UInt8](repeating: 7, count: 32) })
    }

    @Test func everyTruncationIsRefused() throws {
        let (bytes, _, _) = try smallPack()
        for count in bytes.indices { #expect(refusal(of: Array(bytes[..<count])) != nil, "\(count) bytes") }
        #expect(refusal(of: bytes + [0]) != nil)
    }

    @Test func everyFlippedBitIsRefusedOutsideTheEntriesAndUnseenInsideThem() throws {
        let (bytes, entries, indexOffset) = try smallPack()
        for position in bytes.indices {
            for bit in 0..<8 {
                var flipped = bytes
                flipped[position] ^= 1 << UInt8(bit)
                if (8..<indexOffset).contains(position) {
                    // The index says where the entries lie; what they hold is for their own hashes to tell.
                    #expect(try index(of: flipped).entries == entries)
                } else {
                    #expect(refusal(of: flipped) != nil, "bit \(bit) of byte \(position)")
                }
            }
        }
    }

    @Test func aDamagedIndexIsNamedByItsHash() throws {
        var (bytes, _, indexOffset) = try smallPack()
        let rows = bytes[indexOffset..<bytes.count - 52]
        let expected = SHA256.digest(of: Array(rows))
        bytes[indexOffset + 3] ^= 1
        let found = SHA256.digest(of: Array(bytes[indexOffset..<bytes.count - 52]))
        let name = try #require(somePack)
        #expect(refusal(of: bytes) == .indexHash(name, found: found, expected: expected))
    }

    @Test(arguments: ["REGPACK0", "REGPACK2", "REGPACK9"])
    func anotherVersionIsNamedByItsNumber(magic: String) {
        guard case .newerVersion(_, let what)? = refusal(of: RawPack(magic: magic).bytes) else {
            Issue.record("not refused as a version")
            return
        }
        #expect(what.contains(magic.suffix(1)))
    }

    @Test(arguments: ["REGPACKx", "regpack1", "--------", "RPG1----"])
    func whatIsNoPackIsMalformed(magic: String) {
        guard case .malformed? = refusal(of: RawPack(magic: magic).bytes) else {
            Issue.record("not refused as malformed")
            return
        }
    }

    @Test(
        arguments: [
            Lie("another end") { $0.endMagic = "REGPEND0" }, Lie("one row more") { $0.count += 1 },
            Lie("one row less") { $0.count -= 1 }, Lie("as many rows as fit 32 bits") { $0.count = .max },
            Lie("an index before the entries") { $0.indexOffset = 0 },
            Lie("an index beyond the end") { $0.indexOffset = 1 << 40 },
            Lie("an index at the end of numbers") { $0.indexOffset = .max },
            Lie("entries that leave a gap") { $0.data.append(0) },
            Lie("entries that reach into the index") { $0.data.removeLast() },
            Lie("an entry longer than the pack") { $0.row(stored: .max, raw: 1) },
            Lie("a chunk of more than 8 MiB") { $0.row(raw: (8 << 20) + 1) },
            Lie("a page of more than 1 MiB") { $0.row(raw: (1 << 20) + 1, kind: 2) },
        ])
    func liesAreRefused(lie: Lie) {
        var pack = RawPack(data: Array(0..<9))
        pack.row(stored: 9, raw: 9)
        #expect(refusal(of: pack.bytes) == nil)
        lie.tell(&pack)
        guard case .malformed? = refusal(of: pack.bytes) else {
            Issue.record("\(String(describing: refusal(of: pack.bytes)))")
            return
        }
    }

    @Test(
        arguments: [
            Lie("kind 0") { $0.row(kind: 0) }, Lie("kind 3") { $0.row(kind: 3) },
            Lie("flag 1") { $0.row(flags: 2) },
            Lie("flag 15") { $0.row(flags: 0x8000) },
        ])
    func whatALaterVersionMayAddNeedsOne(addition: Lie) {
        var pack = RawPack()
        addition.tell(&pack)
        guard case .newerVersion? = refusal(of: pack.bytes) else {
            Issue.record("\(String(describing: refusal(of: pack.bytes)))")
            return
        }
    }

    @Test func theLimitsThemselvesAreAllowed() throws {
        var pack = RawPack()
        pack.row(raw: 8 << 20)
        pack.row(raw: 1 << 20, kind: 2)
        pack.row(codec: 255)  // an index lists what this version cannot decode
        #expect(try index(of: pack.bytes).entries.count == 3)
    }

    @Test func anEntryWithABaseSaysSo() throws {
        var pack = RawPack()
        pack.row(codec: 4, flags: 1)
        pack.row()
        #expect(try index(of: pack.bytes).entries.map(\.isBased) == [true, false])
    }

    @Test func moreEntriesThanAllowedAreRefused() {
        var pack = RawPack()
        for _ in 0...PackIndex.entryLimit { pack.row() }
        guard case .malformed? = refusal(of: pack.bytes) else {
            Issue.record("\(pack.count) entries are read")
            return
        }
    }

    @Test func aPackAboveTheLimitIsRefusedByItsSize() {
        var pack = RawPack(data: [UInt8](repeating: 0, count: 128 << 20))
        pack.row(stored: 128 << 20)
        guard case .malformed(_, let what)? = refusal(of: pack.bytes) else {
            Issue.record("more than 128 MiB are read")
            return
        }
        #expect(what.contains("134217"))
    }

    @Test func aMissingPackIsNotFound() throws {
        let name = try #require(somePack)
        #expect(
            throws: PackError.store(.notFound(key: .pack(name), location: "memory"))
        ) { try PackIndex.read(name, from: MemoryStore()) }
    }
}
