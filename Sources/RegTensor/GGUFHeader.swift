// SPDX-License-Identifier: Apache-2.0

/// The header of a GGUF file, versions 2 and 3: values by key, then what each tensor is and where.
///
/// Read in windows, so that vocabularies of any length take no memory.
/// - SeeAlso: docs/format.md, "Chunking"; <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>.
enum GGUFHeader {
    static let magic = Array("GGUF".utf8)

    /// Vocabularies of 260,000 words take some 15 MiB.
    private static let byteLimit: UInt64 = 64 << 20
    private static let valueLimit: UInt64 = 100_000
    private static let keyLimit: UInt64 = 64 << 10
    /// The format says 64, not all writers keep to it.
    private static let nameLimit: UInt64 = 256
    private static let dimensionLimit: UInt32 = 4
    private static let alignmentLimit: UInt64 = 1 << 20
    private static let nestingLimit = 4

    static func read(_ file: some FileBytes) throws -> TensorFile {
        var cursor = ByteCursor(file, limit: byteLimit)
        try cursor.skip(UInt64(magic.count))
        guard (2...3).contains(try cursor.u32()) else { throw ContainerError.unknown(offset: 4) }
        let tensorCount = try cursor.count(limit: UInt64(TensorFile.tensorLimit))
        let valueCount = try cursor.count(limit: valueLimit)
        var alignment: UInt64 = 32
        for _ in 0..<valueCount {
            let key = try cursor.text(limit: keyLimit)
            let type = try cursor.u32()
            if key == "general.alignment" {
                alignment = try readAlignment(&cursor, type: type)
            } else {
                try skipValue(&cursor, type: type, depth: 0)
            }
        }
        var descriptions: [Description] = []
        for _ in 0..<tensorCount { descriptions.append(try Description(&cursor)) }
        let start = (cursor.offset + alignment - 1) / alignment * alignment
        return try TensorFile(
            .gguf, byteCount: file.byteCount, headers: [0..<min(start, file.byteCount)],
            tensors: descriptions.map { try $0.tensor(from: start, alignment: alignment) })
    }

    private static func readAlignment(_ cursor: inout ByteCursor, type: UInt32) throws -> UInt64 {
        let offset = cursor.offset
        guard type == 4 else { throw ContainerError.malformed(offset: offset) }
        let alignment = UInt64(try cursor.u32())
        guard alignment > 0, alignment <= alignmentLimit, alignment & (alignment - 1) == 0 else {
            throw ContainerError.malformed(offset: offset)
        }
        return alignment
    }

    private static func skipValue(_ cursor: inout ByteCursor, type: UInt32, depth: Int) throws {
        if let size = byteCount(ofValue: type) { return try cursor.skip(size) }
        let offset = cursor.offset
        switch type {
        case 8: try cursor.skip(try cursor.u64())
        case 9:
            guard depth < nestingLimit else { throw ContainerError.tooLarge(offset: offset) }
            let element = try cursor.u32()
            let count = try cursor.u64()
            if let size = byteCount(ofValue: element) {
                let (total, overflows) = count.multipliedReportingOverflow(by: size)
                guard !overflows else { throw ContainerError.truncated(offset: offset) }
                return try cursor.skip(total)
            }
            // Each element takes 8 bytes at least, so the length of the file ends this.
            for _ in 0..<count { try skipValue(&cursor, type: element, depth: depth + 1) }
        default: throw ContainerError.unknown(offset: offset)
        }
    }

    /// Bytes of a value that is one number.
    private static func byteCount(ofValue type: UInt32) -> UInt64? {
        switch type {
        case 0, 1, 7: 1
        case 2, 3: 2
        case 4, 5, 6: 4
        case 10, 11, 12: 8
        default: nil
        }
    }

    /// What the header says of one tensor.
    private struct Description {
        let name: String
        /// Innermost first.
        let dimensions: [UInt64]
        let type: ElementType
        /// From where the tensors begin.
        let offset: UInt64

