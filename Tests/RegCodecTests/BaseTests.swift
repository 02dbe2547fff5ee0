// SPDX-License-Identifier: Apache-2.0

import RegCodec
import RegTesting
import Testing

/// What an encoder makes of `raw` by what it has in common with `base`.
private func encoded(
    _ raw: [UInt8], base: [UInt8], atMost longest: Int? = nil
) -> (codec: CodecID, bytes: [UInt8])? {
    var output = [UInt8](repeating: 0, count: raw.count)
    let result = raw.withUnsafeBytes { raw in
        base.withUnsafeBytes { base in
            output.withUnsafeMutableBytes {
                Encoder().encode(raw, base: base, into: $0, atMost: longest ?? raw.count - 1)
            }
        }
    }
    return result.map { ($0.codec, Array(output[..<$0.byteCount])) }
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
    func editedTextTakesLittle(count: Int) throws {
        let (base, raw) = Self.editedText(count: count)
        let (codec, stored) = try #require(encoded(raw, base: base))
        #expect(codec == .lz4WithBase)
        #expect(decoded(codec, stored, base: base, count: raw.count) == raw)
        #expect(count < 10_000 || stored.count < raw.count / 20)
    }

    @Test(arguments: Numbers.allCases, [1_024, 5_003, 70_001])
    func changedNumbersBecomeDifferences(numbers: Numbers, count: Int) throws {
        let base = numbers.bytes(count: count)
        var raw = base
        for index in stride(from: 0, to: count, by: 8) { raw[index] &+= UInt8(index % 5) }
        let (codec, stored) = try #require(encoded(raw, base: base))
        #expect(decoded(codec, stored, base: base, count: count) == raw)
        #expect(stored.count < count / 4)
    }

    @Test func weightsAfterMoreTrainingTakeAFifth() throws {
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
        let (codec, stored) = try #require(encoded(raw, base: base))
        #expect(codec == .difference && stored.count < count / 5)
        #expect(decoded(codec, stored, base: base, count: count) == raw)
    }

    @Test func nothingInCommonIsNoResult() {
        let noise = Sample.noise.bytes(count: 50_000)
        #expect(encoded(noise, base: seededBytes(count: 50_000, seed: 9)) == nil)
        #expect(encoded(noise, base: []) == nil)
        let (base, raw) = Self.editedText(count: 20_000)
        #expect(encoded(raw, base: base, atMost: 20) == nil)
    }

    @Test func onlyEntriesWithABaseHaveOne() {
        for codec in [CodecID.stored, .lz4, .codedLZ4, .lanes, CodecID(rawValue: 6)] {
            #expect(decoded(codec, [1, 1, 0], base: [1, 2, 3, 4], count: 4) == nil)
        }
    }

    @Test func damageDoesNoHarm() throws {
        let (base, raw) = Self.editedText(count: 40_000)
        let numbers = Numbers.f32.bytes(count: 4_000)
        var changed = numbers
        for index in stride(from: 0, to: 4_000, by: 12) { changed[index] &+= 3 }
        for (raw, base) in [(raw, base), (changed, numbers)] {
            let (codec, stored) = try #require(encoded(raw, base: base))
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
