// SPDX-License-Identifier: Apache-2.0

import RegCodec
import RegTesting
import Testing

/// What an encoder makes of `raw`, given `base`.
private func encoded(_ raw: [UInt8], base: [UInt8], _ likeness: Likeness) -> (codec: CodecID, bytes: [UInt8])
{
    var output = [UInt8](repeating: 0, count: raw.count)
    let result = raw.withUnsafeBytes { raw in
        base.withUnsafeBytes { base in
            output.withUnsafeMutableBytes { Encoder().encodeChunk(raw, base: base, likeness, into: $0) }
        }
    }
    return (result.codec, result.codec == .stored ? raw : Array(output[..<result.byteCount]))
}

/// What `stored` decodes to, nil where that fails; nothing outside it may be written.
private func decoded(_ codec: CodecID, _ stored: [UInt8], base: [UInt8], count: Int) -> [UInt8]? {
    let buffer = GuardedBuffer(count: count)
    defer { buffer.deallocate() }
    let isRead = stored.withUnsafeBytes { stored in
        base.withUnsafeBytes { (try? codec.decode(stored, base: $0, into: buffer.inside)) != nil }
    }
    #expect(buffer.isIntactOutside)
    return isRead ? Array(buffer.inside) : nil
}

@Suite struct BaseTests {
    /// Text, and the same with some lines changed, taken out and put in.
    private static func editedText(count: Int) -> (base: [UInt8], raw: [UInt8]) {
        let lines = (0..<count / 12).map { Array("\($0),\($0 &* 2_654_435_761 % 99_991)\n".utf8) }
        var edited = lines
        for index in stride(from: 5, to: edited.count, by: 100) { edited[index] = Array("changed\n".utf8) }
        edited.removeSubrange(min(40, edited.count)..<min(45, edited.count))
        edited.insert(Array("new\n".utf8), at: edited.count / 2)
        return (lines.flatMap { $0 }, edited.flatMap { $0 })
    }

    @Test(arguments: [100, 1_000, 16_384, 60_000, 300_000])
    func editedTextTakesLittle(count: Int) {
        let (base, raw) = Self.editedText(count: count)
        let (codec, stored) = encoded(raw, base: base, .text)
        #expect(codec == .parts)
        #expect(decoded(codec, stored, base: base, count: raw.count) == raw)
        #expect(count < 10_000 || stored.count < raw.count / 50)
    }

    @Test(arguments: Numbers.allCases, [5_003, 70_001])
    func changedNumbersBecomeDifferences(numbers: Numbers, count: Int) {
        let base = numbers.bytes(count: count)
        var raw = base
        for index in stride(from: 0, to: count, by: 8) { raw[index] &+= UInt8(index % 5) }
        let (codec, stored) = encoded(raw, base: base, .numbers)
        #expect(codec == .difference)
        #expect(decoded(codec, stored, base: base, count: count) == raw)
        #expect(stored.count < count / 4)
    }

    @Test func weightsAfterMoreTrainingTakeAFifth() {
        let count = 1 << 19
        let base = Numbers.bf16.bytes(count: count)
        let steps = Sample.noise.bytes(count: count)
        // Most move by at most three steps up or down.
        var raw = base
        for index in stride(from: 0, to: count, by: 2) {
            let step = Int16((steps[index] & 3) + (steps[index + 1] & 1)) - 2
            let value = (Int16(base[index]) | Int16(base[index + 1]) << 8) &+ step
            raw[index] = UInt8(truncatingIfNeeded: value)
            raw[index + 1] = UInt8(truncatingIfNeeded: value >> 8)
        }
        let (codec, stored) = encoded(raw, base: base, .numbers)
        #expect(codec == .difference && stored.count < count / 5)
        #expect(decoded(codec, stored, base: base, count: count) == raw)
    }

    @Test(arguments: [Likeness.text, .numbers]) func whereNothingIsInCommonTheBaseIsNotUsed(
        likeness: Likeness
    ) {
        let noise = Sample.noise.bytes(count: 50_000)
        for base in [seededBytes(count: 50_000, seed: 9), []] {
            #expect(encoded(noise, base: base, likeness).codec == .stored)
        }
        let (_, raw) = Self.editedText(count: 50_000)
        #expect(!encoded(raw, base: noise, likeness).codec.needsBase)
    }

    /// Text of which most is new takes less by itself.
    @Test func aBaseThatSavesLittleIsNotUsed() {
        let (_, text) = Self.editedText(count: 60_000)
        let (_, other) = Self.editedText(count: 2_000)
        let (codec, stored) = encoded(text, base: other, .text)
        #expect(!codec.needsBase && stored.count < text.count / 2)
    }

    /// From docs/format.md, "Parts of a base".
    @Test func theWorkedExampleDecodes() {
        let stored: [UInt8] = [0x00, 0x08, 0x06, 0x00, 0x0a, 0x00, 0x01, 0x03, 0x01, 0x6c]
        let found = decoded(.parts, stored, base: Array("Hello, word!\n".utf8), count: 14)
        #expect(found == Array("Hello, world!\n".utf8))
    }

    @Test func onlyEntriesWithABaseHaveOne() {
        for codec in [CodecID.stored, .lz4, .codedLZ4, .lanes, .zstd, CodecID(rawValue: 7)] {
            #expect(decoded(codec, [1, 1, 0], base: [1, 2, 3, 4], count: 4) == nil)
        }
    }

    @Test func damageDoesNoHarm() {
        let (base, raw) = Self.editedText(count: 40_000)
        let numbers = Numbers.f32.bytes(count: 4_000)
        var changed = numbers
        for index in stride(from: 0, to: 4_000, by: 12) { changed[index] &+= 3 }
        for (raw, base, likeness) in [(raw, base, Likeness.text), (changed, numbers, .numbers)] {
            let (codec, stored) = encoded(raw, base: base, likeness)
            #expect(codec.needsBase)
            for length in stride(from: 0, to: stored.count, by: 1 + stored.count / 300) {
                #expect(decoded(codec, Array(stored[..<length]), base: base, count: raw.count) == nil)
            }
            #expect(decoded(codec, stored + [0], base: base, count: raw.count) == nil)
            #expect(decoded(codec, stored, base: base, count: stored.count) == nil)
            for index in stored.indices {
                var damaged = stored
                damaged[index] ^= 1 << (index % 8)
                // Damaged bytes may decode or not: that they do no harm is the point.
                _ = decoded(codec, damaged, base: base, count: raw.count)
            }
        }
    }
}
