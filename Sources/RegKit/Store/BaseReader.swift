// SPDX-License-Identifier: Apache-2.0
internal import RegCodec
internal import RegHash
internal import RegPack
internal import RegStore

/// Gives the raw bytes of bases, decoding those below them first.
///
/// For one thread at a time; what it gave is good until it is asked again.
final class BaseReader {
    /// The stored bytes of copies that were read ahead, and where in them each lies.
    private let ahead = ReusedBuffer()
    private var places: [Place: Range<Int>] = [:]
    /// For what is read one by one.
    private let stored = ReusedBuffer()
    /// Bases are decoded from one into the other.
    private let rooms = (ReusedBuffer(), ReusedBuffer())

    /// Bytes between bases that are read along in all, and about as much again at most.
    private static let gapsLimit = 4 << 20
    /// No encoder makes a chunk longer than this, in bytes.
    private static let longestStored = CodecLimit.storedByteCount(raw: CodecLimit.chunkByteCount)

    private struct Place: Hashable {
        let pack: PackName
        let offset: UInt64
        let storedLength: UInt32

        init(_ copy: Copy) {
            pack = copy.pack
            offset = copy.offset
            storedLength = copy.storedLength
        }
    }

    /// Reads copies that will be asked for, with all that they need; those that lie near each other in a pack in one
    /// request.
    func readAhead(_ copies: [Copy], _ reader: CopyReader) throws {
        places.removeAll(keepingCapacity: true)
        var bases: [Copy] = []
        for copy in copies.flatMap(\.chain) where places.updateValue(0..<0, forKey: Place(copy)) == nil {
            try check(copy)
            bases.append(copy)
        }
        bases.sort { ($0.pack, $0.offset) < ($1.pack, $1.offset) }
        var runs: [(copies: Range<Int>, room: Range<Int>)] = []
        var (end, gaps) = (0, 0)
        for (index, base) in bases.enumerated() {
            let last = index > 0 ? bases[index - 1] : nil
            if let last, let run = runs.last, last.pack == base.pack, base.offset >= last.end,
                base.offset - last.end <= reader.gapLimit, gaps < BaseReader.gapsLimit
            {
                gaps += Int(base.offset - last.end)
                let start = end + Int(base.offset - last.end)
                end = start + Int(base.storedLength)
                places[Place(base)] = start..<end
                runs[runs.count - 1] = (run.copies.lowerBound..<index + 1, run.room.lowerBound..<end)
            } else {
                places[Place(base)] = end..<end + Int(base.storedLength)
                runs.append((index..<index + 1, end..<end + Int(base.storedLength)))
                end += Int(base.storedLength)
            }
        }
        let room = ahead.room(end)
        for run in runs {
            let first = bases[run.copies.lowerBound]
            let target = UnsafeMutableRawBufferPointer(rebasing: room[run.room])
            try reader.read(first.pack, at: first.offset, into: target)
        }
    }

    /// The raw bytes of a base.
    ///
    /// - Throws: `codec` where it does not decode; that it decodes to the right bytes, only the hash of what needs it
    ///   tells.
    func bytes(
        of base: Copy.Base, _ reader: CopyReader, _ mode: ReadMode = .usual
    ) throws -> UnsafeRawBufferPointer {
        var below: UnsafeRawBufferPointer?
        for (depth, level) in base.levels.enumerated() {
            let (copy, rawLength) = (level.copy, Int(level.rawLength))
            try check(copy)
            do {
                try copy.codec.checkLengths(stored: Int(copy.storedLength), raw: rawLength)
                let raw = (depth % 2 == 0 ? rooms.0 : rooms.1).room(rawLength)
                try copy.codec.decode(try storedBytes(of: copy, reader, mode), base: below, into: raw)
                below = UnsafeRawBufferPointer(raw)
            } catch let error as CodecError { throw RegError.codec(error, of: copy.subject) }
        }
        return below ?? UnsafeRawBufferPointer(start: nil, count: 0)
    }

    /// Before there is room made for it.
    private func check(_ copy: Copy) throws {
        guard copy.storedLength <= BaseReader.longestStored else {
            throw RegError(.corrupt, "\(copy.subject) is damaged: it is longer than it can be")
        }
    }

    private func storedBytes(
        of copy: Copy, _ reader: CopyReader, _ mode: ReadMode
    ) throws -> UnsafeRawBufferPointer {
        if mode == .usual, let range = places[Place(copy)] { return ahead.bytes(range) }
        let room = stored.room(Int(copy.storedLength))
        try reader.read(copy.pack, at: copy.offset, into: room, mode)
        return UnsafeRawBufferPointer(room)
    }
}

extension Copy.Base {
    /// This base after those below it.
    fileprivate var levels: [Copy.Base] { (copy.base?.levels ?? []) + [self] }
}

extension Copy {
    /// The chunk as messages name it.
    var subject: String { "the chunk at byte \(offset) of pack \(pack.hex)" }
}

/// Memory that is used again, as much as was ever needed.
final class ReusedBuffer {
    private var memory = UnsafeMutableRawBufferPointer(start: nil, count: 0)

    deinit { memory.deallocate() }

    /// The first `count` bytes; what they held before is lost where there were fewer.
    func room(_ count: Int) -> UnsafeMutableRawBufferPointer {
        if memory.count < count {
            memory.deallocate()
            memory = .allocate(byteCount: count, alignment: 64)
        }
        return UnsafeMutableRawBufferPointer(rebasing: memory[..<count])
    }

    func bytes(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: memory[range])
    }
}