        init(_ cursor: inout ByteCursor) throws {
            name = try cursor.text(limit: nameLimit)
            let place = cursor.offset
            let count = try cursor.u32()
            guard count <= dimensionLimit else { throw ContainerError.tooLarge(offset: place) }
            dimensions = try (0..<count).map { _ in try cursor.u64() }
            guard let type = GGUFHeader.types[try cursor.u32()] else {
                throw ContainerError.unknown(offset: cursor.offset)
            }
            self.type = type
            offset = try cursor.u64()
        }

        func tensor(from start: UInt64, alignment: UInt64) throws(ContainerError) -> Tensor {
            guard (dimensions.first ?? 1).isMultiple(of: type.elementCount),
                let count = product(of: dimensions)
            else { throw .badSize(name: name) }
            let (byteCount, isTooLong) = (count / type.elementCount)
                .multipliedReportingOverflow(by: type.byteCount)
            let (first, isTooFar) = start.addingReportingOverflow(offset)
            let (end, isBeyond) = first.addingReportingOverflow(byteCount)
            guard !isTooLong, !isTooFar, !isBeyond, offset.isMultiple(of: alignment) else {
                throw .badRange(name: name)
            }
            return Tensor(name: name, dtype: type.name, shape: dimensions.reversed(), range: first..<end)
        }
    }
}

extension ByteCursor {
    /// A u64 that counts what follows.
    fileprivate mutating func count(limit: UInt64) throws -> UInt64 {
        let start = offset
        let count = try u64()
        guard count <= limit else { throw ContainerError.tooLarge(offset: start) }
        return count
    }

    /// A text in UTF-8 with its length in front.
    fileprivate mutating func text(limit: UInt64) throws -> String {
        let start = offset
        let count = try count(limit: limit)
        guard let text = String(validating: try take(Int(count)), as: UTF8.self) else {
            throw ContainerError.malformed(offset: start)
        }
        return text
    }
}

extension GGUFHeader {
    /// What the elements of a tensor are: blocks of as many elements, of as many bytes.
    struct ElementType: Sendable {
        /// As safetensors writes it where it knows the type, else as GGUF does.
        let name: String
        let elementCount: UInt64
        let byteCount: UInt64

        init(_ name: String, _ elementCount: UInt64, _ byteCount: UInt64) {
            (self.name, self.elementCount, self.byteCount) = (name, elementCount, byteCount)
        }
    }

    /// The types that files use; those that were given up again, and Q8_1, on whose length readers differ, are unknown.
    static let types: [UInt32: ElementType] = [
        0: ElementType("F32", 1, 4), 1: ElementType("F16", 1, 2), 2: ElementType("Q4_0", 32, 18),
        3: ElementType("Q4_1", 32, 20), 6: ElementType("Q5_0", 32, 22), 7: ElementType("Q5_1", 32, 24),
        8: ElementType("Q8_0", 32, 34), 10: ElementType("Q2_K", 256, 84), 11: ElementType("Q3_K", 256, 110),
        12: ElementType("Q4_K", 256, 144), 13: ElementType("Q5_K", 256, 176),
        14: ElementType("Q6_K", 256, 210), 15: ElementType("Q8_K", 256, 292),
        16: ElementType("IQ2_XXS", 256, 66), 17: ElementType("IQ2_XS", 256, 74),
        18: ElementType("IQ3_XXS", 256, 98), 19: ElementType("IQ1_S", 256, 50),
        20: ElementType("IQ4_NL", 32, 18), 21: ElementType("IQ3_S", 256, 110),
        22: ElementType("IQ2_S", 256, 82), 23: ElementType("IQ4_XS", 256, 136), 24: ElementType("I8", 1, 1),
        25: ElementType("I16", 1, 2), 26: ElementType("I32", 1, 4), 27: ElementType("I64", 1, 8),
        28: ElementType("F64", 1, 8), 29: ElementType("IQ1_M", 256, 56), 30: ElementType("BF16", 1, 2),
        34: ElementType("TQ1_0", 256, 54), 35: ElementType("TQ2_0", 256, 66),
        39: ElementType("MXFP4", 32, 17), 40: ElementType("NVFP4", 64, 36),
    ]
}
