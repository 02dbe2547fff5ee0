// SPDX-License-Identifier: Apache-2.0

extension Encoder {
    /// Writes `raw` to `output` in the codec that suits it; like ``encode(_:into:)``, but slower to decode where that
    /// saves more.
    ///
    /// What suits is judged by samples: noise costs little more than LZ4 alone, which passes over it.
    package func encodeChunk(
        _ raw: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) -> Result {
        precondition(raw.count <= CodecLimit.chunkByteCount && output.count >= raw.count)
        guard raw.count >= LaneGuess.shortest, let guess = LaneGuess(raw) else {
            return encode(raw, into: output)
        }
        if guess.elementSize != .one && !matchesSaveMore(than: guess, in: raw, using: output),
            let length = encodeLanes(
                raw, guess, into: output, atMost: Encoder.longestWorthwhile(for: raw.count))
        {
            return checked(Result(codec: .lanes, byteCount: length), in: output, of: raw)
        }
        let best = encodeByMatches(raw, guess, into: output)
        return best.codec == .stored ? best : checked(best, in: output, of: raw)
    }

    /// Whether LZ4, coded or not, would save more than lanes do, judged by a piece from the middle.
    private func matchesSaveMore(
        than guess: LaneGuess, in raw: UnsafeRawBufferPointer, using output: UnsafeMutableRawBufferPointer
    ) -> Bool {
        let count = min(raw.count / 4, 16_384)
        let start = (raw.count - count) / 2
        let piece = UnsafeRawBufferPointer(rebasing: raw[start..<start + count])
        guard let length = encodeLZ4(piece, into: UnsafeMutableRawBufferPointer(rebasing: output[..<count]))
        else { return false }
        let block = UnsafeRawBufferPointer(rebasing: output[..<length])
        let share = Lanes.share(of: block, elementSize: .one, sampleCount: LaneGuess.sampleCount)
        return Double(length) * share < guess.share * Double(count)
    }

    /// LZ4, zstd where that is worth its time, or lanes where they turn out to save more.
    private func encodeByMatches(
        _ raw: UnsafeRawBufferPointer, _ guess: LaneGuess, into output: UnsafeMutableRawBufferPointer
    ) -> Result {
        var best = Result(codec: .stored, byteCount: raw.count)
        if let length = encodeLZ4(raw, into: UnsafeMutableRawBufferPointer(rebasing: output[..<raw.count])) {
            best = Result(codec: .lz4, byteCount: length)
            // Takes several times as long to decode as LZ4.
            let target = room(max(0, length - raw.count / 50))
            if let shorter = zstd.encode(raw, into: target) {
                best = Result(codec: .zstd, byteCount: shorter)
                output.copyMemory(from: UnsafeRawBufferPointer(rebasing: target[..<shorter]))
            }
        }
        if guess.share * Double(raw.count) < 0.98 * Double(best.byteCount) {
            let target = room(raw.count)
            if let shorter = encodeLanes(raw, guess, into: target, atMost: best.byteCount - 1) {
                best = Result(codec: .lanes, byteCount: shorter)
                output.copyMemory(from: UnsafeRawBufferPointer(rebasing: target[..<shorter]))
            }
        }
        guard best.byteCount <= Encoder.longestWorthwhile(for: raw.count) else {
            return Result(codec: .stored, byteCount: raw.count)
        }
        return best
    }

    private func encodeLanes(
        _ raw: UnsafeRawBufferPointer, _ guess: LaneGuess, into output: UnsafeMutableRawBufferPointer,
        atMost count: Int
    ) -> Int? {
        Lanes.encode(
            raw, elementSize: guess.elementSize,
            into: UnsafeMutableRawBufferPointer(rebasing: output[..<count]))
    }
}

/// The size of elements that suits some bytes best, judged by a sample.
package struct LaneGuess {
    /// Shorter chunks are left to LZ4: the tables of codes would take what they save.
    static let shortest = 1_024
    /// Of single bytes: enough to tell noise.
    static let sampleCount = 1_024
    /// By this factor a size must be better than a smaller one: more lanes have more tables, and a small sample flatters
    /// them.
    private static let advantage = 0.985

    package let elementSize: Lanes.ElementSize
    /// Of the length of the bytes.
    package let share: Double

    /// Nil for bytes that look like noise, or, with a base, that are not as long as it.
    package init?(_ raw: UnsafeRawBufferPointer, base: UnsafeRawBufferPointer? = nil) {
        if let base, base.count != raw.count { return nil }
        let symbolsPerLane = raw.count < 262_144 ? 512 : 1_024
        func share(_ size: Lanes.ElementSize) -> Double {
            let count = max(LaneGuess.sampleCount, symbolsPerLane * Int(size.rawValue))
            return Lanes.share(of: raw, base: base, elementSize: size, sampleCount: count)
        }
        var best = (size: Lanes.ElementSize.one, share: share(.one))
        guard best.share < 1 else { return nil }
        for size in [Lanes.ElementSize.two, .four, .eight] {
            let share = share(size)
            if share < LaneGuess.advantage * best.share {
                best = (size, share)
            } else if size != .two {
                break
            }
        }
        (elementSize, self.share) = best
    }
}
