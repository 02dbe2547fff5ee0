// SPDX-License-Identifier: Apache-2.0

import RegDiff
import RegTesting
import Testing

/// Elements of a dtype as numbers, one by one.
private func numbers(_ bytes: [UInt8], _ dtype: String) throws -> [Double] {
    func each<Word: FixedWidthInteger>(_ value: (Word) -> Double) -> [Double] {
        let size = Word.bitWidth / 8
        return (0..<bytes.count / size).map { index in
            value(bytes[index * size..<(index + 1) * size].reversed().reduce(0) { $0 << 8 | Word($1) })
        }
    }
    return switch dtype {
    case "F64": each { (word: UInt64) in Double(bitPattern: word) }
    case "F32": each { (word: UInt32) in Double(Float(bitPattern: word)) }
    case "F16": each { (word: UInt16) in half(word, exponentBits: 5) }
    case "BF16": each { (word: UInt16) in half(word, exponentBits: 8) }
    case "I64": each { (word: UInt64) in Double(Int64(bitPattern: word)) }
    case "I32": each { (word: UInt32) in Double(Int32(bitPattern: word)) }
    case "I16": each { (word: UInt16) in Double(Int16(bitPattern: word)) }
    case "I8": bytes.map { Double(Int8(bitPattern: $0)) }
    case "U64": each { (word: UInt64) in Double(word) }
    case "U32": each { (word: UInt32) in Double(word) }
    case "U16": each { (word: UInt16) in Double(word) }
    case "U8": bytes.map { Double($0) }
    case "BOOL": bytes.map { $0 == 0 ? 0 : 1 }
    default: []
    }
}

/// A float of 16 bits by its definition (IEEE 754).
private func half(_ bits: UInt16, exponentBits: Int) -> Double {
    let mantissaBits = 15 - exponentBits
    let exponent = Int(bits & 0x7fff) >> mantissaBits
    let mantissa = Double(Int(bits) & (1 << mantissaBits - 1)) / Double(1 << mantissaBits)
    let sign = bits & 0x8000 == 0 ? 1.0 : -1.0
    if exponent == 1 << exponentBits - 1 { return mantissa == 0 ? sign * .infinity : .nan }
    let bias = 1 << (exponentBits - 1) - 1
    return sign
        * (exponent == 0
            ? Double(sign: .plus, exponent: 1 - bias, significand: mantissa)
            : Double(sign: .plus, exponent: exponent - bias, significand: 1 + mantissa))
}

/// What numpy says of two arrays, computed as plainly as can be.
private struct Expected {
    let relativeL2, largestChange, changedShare, cosine: Double

    init(_ old: [Double], _ new: [Double]) {
        let pairs = Array(zip(old, new))
        func norm(_ values: [Double]) -> Double { values.reduce(0) { $0 + $1 * $1 }.squareRoot() }
        relativeL2 = norm(pairs.map { $1 - $0 }) / norm(old)
        largestChange = pairs.map { abs($1 - $0) }.max() ?? 0
        changedShare = Double(pairs.count { $0 != $1 }) / Double(pairs.count)
        cosine = pairs.reduce(0) { $0 + $1.0 * $1.1 } / (norm(old) * norm(new))
    }
}

private func isNear(_ left: Double, _ right: Double) -> Bool {
    left == right || left.isNaN && right.isNaN || abs(left - right) <= 1e-9 * max(abs(left), abs(right))
}

private func expect(_ moments: Moments, are values: [Double], _ place: SourceLocation = #_sourceLocation) {
    let mean = values.reduce(0, +) / Double(values.count)
    let deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)).squareRoot()
    let scale = values.reduce(0) { max($0, abs($1)) }
    #expect(moments.count == UInt64(values.count), sourceLocation: place)
    #expect(abs(moments.mean - mean) <= 1e-12 * scale, sourceLocation: place)
    #expect(isNear(moments.deviation, deviation), sourceLocation: place)
    #expect(moments.minimum == values.min() && moments.maximum == values.max(), sourceLocation: place)
}

