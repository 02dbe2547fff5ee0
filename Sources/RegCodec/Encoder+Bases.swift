// SPDX-License-Identifier: Apache-2.0

internal import Glibc

extension Encoder {
    /// Writes `raw` to `output` by what it has in common with `base`, if that takes at most `longest` bytes, which are
    /// fewer than it has.
    ///
    /// Numbers of the same length become differences; else parts of the base are repeated. Both are at most
    /// ``CodecLimit/chunkByteCount`` long, `output` at least `longest`.
    /// - Returns: nil where it would take more, or would not decode to the same bytes.
    package func encode(
        _ raw: UnsafeRawBufferPointer, base: UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer, atMost longest: Int
    ) -> Result? {
        precondition(max(raw.count, base.count) <= CodecLimit.chunkByteCount && longest < raw.count)
        let target = UnsafeMutableRawBufferPointer(rebasing: output[..<longest])
        var best: Result?
        if let guess = LaneGuess(raw, base: base), guess.share * Double(raw.count) < Double(longest),
            let length = Lanes.encode(raw, base: base, elementSize: guess.elementSize, into: target)
        {
            best = Result(codec: .difference, byteCount: length)
            if guess.elementSize != .one { return matches(best, in: output, of: raw, base: base) }
        }
        let other = room(best.map { $0.byteCount - 1 } ?? longest)
        if let length = BaseBlocks.encode(raw, base: base, state: state, into: other) {
            best = Result(codec: .lz4WithBase, byteCount: length)
            output.copyMemory(from: UnsafeRawBufferPointer(rebasing: other[..<length]))
        }
        return matches(best, in: output, of: raw, base: base)
    }

    /// `result`, if what lies in `output` decodes to `raw`.
    private func matches(
        _ result: Result?, in output: UnsafeMutableRawBufferPointer, of raw: UnsafeRawBufferPointer,
        base: UnsafeRawBufferPointer
    ) -> Result? {
        guard let result, let expected = raw.baseAddress else { return nil }
        let again = room(raw.count)
        let stored = UnsafeRawBufferPointer(rebasing: output[..<result.byteCount])
        // That it does not decode is the answer.
        guard (try? result.codec.decode(stored, base: base, into: again)) != nil,
            let found = again.baseAddress
        else { return nil }
        return memcmp(expected, found, raw.count) == 0 ? result : nil
    }
}
