// SPDX-License-Identifier: Apache-2.0

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
