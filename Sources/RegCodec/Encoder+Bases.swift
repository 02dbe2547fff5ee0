// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// What bytes that are to be stored have in common with others.
package enum Likeness: Sendable {
    /// They are the same numbers, a little changed.
    case numbers
    /// Parts of them are the same, near the same places.
    case text
}

extension Encoder {
    /// What is coded against a base must take at most this much of what it would take by itself: it costs every pull of it
    /// another read.
    private static let worthwhileShare = 0.8
    /// What takes less than this of its raw length is not held against coding without the base.
    private static let clearShare = 0.125

    /// Like ``encodeChunk(_:into:)``, but against `base` where that saves much more.
    ///
    /// Both are at most ``CodecLimit/chunkByteCount`` long.
    package func encodeChunk(
        _ raw: UnsafeRawBufferPointer, base: UnsafeRawBufferPointer, _ likeness: Likeness,
        into output: UnsafeMutableRawBufferPointer
    ) -> Result {
        precondition(max(raw.count, base.count) <= CodecLimit.chunkByteCount && output.count >= raw.count)
        let based =
            switch likeness {
            case .numbers: encodeDifference(raw, base: base, into: output)
            case .text: encodeParts(raw, base: base, into: output)
            }
        return based ?? encodeChunk(raw, into: output)
    }

    private func encodeDifference(
        _ raw: UnsafeRawBufferPointer, base: UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer
    ) -> Result? {
        guard raw.count >= LaneGuess.shortest, let guess = LaneGuess(raw, base: base) else { return nil }
        let longest = Encoder.worthwhileShare * (LaneGuess(raw)?.share ?? 1) * Double(raw.count)
        guard guess.share * Double(raw.count) < longest,
            let length = Lanes.encode(
                raw, base: base, elementSize: guess.elementSize,
                into: UnsafeMutableRawBufferPointer(rebasing: output[..<min(Int(longest), raw.count - 1)]))
        else { return nil }
        return matching(Result(codec: .difference, byteCount: length), in: output, of: raw, base: base)
    }

    private func encodeParts(
        _ raw: UnsafeRawBufferPointer, base: UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer
    ) -> Result? {
        let longest = Int(Encoder.worthwhileShare * Double(raw.count))
        let clear = Int(Encoder.clearShare * Double(raw.count))
        let target = UnsafeMutableRawBufferPointer(rebasing: output[..<longest])
        guard let length = BaseParts.encode(raw, base: base, encoder: self, into: target) else { return nil }
        let based = Result(codec: .parts, byteCount: length)
        guard let based = matching(based, in: output, of: raw, base: base) else { return nil }
        if length <= clear { return based }
        let alone = UnsafeMutableRawBufferPointer.allocate(byteCount: raw.count, alignment: 16)
        defer { alone.deallocate() }
        let plain = encodeChunk(raw, into: alone)
        if Double(length) < Encoder.worthwhileShare * Double(plain.byteCount) { return based }
        if plain.codec != .stored {
            output.copyMemory(from: UnsafeRawBufferPointer(rebasing: alone[..<plain.byteCount]))
        }
        return plain
    }

    /// `result`, if what lies in `output` decodes to `raw`.
    private func matching(
        _ result: Result, in output: UnsafeMutableRawBufferPointer, of raw: UnsafeRawBufferPointer,
        base: UnsafeRawBufferPointer
    ) -> Result? {
        guard let expected = raw.baseAddress else { return nil }
        let again = room(raw.count)
        let stored = UnsafeRawBufferPointer(rebasing: output[..<result.byteCount])
        // That it does not decode is the answer.
        guard (try? result.codec.decode(stored, base: base, into: again)) != nil,
            let found = again.baseAddress
        else { return nil }
        return memcmp(expected, found, raw.count) == 0 ? result : nil
    }
}
