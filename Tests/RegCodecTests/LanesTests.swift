// SPDX-License-Identifier: Apache-2.0

import RegCodec
import RegTesting
import Testing

/// `raw` as lanes; nil where they would take more than `room` bytes.
func lanes(
    of raw: [UInt8], _ size: Lanes.ElementSize, base: [UInt8]? = nil, room: Int? = nil,
    kernels: Lanes.Kernels = .best
) -> [UInt8]? {
    var output = [UInt8](repeating: 0xee, count: room ?? raw.count + raw.count / 8 + 600)
    let count = raw.withUnsafeBytes { raw in
        output.withUnsafeMutableBytes { output in
            withOptionalBytes(of: base) {
                Lanes.encode(raw, base: $0, elementSize: size, into: output, kernels: kernels)
            }
        }
    }
    return count.map { Array(output[..<$0]) }
}

/// What lanes hold; nil where they are malformed.
func read(_ stored: [UInt8], count: Int, base: [UInt8]? = nil, kernels: Lanes.Kernels = .best) -> [UInt8]? {
    var raw = [UInt8](repeating: 0xee, count: count)
    let isRight = stored.withUnsafeBytes { stored in
        raw.withUnsafeMutableBytes { raw in
            withOptionalBytes(of: base) { base in
                (try? Lanes.decode(stored, base: base, into: raw, kernels: kernels)) != nil
            }
        }
    }
    return isRight ? raw : nil
}

private func withOptionalBytes<R>(of bytes: [UInt8]?, _ body: (UnsafeRawBufferPointer?) -> R) -> R {
    guard let bytes else { return body(nil) }
    return bytes.withUnsafeBytes { body($0) }
}

@Suite struct LanesTests {
    /// Around elements, units, tiles and the rounds of the streams.
    static let counts = [
        1, 2, 3, 7, 8, 9, 15, 16, 17, 63, 64, 65, 127, 500, 1_001, 4_099, 32_768, 32_777, 70_003,
    ]

    @Test(arguments: Numbers.allCases, counts)
    func numbersComeBack(numbers: Numbers, count: Int) throws {
        try check(numbers.bytes(count: count, seed: UInt64(count)))
    }

    @Test(arguments: Sample.allCases, counts)
    func otherBytesComeBack(sample: Sample, count: Int) throws { try check(sample.bytes(count: count)) }

    /// Encodes by both kernels, for every size of elements, and decodes by both.
    private func check(_ raw: [UInt8], base: [UInt8]? = nil) throws {
        for size in Lanes.ElementSize.allCases {
            let stored = lanes(of: raw, size, base: base)
            #expect(stored == lanes(of: raw, size, base: base, kernels: .portable))
            guard raw.count >= Int(size.rawValue) else {
                #expect(stored == nil)
                continue
            }
            let coded = try #require(stored)
            for kernels in Lanes.Kernels.allCases {
                #expect(read(coded, count: raw.count, base: base, kernels: kernels) == raw)
            }
            #expect(lanes(of: raw, size, base: base, room: coded.count) == coded)
            #expect(lanes(of: raw, size, base: base, room: coded.count - 1) == nil)
        }
    }

    @Test(arguments: Numbers.allCases, [17, 1_001, 70_003])
    func differencesComeBack(numbers: Numbers, count: Int) throws {
        let base = numbers.bytes(count: count)
        var raw = base
        for index in stride(from: 0, to: count, by: 10) {
            raw[index] &+= UInt8(truncatingIfNeeded: index / 100)
        }
        try check(raw, base: base)
        try check(base, base: base)
        try check(raw, base: Sample.noise.bytes(count: count))
    }

    @Test func anotherBaseGivesOtherBytes() throws {
        let raw = Numbers.bf16.bytes(count: 4_000)
        let base = Numbers.bf16.bytes(count: 4_000, seed: 2)
        let stored = try #require(lanes(of: raw, .two, base: base))
        #expect(read(stored, count: raw.count, base: raw) != raw)
        #expect(read(stored, count: raw.count, base: Array(base.dropLast())) == nil)
    }

    @Test(arguments: [(Numbers.bf16, 0.67), (.f16, 0.853), (.f32, 0.835), (.labels, 0.17)])
    func numbersTakeLess(numbers: Numbers, share: Double) throws {
        let raw = numbers.bytes(count: 1 << 20)
        let stored = try #require(lanes(of: raw, numbers.size))
        #expect(Double(stored.count) <= share * Double(raw.count))
    }

    @Test func unchangedElementsTakeNearlyNothing() throws {
        let base = Numbers.bf16.bytes(count: 100_000)
        var raw = base
        for index in stride(from: 0, to: raw.count, by: 40) { raw[index] ^= 1 }
        #expect(try #require(lanes(of: raw, .two, base: base)).count < raw.count / 10)
        #expect(lanes(of: base, .two, base: base)?.count == 5)
    }

    @Test(arguments: Numbers.allCases)
    func guessesAreNearTheTruth(numbers: Numbers) throws {
        let raw = numbers.bytes(count: 200_000)
        let coded = try #require(lanes(of: raw, numbers.size))
        let shares = Lanes.Kernels.allCases.map { kernels in
            raw.withUnsafeBytes {
                Lanes.share(of: $0, elementSize: numbers.size, sampleCount: 8_192, kernels: kernels)
            }
        }
        #expect(shares[0] == shares[1])
        // Of numbers that ascend, a sample sees fewer than there are.
        let tolerance = numbers == .steps ? 0.15 : 0.02
        #expect(abs(shares[0] - Double(coded.count) / Double(raw.count)) < tolerance)
    }
}

