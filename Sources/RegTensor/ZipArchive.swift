// SPDX-License-Identifier: Apache-2.0

internal import RegBytes

/// A zip archive whose members are all stored as they are, found by the directory at its end.
///
/// Archives with comments, with encrypted or compressed members, or of several volumes are none for us: what writes
/// tensors makes none of them, and compressed bytes are cut by content.
/// - SeeAlso: docs/format.md, "Chunking"; APPNOTE.TXT of PKWARE, 6.3.10.
struct ZipArchive {
    struct Member {
        let name: String
        /// Where its bytes are in the file.
        let range: Range<UInt64>
    }

    static let magic: [UInt8] = [0x50, 0x4b, 0x03, 0x04]

    /// In the order of the directory.
    let members: [Member]
    /// The directory, up to the end of the file.
    let directory: Range<UInt64>

    fileprivate static let directoryByteLimit: UInt64 = 16 << 20
    private static let localByteCount: UInt64 = 30

    init(_ file: some FileBytes) throws {
        let place = try DirectoryPlace(file)
        directory = place.start..<file.byteCount
        let entries = try place.entries(file)
        let heads = try file.parts(
            entries.map { $0.offset..<$0.offset + min(ZipArchive.localByteCount, place.start - $0.offset) })
        var names: Set<[UInt8]> = []
        members = try zip(entries, heads).map { entry, head in
            guard names.insert(Array(entry.name.utf8)).inserted else {
                throw ContainerError.duplicate(name: entry.name)
            }
            let start = try entry.offset + ZipArchive.byteCount(ofLocal: head, of: entry)
            guard start <= place.start, entry.byteCount <= place.start - start else {
                throw ContainerError.badRange(name: entry.name)
            }
            return Member(name: entry.name, range: start..<start + entry.byteCount)
        }
    }

    /// The length of the header that stands in front of a member.
    private static func byteCount(ofLocal head: [UInt8], of entry: Entry) throws -> UInt64 {
        do {
            var reader = ByteReader(head)
            guard reader.skip("PK\u{3}\u{4}") else { throw ContainerError.malformed(offset: entry.offset) }
            _ = try reader.u16()
            let (flags, method) = (try reader.u16(), try reader.u16())
            guard flags & 1 == 0, method == 0 else { throw ContainerError.unknown(offset: entry.offset) }
            _ = try reader.take(16)
            let (nameByteCount, extraByteCount) = (try reader.u16(), try reader.u16())
            return localByteCount + UInt64(nameByteCount) + UInt64(extraByteCount)
        } catch is ByteError { throw ContainerError.truncated(offset: entry.offset) }
    }

    /// A row of the directory.
    fileprivate struct Entry {
        let name: String
        let byteCount: UInt64
        /// Where its local header begins.
        let offset: UInt64
    }
}

/// Where the directory is.
private struct DirectoryPlace {
    let start: UInt64
    let byteCount: UInt64
    let entryCount: UInt64

    private static let endByteCount: UInt64 = 22
    private static let locatorByteCount: UInt64 = 20
    private static let wideEndByteCount: UInt64 = 56

    init(_ file: some FileBytes) throws {
        guard file.byteCount >= Self.endByteCount else { throw ContainerError.truncated(offset: 0) }
        let end = file.byteCount - Self.endByteCount
        let place: (count: UInt64, byteCount: UInt64, start: UInt64)
        do {
            var reader = ByteReader(try file.part(at: end, count: Self.endByteCount))
            guard reader.skip("PK\u{5}\u{6}") else { throw ContainerError.unknown(offset: end) }
            let disks = (try reader.u16(), try reader.u16())
            let counts = (try reader.u16(), try reader.u16())
            let (byteCount, start) = (try reader.u32(), try reader.u32())
            guard disks == (0, 0), counts.0 == counts.1, try reader.u16() == 0 else {
                throw ContainerError.unknown(offset: end)
            }
            let isWide = counts.0 == .max || byteCount == .max || start == .max
            place =
                isWide
                ? try Self.wide(file, before: end) : (UInt64(counts.0), UInt64(byteCount), UInt64(start))
        } catch is ByteError { throw ContainerError.truncated(offset: end) }
        guard place.start <= end, place.byteCount <= end - place.start else {
            throw ContainerError.truncated(offset: end)
        }
        guard place.count <= UInt64(TensorFile.tensorLimit), place.byteCount <= ZipArchive.directoryByteLimit
        else { throw ContainerError.tooLarge(offset: end) }
        (entryCount, byteCount, start) = (place.count, place.byteCount, place.start)
    }

