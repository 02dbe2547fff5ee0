// SPDX-License-Identifier: Apache-2.0

internal import RegBytes

/// Finds the parts that some bytes have in common with others.
///
/// They are looked for first where they would be if bytes were only replaced, then anywhere.
struct PartFinder {
    /// Shorter parts take nearly as much to name as to write.
    private static let shortest = 12
    /// Of the other bytes, every eighth place is known; where eight equal bytes begin, a part is looked at.
    private static let step = 8

    private let raw: UnsafeRawBufferPointer
    private let base: UnsafeRawBufferPointer
    /// By a hash of eight bytes, a place of `base` that has them, and 1 more; 0 for none.
    ///
    /// Made when first needed.
    private var places: [UInt32] = []
    private var commands = ByteWriter()
    private var literals: [UInt8] = []

    init(_ raw: UnsafeRawBufferPointer, _ base: UnsafeRawBufferPointer) {
        self.raw = raw
        self.base = base
    }

    /// Commands and literals, as docs/format.md has them; nil where they would be more than `limit` bytes.
    mutating func body(atMost limit: Int) -> [UInt8]? {
        /// What is not written yet begins at `literal`; `known` is where in the base the last part ended.
        var (place, literal, known) = (0, 0, 0)
        while place + 8 <= raw.count {
            guard let part = part(at: place, literal: literal, known: known) else {
                place += 1
                if place - literal + literals.count > limit { return nil }
                continue
            }
            append(literal: literal..<part.start)
            commands.varint(part.count)
            commands.zigzag(Int64(part.baseStart - known - (part.start - literal)))
            place = part.start + part.count
            literal = place
            known = part.baseStart + part.count
        }
        if literal < raw.count { append(literal: literal..<raw.count) }
        var body = ByteWriter()
        body.varint(commands.count)
        body.append(commands.bytes)
        body.append(literals)
        return body.count <= limit ? body.bytes : nil
    }

    private mutating func append(literal range: Range<Int>) {
        commands.varint(range.count)
        literals.append(contentsOf: raw[range])
    }

    private struct Part {
        /// In the raw bytes.
        var start: Int
        var baseStart: Int
        var count: Int
    }

    /// A part that has the eight bytes at `place`; it may begin before, but not before `literal`.
    private mutating func part(at place: Int, literal: Int, known: Int) -> Part? {
        let word = raw.loadUnaligned(fromByteOffset: place, as: UInt64.self)
        let beside = known + place - literal
        if let part = part(at: place, beside, word, literal: literal) { return part }
        if places.isEmpty { findPlaces() }
        let found = Int(places[slot(of: word)])
        return found > 0 ? part(at: place, found - 1, word, literal: literal) : nil
    }

    /// The part that has `word` at these places; nil where it is not there, or too short.
    private func part(at place: Int, _ basePlace: Int, _ word: UInt64, literal: Int) -> Part? {
        guard basePlace + 8 <= base.count,
            base.loadUnaligned(fromByteOffset: basePlace, as: UInt64.self) == word
        else { return nil }
        var part = Part(start: place, baseStart: basePlace, count: 8)
        while part.start > literal, part.baseStart > 0, raw[part.start - 1] == base[part.baseStart - 1] {
            part.start -= 1
            part.baseStart -= 1
            part.count += 1
        }
        let most = min(raw.count - part.start, base.count - part.baseStart)
        while part.count + 8 <= most, equals(part, UInt64.self) { part.count += 8 }
        while part.count < most, equals(part, UInt8.self) { part.count += 1 }
        return part.count >= PartFinder.shortest || part.start + part.count == raw.count ? part : nil
    }

    /// Whether what follows a part is the same as well.
    private func equals<Word: FixedWidthInteger & BitwiseCopyable>(_ part: Part, _: Word.Type) -> Bool {
        raw.loadUnaligned(fromByteOffset: part.start + part.count, as: Word.self)
            == base.loadUnaligned(fromByteOffset: part.baseStart + part.count, as: Word.self)
    }

    private mutating func findPlaces() {
        let count = max(256, base.count / PartFinder.step)
        places = Array(repeating: 0, count: 1 << (Int.bitWidth - (count - 1).leadingZeroBitCount))
        guard base.count >= 8 else { return }
        // Backwards, so that the first of equal ones is kept.
        for place in stride(
            from: (base.count - 8) / PartFinder.step * PartFinder.step, through: 0, by: -PartFinder.step)
        {
            places[slot(of: base.loadUnaligned(fromByteOffset: place, as: UInt64.self))] = UInt32(place + 1)
        }
    }

    private func slot(of word: UInt64) -> Int {
        Int((word &* 0x9e37_79b9_7f4a_7c15) >> UInt64(places.count.leadingZeroBitCount + 1))
    }
}
