// SPDX-License-Identifier: Apache-2.0

/// Pseudo-random numbers that a seed fixes for good: SplitMix64.
///
/// For tests and benchmarks only; golden values depend on it, so it must not change.
/// - SeeAlso: Steele, Lea, Flood, Fast splittable pseudorandom number generators, OOPSLA 2014.
package struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

/// `count` bytes of noise: the little-endian bytes of ``SeededRandom``'s numbers in order.
package func seededBytes(count: Int, seed: UInt64) -> [UInt8] {
    var random = SeededRandom(seed: seed)
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
        let raw = UnsafeMutableRawBufferPointer(buffer)
        let words = count / 8
        for word in 0..<words {
            raw.storeBytes(of: random.next().littleEndian, toByteOffset: 8 * word, as: UInt64.self)
        }
        withUnsafeBytes(of: random.next().littleEndian) { last in
            for index in 8 * words..<count { raw[index] = last[index - 8 * words] }
        }
        initialized = count
    }
}
