// SPDX-License-Identifier: Apache-2.0

import RegCodec
import RegTesting

/// Kinds of bytes that codecs meet.
enum Sample: CaseIterable {
    case zeros, noise, text, tokens, sparse, almostNoise

    func bytes(count: Int) -> [UInt8] {
        let seed = UInt64(count)
        switch self {
        case .zeros: return [UInt8](repeating: 0, count: count)
        case .noise: return seededBytes(count: count, seed: seed)
        case .text:
            return Array(
                (0..<count / 8 + 1).map { "\($0 * 7_919 % 9_973),word\n" }.joined().utf8.prefix(count))
        case .tokens: return seededBytes(count: count, seed: seed).enumerated().map { $0 % 4 < 2 ? $1 : 0 }
        case .sparse: return seededBytes(count: count, seed: seed).map { $0 < 8 ? $0 : 0 }
        case .almostNoise:
            let noise = seededBytes(count: count, seed: seed)
            return Array(noise.dropLast(count / 100)) + noise.prefix(count / 100)
        }
    }
}

/// Lengths around the borders of LZ4 and up to the largest usual chunk.
let sampleCounts = [
    0, 1, 2, 11, 12, 13, 63, 64, 65, 127, 1_000, 4_096, 65_535, 65_536, 65_548, 262_144, 1 << 20,
]

/// Numbers as programs keep them, little-endian.
enum Numbers: CaseIterable {
    case bf16, f16, f32, f64, oddFloats, zeroRows, ids, labels, steps

    /// Of an element, in bytes.
    var size: Lanes.ElementSize {
        switch self {
        case .bf16, .f16: .two
        case .f32, .oddFloats, .zeroRows, .ids: .four
        case .f64, .labels, .steps: .eight
        }
    }

    /// The first `count` bytes of them.
    func bytes(count: Int, seed: UInt64 = 1) -> [UInt8] {
        var random = SeededRandom(seed: seed)
        let elements = count / Int(size.rawValue) + 1
        var total: UInt64 = 0
        let words: [UInt64] = (0..<elements).map { index in
            switch self {
            case .bf16: return UInt64((random.weight().bitPattern + 0x8000) >> 16)
            case .f16: return UInt64(Float16(random.weight()).bitPattern)
            case .f32: return UInt64(random.weight().bitPattern)
            case .f64: return Double(random.weight()).bitPattern ^ random.next() >> 12
            case .oddFloats:  // NaN with payloads, infinities, denormals, zeros of both signs
                let patterns: [UInt32] = [
                    0x7fc0_0000, 0xff80_0001, 0x7f80_0000, 0x8000_0000, 0, 1, 0x7f_ffff,
                ]
                return UInt64(patterns[Int(random.next() % 7)] | UInt32(random.next() & 3))
            case .zeroRows: return index / 256 % 3 == 0 ? UInt64(random.weight().bitPattern) : 0
            case .ids: return random.next() % (1 + random.next() % 50_000)
            case .labels: return random.next() % 1_000
            case .steps:
                total += random.next() % 1_000
                return total
            }
        }
        let bytes = words.flatMap { word in
            (0..<size.rawValue).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) }
        }
        return Array(bytes.prefix(count))
    }
}

extension SeededRandom {
    /// As a layer of a network has them: nearly normal, standard deviation 0.02.
    fileprivate mutating func weight() -> Float {
        (0..<12).reduce(Float(-6)) { sum, _ in sum + Float(next() >> 40) / Float(1 << 24) } * 0.02
    }
}
