// SPDX-License-Identifier: Apache-2.0

/// The places where content allows a cut: a pure function of the 32 bytes before each, in two stages.
///
/// Stage 1 looks at 8 bytes with 8-bit arithmetic, which the compiler turns into vector code, and lets about one
/// place in 256 through; stage 2 hashes 32 bytes there and lets one in 256 of those through.
/// - SeeAlso: docs/format.md, "Chunking".
enum Boundary {
    /// Bytes before a place that decide whether it is one.
    static let window = 32

    /// The value of stage 1 that lets a place through.
    ///
    /// One of the 100 values that no run of a single byte value gives, and one that noise of the bytes 0 and 255
    /// does give. Rates on eighteen kinds of data (text, floats, integers, images, code): 1/224 to 1/355.
    static let wanted: UInt8 = 0x77

    /// Places that stage 1 looks at before stage 2 does; few enough that the marks stay in the first-level cache.
    static let blockCount = 2_048

    /// The first boundary among the places `start` to `end` of `bytes`, both included.
    ///
    /// Place p lies between bytes p − 1 and p; `start` is ``window`` at least, `end` is `bytes.count` at most.
    static func first(in bytes: UnsafeRawBufferPointer, from start: Int, through end: Int) -> Int? {
        guard let base = bytes.baseAddress, start <= end else { return nil }
        precondition(start >= window && end <= bytes.count)
        return withUnsafeTemporaryAllocation(of: UInt64.self, capacity: blockCount / 8) { marks in
            guard let marks = marks.baseAddress else { return nil }
            var place = start
            while place <= end {
                let count = min(blockCount, end - place + 1)
                mark(before: base + place, count: count, in: marks)
                if let found = confirm(before: base + place, wordCount: (count + 7) / 8, marks) {
                    return place + found
                }
                place += count
            }
            return nil
        }
    }
}

extension Boundary {
    /// Stage 1 for `count` places from `bytes` on: marks the byte of each that passes with 0xff, others with 0.
    ///
    /// A plain loop over pointers, because that is what the compiler vectorises: explicit SIMD types were 200 times
    /// slower (Swift 6.3, x86-64).
    private static func mark(
        before bytes: UnsafeRawPointer, count: Int, in marks: UnsafeMutablePointer<UInt64>
    ) {
        marks[(count - 1) / 8] = 0
        let recent = bytes.assumingMemoryBound(to: UInt8.self) - 8
        let output = UnsafeMutableRawPointer(marks).assumingMemoryBound(to: UInt8.self)
        var place = 0
        while place < count {
            let window = recent + place
            var sum = window[0]
            sum = (sum &+ (sum << 1)) ^ window[1]
            sum = (sum &+ (sum << 1)) &+ window[2]
            sum = (sum &+ (sum << 1)) ^ window[3]
            sum ^= sum >> 4
            sum = (sum &+ (sum << 1)) &+ window[4]
            sum = (sum &+ (sum << 1)) ^ window[5]
            sum = (sum &+ (sum << 1)) &+ window[6]
            sum ^= sum >> 4
            sum = (sum &+ (sum << 1)) ^ window[7]
            output[place] = sum == wanted ? 0xff : 0
            place &+= 1
        }
    }

    /// Stage 2 for the marked places in order: the first that passes, counted from `bytes`.
    private static func confirm(
        before bytes: UnsafeRawPointer, wordCount: Int, _ marks: UnsafePointer<UInt64>
    ) -> Int? {
        for word in 0..<wordCount where marks[word] != 0 {
            var rest = UInt64(littleEndian: marks[word])
            while rest != 0 {
                let byte = rest.trailingZeroBitCount / 8
                let place = 8 * word + byte
                if isBoundary(windowBefore: bytes + place) { return place }
                rest &= ~(0xff << UInt64(8 * byte))
            }
        }
        return nil
    }

    /// Whether the top 8 bits of a 64-bit hash of the 32 bytes before `place` are zero.
    private static func isBoundary(windowBefore place: UnsafeRawPointer) -> Bool {
        let start = place - window
        var hash: UInt64 = 0x9e37_79b9_7f4a_7c15
        for word in 0..<4 {
            hash ^= UInt64(littleEndian: start.loadUnaligned(fromByteOffset: 8 * word, as: UInt64.self))
            hash &*= 0xff51_afd7_ed55_8ccd
            hash ^= hash >> 32
        }
        hash &*= 0xc4ce_b9fe_1a85_ec53
        return hash >> 56 == 0
    }
}