/// The worked example of docs/format.md, "Lanes".
enum Example {
    static let raw: [UInt8] =
        (0..<100).flatMap { index -> [UInt8] in
            if index % 16 > 7 { return [0, 0] }
            return [[0x80, 0x3f], [0x00, 0x3f], [0x00, 0xc0]][index % 3]
        } + [0xab]

    static let stored: [UInt8] = [
        0x02, 0x04, 0x55, 0x05, 0x00, 0x01, 0x11, 0x02, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x02,
        0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x24, 0x12, 0x4c, 0x02, 0x89, 0x04, 0x93, 0x08, 0x04,
        0x55, 0x05, 0x7e, 0x80, 0x12, 0x02, 0x03, 0x00, 0x00, 0x00, 0x03, 0x00, 0x00, 0x00, 0x03, 0x00,
        0x00, 0x00, 0x03, 0x00, 0x00, 0x00, 0x5a, 0xab, 0x35, 0x7a, 0xad, 0x09, 0x6b, 0xb5, 0x16, 0xaf,
        0x35, 0x0d, 0xab,
    ]
}

@Suite struct HostileLanesTests {
    @Test func theWorkedExampleIsReadAndWritten() {
        for kernels in Lanes.Kernels.allCases {
            #expect(read(Example.stored, count: 201, kernels: kernels) == Example.raw)
            #expect(lanes(of: Example.raw, .two, kernels: kernels) == Example.stored)
        }
    }

    /// Each breaks one rule of docs/format.md.
    @Test(
        arguments: [
            (0, 3, "an element of 3 bytes"), (0, 0, "an element of no bytes"), (0, 4, "another element"),
            (1, 5, "a kind that does not exist"), (1, 2, "no map where there is one"),
            (2, 0x54, "a unit that stays is missing"), (2, 0x7f, "two units too many"),
            (3, 0x15, "a bit for no unit"),
            (4, 1, "lowest and highest are one"), (5, 2, "another highest"), (6, 0x12, "no complete code"),
            (6, 0x22, "half a code"), (7, 1, "a stream too short"), (7, 3, "a stream too long"),
            (10, 1, "a stream of 16 MiB"), (24, 0x92, "a bit after a stream"), (37, 0x12, "an unused half"),
            (35, 0x81, "a highest symbol without a code"),
        ] as [(Int, UInt8, String)])
    func rulesAreKept(index: Int, byte: UInt8, rule: String) {
        var stored = Example.stored
        stored[index] = byte
        for kernels in Lanes.Kernels.allCases {
            #expect(read(stored, count: 201, kernels: kernels) == nil, "\(rule)")
        }
    }

    @Test func aUnitOfZerosMayNotStay() {
        // One element size, 16 symbols: raw units, the second all zero.
        let units: [UInt8] = [1, 0, 0, 0, 0, 0, 0, 0] + [UInt8](repeating: 0, count: 8)
        #expect(read([1, 3, 0b11] + units, count: 16) == nil)
        #expect(read([1, 3, 0b01] + units.prefix(8), count: 16) == [0x80] + [UInt8](repeating: 0, count: 15))
    }

    @Test func bytesAfterTheEndAndOtherLengthsAreRefused() {
        #expect(read(Example.stored + [0], count: 201) == nil)
        // Of a sparse lane units that are left out may be missing at the end.
        let raw = Numbers.f32.bytes(count: 201)
        for size in Lanes.ElementSize.allCases {
            let stored = lanes(of: raw, size) ?? []
            for count in 0..<260 where count != 201 {
                let isRead = read(stored, count: count) != nil
                #expect(!isRead, "\(count)")
            }
        }
    }

    @Test(arguments: Numbers.allCases, [64, 700, 5_001])
    func everyTruncationIsRefused(numbers: Numbers, count: Int) throws {
        let stored = try #require(lanes(of: numbers.bytes(count: count), numbers.size))
        for length in stride(from: 0, to: stored.count, by: max(1, stored.count / 300)) {
            #expect(read(Array(stored[..<length]), count: count) == nil)
        }
    }

    /// Whatever is damaged, both kernels say the same, and nothing outside the output is written.
    @Test(arguments: Numbers.allCases)
    func damageDoesNoHarm(numbers: Numbers) throws {
        let count = 2_003
        let stored = try #require(lanes(of: numbers.bytes(count: count), numbers.size))
        var random = SeededRandom(seed: 5)
        for round in 0..<600 {
            var damaged = stored
            // Half of the damage goes to the tables at the start.
            let limit = round % 2 == 0 ? min(60, stored.count) : stored.count
            damaged[Int(random.next() % UInt64(limit))] ^= 1 << (random.next() % 8)
            let results = Lanes.Kernels.allCases.map { kernels in
                let buffer = GuardedBuffer(count: count)
                defer { buffer.deallocate() }
                let isRead = damaged.withUnsafeBytes {
                    (try? Lanes.decode($0, into: buffer.inside, kernels: kernels)) != nil
                }
                #expect(buffer.isIntactOutside)
                return isRead ? Array(buffer.inside) : []
            }
            #expect(results[0] == results[1])
        }
    }

    @Test func noiseIsNoHarm() {
        for seed in 0..<400 {
            var noise = seededBytes(count: 80, seed: UInt64(seed))
            noise[0] = [1, 2, 4, 8][seed % 4]
            noise[1] %= 5
            let count = 1 + 11 * seed
            #expect(read(noise, count: count) == read(noise, count: count, kernels: .portable))
        }
    }
}
