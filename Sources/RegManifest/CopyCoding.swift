// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegCodec
internal import RegHash
internal import RegPack

/// The offset of a pack's first entry: what the first copy in a pack is coded against.
private let firstOffset: UInt64 = 8

/// Writes copies against a table of packs, each offset relative to the end of the copy before it in its pack.
///
/// A base is written with the first copy that has it, and named by its number from then on.
struct CopyEncoder {
    private(set) var packs: [PackName] = []
    private var positions: [PackName: Int] = [:]
    private var ends: [UInt64] = []
    private var bases: [Copy.Base: Int] = [:]

    /// A table that starts with `packs` and grows by what is used.
    init(packs: [PackName] = []) { for pack in packs { _ = position(of: pack) } }

    private mutating func position(of pack: PackName) -> Int {
        if let known = positions[pack] { return known }
        positions[pack] = packs.count
        packs.append(pack)
        ends.append(firstOffset)
        return packs.count - 1
    }

    mutating func encode(_ copy: Copy, to writer: inout ByteWriter) {
        let position = position(of: copy.pack)
        writer.varint(position)
        writer.zigzag(Int64(bitPattern: copy.offset &- ends[position]))
        writer.varint(UInt64(copy.storedLength))
        writer.u8(copy.codec.rawValue)
        ends[position] = copy.end
        guard let base = copy.base else { return writer.varint(0) }
        if let number = bases[base] { return writer.varint(number + 2) }
        writer.varint(1)
        writer.varint(UInt64(base.rawLength))
        encode(base.copy, to: &writer)
        bases[base] = bases.count
    }
}

/// Reads what ``CopyEncoder`` writes.
struct CopyDecoder {
    private let packs: [PackName]
    private var ends: [UInt64]
    private var bases: [Copy.Base] = []
    private var knownBases: Set<Copy.Base> = []
    /// How many packs of the table were used so far, up to the last of them.
    private(set) var usedCount = 0
    /// Whether no pack of the table was used before those that stand before it.
    private(set) var isInOrderOfUse = true

    init(packs: [PackName]) {
        self.packs = packs
        ends = Array(repeating: firstOffset, count: packs.count)
    }

    /// `depthLimit`: how many bases may stand one below the other.
    mutating func decode(
        _ reader: inout ByteReader, depthLimit: Int = Copy.depthLimit
    ) throws -> Copy {
        let position = try reader.count(limit: Int(Int32.max))
        guard position < packs.count else {
            throw ManifestError.malformed("pack \(position) is not in its table")
        }
        if position > usedCount { isInOrderOfUse = false }
        usedCount = max(usedCount, position + 1)
        let (offset, overflow) = ends[position].addingReportingOverflow(signed: try reader.zigzag())
        let length = try reader.count(limit: Int(PackIndex.packLimit))
        guard !overflow, offset >= firstOffset, offset <= PackIndex.packLimit else {
            throw ManifestError.malformed("a copy lies outside its pack")
        }
        let codec = CodecID(rawValue: try reader.u8())
        ends[position] = offset + UInt64(length)
        let base = try decodeBase(&reader, depthLimit: depthLimit)
        guard base == nil ? !codec.needsBase : !codec.standsAlone else {
            throw ManifestError.malformed("a copy of codec \(codec.rawValue) has a base, or lacks one")
        }
        return Copy(
            pack: packs[position], offset: offset, storedLength: UInt32(length), codec: codec, base: base)
    }

    private mutating func decodeBase(_ reader: inout ByteReader, depthLimit: Int) throws -> Copy.Base? {
        let number = try reader.varint()
        if number == 0 { return nil }
        guard depthLimit > 0 else { throw ManifestError.newerVersion("a base too many") }
        if number > 1 {
            guard number - 2 < UInt64(bases.count) else {
                throw ManifestError.malformed("base \(number - 2) does not come before its use")
            }
            let base = bases[Int(number - 2)]
            guard base.copy.depth < depthLimit else { throw ManifestError.newerVersion("a base too many") }
            return base
        }
        let rawLength = try reader.count(limit: EntryKind.chunk.rawLimit)
        let base = Copy.Base(
            try decode(&reader, depthLimit: depthLimit - 1), rawLength: UInt32(rawLength))
        guard knownBases.insert(base).inserted else {
            throw ManifestError.malformed("a base is written twice")
        }
        bases.append(base)
        return base
    }
}

extension UInt64 {
    fileprivate func addingReportingOverflow(signed delta: Int64) -> (UInt64, Bool) {
        delta >= 0
            ? addingReportingOverflow(UInt64(delta)) : subtractingReportingOverflow(delta.magnitude)
    }
}

/// Writes paths, each as the length it shares with the one before and the rest.
struct PathEncoder {
    private var last = BytePath([])

    mutating func encode(_ path: BytePath, to writer: inout ByteWriter) {
        let shared = commonPrefix(last, path)
        writer.varint(shared)
        writer.varint(path.bytes.count - shared)
        writer.append(path.bytes[shared...])
        last = path
    }
}

/// Reads what ``PathEncoder`` writes.
///
/// A few bytes can stand for a long path, so that what all paths take together has a limit of its own.
struct PathDecoder {
    private var last = BytePath([])
    private var allowance: Int

    /// A decoder of at most `byteLimit` bytes of paths.
    init(byteLimit: Int) { allowance = byteLimit }

    mutating func decode(_ reader: inout ByteReader) throws -> BytePath {
        let shared = try reader.count(limit: last.bytes.count)
        let rest = try reader.take(try reader.count(limit: PathHazard.maximumByteCount - shared))
        allowance -= shared + rest.count
        guard allowance >= 0 else { throw ManifestError.overLimit("the length of its paths together") }
        if shared < last.bytes.count, let next = rest.first, next == last.bytes[shared] {
            throw ManifestError.malformed("a path is not in its shortest form")
        }
        last = BytePath(last.bytes[..<shared] + rest)
        return last
    }
}

func commonPrefix(_ left: BytePath, _ right: BytePath) -> Int {
    left.bytes.withUnsafeBufferPointer { left in
        right.bytes.withUnsafeBufferPointer { right in
            var count = 0
            let limit = min(left.count, right.count)
            while count < limit && left[count] == right[count] { count += 1 }
            return count
        }
    }
}