@Suite struct FigureTests {
    static let dtypes = [
        "F64", "F32", "F16", "BF16", "I64", "I32", "I16", "I8", "U64", "U32", "U16", "U8", "BOOL",
    ]
    /// Around rows, tiles, and what is left of them.
    static let counts = [1, 2, 7, 8, 9, 63, 1_023, 1_024, 1_025, 2_055, 10_001]

    /// Bytes whose elements are all finite and of moderate size.
    static func tame(_ dtype: String, count: Int, seed: UInt64) -> [UInt8] {
        let size = NumberType(dtype: dtype)?.byteCount ?? 1
        var bytes = seededBytes(count: count * size, seed: seed)
        let top: UInt8? = ["F64": 0x3f, "F32": 0x3f, "F16": 0x3b, "BF16": 0x3f][dtype]
        if let top {
            for index in 0..<count {
                let last = index * size + size - 1
                bytes[last] = bytes[last] & 0x80 | top
            }
        }
        return bytes
    }

    private func figures(
        _ old: [UInt8], _ oldType: String, _ new: [UInt8], _ newType: String,
        _ kernels: FigureKernels = .best
    ) throws -> Figures {
        let types = (try #require(NumberType(dtype: oldType)), try #require(NumberType(dtype: newType)))
        return old.withUnsafeBytes { old in
            new.withUnsafeBytes { Figures(from: old, types.0, to: $0, types.1, kernels: kernels) }
        }
    }

    @Test(arguments: dtypes, counts) func figuresAreThoseOfDefinitions(dtype: String, count: Int) throws {
        let old = Self.tame(dtype, count: count, seed: 1)
        var new = Self.tame(dtype, count: count, seed: 2)
        for index in new.indices where index % 3 == 0 { new[index] = old[index] }
        let (before, after) = (try numbers(old, dtype), try numbers(new, dtype))
        let expected = Expected(before, after)
        for kernels in FigureKernels.allCases {
            let found = try figures(old, dtype, new, dtype, kernels)
            expect(found.old, are: before)
            expect(found.new, are: after)
            #expect(isNear(found.relativeL2, expected.relativeL2))
            #expect(found.largestChange == expected.largestChange)
            #expect(found.changedShare == expected.changedShare)
            #expect(
                abs(found.cosine - expected.cosine) < 1e-12 || found.cosine.isNaN && expected.cosine.isNaN)
        }
    }

    @Test(arguments: ["F16", "BF16"]) func everyShortFloatIsRead(dtype: String) throws {
        let type = try #require(NumberType(dtype: dtype))
        for word in 0...UInt16.max {
            let value = half(word, exponentBits: dtype == "F16" ? 5 : 8)
            let bytes = [UInt8(truncatingIfNeeded: word), UInt8(word >> 8)]
            for kernels in FigureKernels.allCases {
                let found = bytes.withUnsafeBytes { Moments(of: $0, type, kernels: kernels) }
                guard found.maximum == value || found.nanCount == 1 && value.isNaN else {
                    Issue.record("\(dtype) \(word): \(found.maximum), not \(value)")
                    return
                }
            }
        }
    }