    /// The same from the end record with fields of 64 bits.
    private static func wide(
        _ file: some FileBytes, before end: UInt64
    ) throws -> (count: UInt64, byteCount: UInt64, start: UInt64) {
        guard end >= locatorByteCount else { throw ContainerError.truncated(offset: end) }
        let locator = end - locatorByteCount
        var reader = ByteReader(try file.part(at: locator, count: locatorByteCount))
        guard reader.skip("PK\u{6}\u{7}"), try reader.u32() == 0 else {
            throw ContainerError.malformed(offset: locator)
        }
        let offset = try reader.u64()
        guard offset <= locator, locator - offset >= wideEndByteCount else {
            throw ContainerError.truncated(offset: locator)
        }
        reader = ByteReader(try file.part(at: offset, count: wideEndByteCount))
        guard reader.skip("PK\u{6}\u{6}") else { throw ContainerError.malformed(offset: offset) }
        _ = try reader.take(12)
        let disks = (try reader.u32(), try reader.u32())
        let counts = (try reader.u64(), try reader.u64())
        guard disks == (0, 0), counts.0 == counts.1 else { throw ContainerError.unknown(offset: offset) }
        return (counts.0, try reader.u64(), try reader.u64())
    }

    func entries(_ file: some FileBytes) throws -> [ZipArchive.Entry] {
        do {
            var reader = ByteReader(try file.part(at: start, count: byteCount))
            let entries = try (0..<entryCount).map { _ in try entry(&reader) }
            try reader.expectEnd()
            return entries
        } catch is ByteError { throw ContainerError.truncated(offset: start) }
    }

    private func entry(_ reader: inout ByteReader) throws -> ZipArchive.Entry {
        let place = start + UInt64(reader.offset)
        guard reader.skip("PK\u{1}\u{2}") else { throw ContainerError.malformed(offset: place) }
        _ = try reader.take(4)
        let (flags, method) = (try reader.u16(), try reader.u16())
        _ = try reader.take(8)
        let sizes = (stored: try reader.u32(), raw: try reader.u32())
        let nameByteCount = try reader.u16()
        let extraByteCount = try reader.u16()
        let commentByteCount = try reader.u16()
        let disk = try reader.u16()
        _ = try reader.take(6)
        let offset = try reader.u32()
        let name = String(validating: try reader.take(Int(nameByteCount)), as: UTF8.self)
        let extra = try reader.take(Int(extraByteCount))
        _ = try reader.take(Int(commentByteCount))
        // Neither encrypted nor compressed, nor on another volume.
        guard flags & 1 == 0, method == 0, disk == 0 else { throw ContainerError.unknown(offset: place) }
        guard let name else { throw ContainerError.malformed(offset: place) }
        var wide = try Self.wideFields(extra)
        func field(_ narrow: UInt32) throws -> UInt64 {
            guard narrow == .max else { return UInt64(narrow) }
            return try wide.u64()
        }
        let raw = try field(sizes.raw)
        let stored = try field(sizes.stored)
        let first = try field(offset)
        guard raw == stored, first <= start else { throw ContainerError.badRange(name: name) }
        return ZipArchive.Entry(name: name, byteCount: raw, offset: first)
    }

    /// The fields of 64 bits that stand for those which are too narrow.
    private static func wideFields(_ extra: ArraySlice<UInt8>) throws -> ByteReader {
        var reader = ByteReader(Array(extra))
        while !reader.isAtEnd {
            let (id, size) = (try reader.u16(), try reader.u16())
            let field = try reader.take(Int(size))
            if id == 1 { return ByteReader(Array(field)) }
        }
        return reader
    }
}

extension ZipArchive {
    /// What `numpy.savez` writes: each member an array; nil for another archive.
    func arrays(_ file: some FileBytes) throws -> TensorFile? {
        let suffix = ".npy"
        guard !members.isEmpty, members.allSatisfy({ $0.name.hasSuffix(suffix) }) else { return nil }
        let places = members.map { (name: String($0.name.dropLast(suffix.count)), range: $0.range) }
        return try TensorFile(
            .npz, byteCount: file.byteCount, headers: [directory],
            tensors: ArrayHeader.tensors(places, in: file))
    }
}