    /// By the tables of the OCP specification of 8-bit floats (2023), and of the FNUZ formats.
    @Test(arguments: [
        ("F8_E4M3", 0x7e, 448), ("F8_E4M3", 0x01, 0x1p-9), ("F8_E4M3", 0x08, 0x1p-6), ("F8_E4M3", 0xb8, -1),
        ("F8_E4M3", 0xff, Double.nan), ("F8_E5M2", 0x7b, 57_344), ("F8_E5M2", 0x01, 0x1p-16),
        ("F8_E5M2", 0x7c, Double.infinity), ("F8_E5M2", 0xfd, Double.nan), ("F8_E5M2", 0x3c, 1),
        ("F8_E4M3FNUZ", 0x7f, 240), ("F8_E4M3FNUZ", 0x01, 0x1p-10), ("F8_E4M3FNUZ", 0x80, Double.nan),
        ("F8_E5M2FNUZ", 0x7f, 57_344), ("F8_E5M2FNUZ", 0x01, 0x1p-17), ("F8_E5M2FNUZ", 0x80, Double.nan),
        ("F8_E8M0", 0x7f, 1), ("F8_E8M0", 0x00, 0x1p-127), ("F8_E8M0", 0xff, Double.nan),
    ]) func floatsOfAByteAreRead(dtype: String, bits: Int, value: Double) throws {
        let type = try #require(NumberType(dtype: dtype))
        let found = [UInt8(bits)].withUnsafeBytes { Moments(of: $0, type) }
        #expect(value.isNaN ? found.nanCount == 1 : found.maximum == value, "\(found.maximum)")
    }

    @Test func piecesGiveWhatTheWholeGives() throws {
        let (old, new) = (Self.tame("F32", count: 50_000, seed: 3), Self.tame("F32", count: 50_000, seed: 4))
        let whole = try figures(old, "F32", new, "F32")
        var sum = Figures()
        for start in stride(from: 0, to: old.count, by: 12_344) {
            let part = start..<min(start + 12_344, old.count)
            sum.add(try figures(Array(old[part]), "F32", Array(new[part]), "F32"))
        }
        #expect(isNear(sum.relativeL2, whole.relativeL2) && sum.changedCount == whole.changedCount)
        #expect(isNear(sum.new.deviation, whole.new.deviation) && isNear(sum.cosine, whole.cosine))
        #expect(sum.old.minimum == whole.old.minimum && sum.largestChange == whole.largestChange)
    }

    @Test func aLargeMeanDoesNotHideTheDeviation() throws {
        let values = (0..<100_000).map { 1e9 + Double($0 % 2) }
        let bytes = values.flatMap { value in
            (0..<8).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) }
        }
        let type = try #require(NumberType(dtype: "F64"))
        let found = bytes.withUnsafeBytes { Moments(of: $0, type) }
        #expect(abs(found.deviation - 0.5) < 1e-9 && found.mean == 1e9 + 0.5)
    }

    @Test func whatIsNoNumberIsCountedAndSpreads() throws {
        func bytes(_ values: [Float]) -> [UInt8] {
            values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) }
            }
        }
        let old: [Float] = (0..<20).map { Float($0) }
        var new = old
        new[18] = .nan
        new[3] = .infinity
        for kernels in FigureKernels.allCases {
            let found = try figures(bytes(old), "F32", bytes(new), "F32", kernels)
            #expect(found.new.nanCount == 1 && found.new.infiniteCount == 1 && found.old.nanCount == 0)
            #expect(found.relativeL2.isNaN && found.largestChange.isNaN && found.cosine.isNaN)
            #expect(found.new.mean.isNaN && found.new.deviation.isNaN && found.new.minimum.isNaN)
            #expect(found.changedCount == 2 && found.old.maximum == 19)
            #expect(try figures(bytes(new), "F32", bytes(new), "F32", kernels).changedCount == 0)
        }
    }

    @Test func typesMayDiffer() throws {
        let old = Self.tame("F32", count: 3_000, seed: 5)
        // Cut off to BF16: the two high bytes of each.
        let new = (0..<3_000).flatMap { old[$0 * 4 + 2..<$0 * 4 + 4] }
        let found = try figures(old, "F32", new, "BF16")
        let expected = Expected(try numbers(old, "F32"), try numbers(new, "BF16"))
        #expect(isNear(found.relativeL2, expected.relativeL2) && found.relativeL2 < 0.01)
        #expect(found.changedShare == expected.changedShare)
    }

    @Test func whatIsNoPlainNumberHasNoType() {
        #expect(["C64", "F4", "Q4_0", "F6_E2M3", ""].allSatisfy { NumberType(dtype: $0) == nil })
    }
}
