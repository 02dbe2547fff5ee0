// SPDX-License-Identifier: Apache-2.0

/// The header of a `.npy` file, or of a member of a `.npz` file: a magic, a version, and a literal of Python that says
/// what the array is.
///
/// - SeeAlso: docs/format.md, "Chunking"; <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>.
enum ArrayHeader {
    static let magic = [0x93] + Array("NUMPY".utf8)

    /// The name that NumPy gives to an array without one.
    private static let defaultName = "arr_0"
    /// Magic, version and the longest length field.
    private static let prefixByteCount: UInt64 = 12
    private static let byteLimit: UInt64 = 64 << 10
    /// Of all headers of one file together.
    private static let totalByteLimit: UInt64 = 8 << 20

    static func read(_ file: some FileBytes) throws -> TensorFile {
        let tensors = try tensors([(defaultName, 0..<file.byteCount)], in: file)
        return try TensorFile(
            .npy, byteCount: file.byteCount, headers: tensors.map { 0..<$0.range.lowerBound },
            tensors: tensors)
    }

    /// The arrays of `file` that lie at these places, headers included.
    static func tensors(
        _ places: [(name: String, range: Range<UInt64>)], in file: some FileBytes
    ) throws -> [Tensor] {
        let prefixes = try file.parts(
            places.map {
                $0.range.lowerBound..<min($0.range.upperBound, $0.range.lowerBound + prefixByteCount)
            })
        var headers: [Range<UInt64>] = []
        var total: UInt64 = 0
        for (place, prefix) in zip(places, prefixes) {
            let header = try header(prefix, in: place.range)
            total += header.upperBound - header.lowerBound
            guard total <= totalByteLimit else {
                throw ContainerError.tooLarge(offset: header.lowerBound)
            }
            headers.append(header)
        }
        return try zip(places, zip(headers, try file.parts(headers))).map { place, header in
            let array = try ArrayDescription(header.1, at: header.0.lowerBound)
            return try array.tensor(place.name, range: header.0.upperBound..<place.range.upperBound)
        }
    }

    /// Where the literal is.
    private static func header(_ prefix: [UInt8], in range: Range<UInt64>) throws(ContainerError) -> Range<
        UInt64
    > {
        let start = range.lowerBound
        guard prefix.starts(with: magic) else { throw .malformed(offset: start) }
        guard prefix.count == prefixByteCount else { throw .truncated(offset: start) }
        // Version 1.0 has a u16 for the length, 2.0 and 3.0 have a u32.
        guard (1...3).contains(prefix[6]), prefix[7] == 0 else { throw .unknown(offset: start + 6) }
        let field = prefix[8..<(prefix[6] == 1 ? 10 : 12)]
        let count = field.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard count <= byteLimit else { throw .tooLarge(offset: start + 8) }
        let first = start + UInt64(field.endIndex)
        guard count <= range.upperBound - first else { throw .truncated(offset: first) }
        return first..<first + count
    }
}

/// What the literal of a header says: `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`.
private struct ArrayDescription {
    let descr: String
    let isFortranOrder: Bool
    let shape: [UInt64]

    /// `place`: where `text` lies in the file, for errors.
    init(_ text: [UInt8], at place: UInt64) throws(ContainerError) {
        var reader = LiteralReader(text, at: place)
        var descr: String?
        var isFortranOrder: Bool?
        var shape: [UInt64]?
        try reader.expect("{")
        while !reader.skip("}") {
            let key = try reader.string()
            try reader.expect(":")
            switch key {
            case "descr" where descr == nil: descr = try reader.string()
            case "fortran_order" where isFortranOrder == nil: isFortranOrder = try reader.bool()
            case "shape" where shape == nil: shape = try reader.tuple()
            default: throw reader.malformed
            }
            if !reader.skip(",") {
                try reader.expect("}")
                break
            }
        }
        try reader.expectEnd()
        guard let descr, let isFortranOrder, let shape else { throw reader.malformed }
        (self.descr, self.isFortranOrder, self.shape) = (descr, isFortranOrder, shape)
    }

    /// `range`: where the array's elements are.
    func tensor(_ name: String, range: Range<UInt64>) throws(ContainerError) -> Tensor {
        guard let element = ArrayDescription.element(descr) else { throw .unknown(offset: range.lowerBound) }
        guard let count = product(of: shape) else { throw .badSize(name: name) }
        let (byteCount, overflows) = count.multipliedReportingOverflow(by: element.byteCount)
        guard !overflows, byteCount == range.upperBound - range.lowerBound else {
            throw .badSize(name: name)
        }
        // The other order only tells where two dimensions are longer than 1.
        let isTransposed = isFortranOrder && shape.count { $0 != 1 } > 1
        let dtype = isTransposed ? "\(descr) in Fortran order" : element.dtype
        return Tensor(name: name, dtype: dtype, shape: shape, range: range)
    }

    /// The dtype and length of an element; nil for objects, which are pickled, and for records.
    private static func element(_ descr: String) -> (dtype: String, byteCount: UInt64)? {
        var rest = descr.utf8[...]
        guard let order = rest.popFirst(), let kind = rest.popFirst() else { return nil }
        // Dates say their unit in brackets.
        let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard (1...8).contains(digits.count), let size = UInt64(Substring(digits)) else { return nil }
        let isPlain = digits.count == rest.count
        let isInOrder = order == UInt8(ascii: "<") || order == UInt8(ascii: "|")
        guard isInOrder || order == UInt8(ascii: ">") else { return nil }
        switch (kind, size) {
        case (UInt8(ascii: "b"), 1) where isPlain: return ("BOOL", size)
        case (UInt8(ascii: "i"), 1), (UInt8(ascii: "i"), 2), (UInt8(ascii: "i"), 4), (UInt8(ascii: "i"), 8):
            return isPlain ? (isInOrder ? "I\(8 * size)" : descr, size) : nil
        case (UInt8(ascii: "u"), 1), (UInt8(ascii: "u"), 2), (UInt8(ascii: "u"), 4), (UInt8(ascii: "u"), 8):
            return isPlain ? (isInOrder ? "U\(8 * size)" : descr, size) : nil
        case (UInt8(ascii: "f"), 2), (UInt8(ascii: "f"), 4), (UInt8(ascii: "f"), 8):
            return isPlain ? (isInOrder ? "F\(8 * size)" : descr, size) : nil
        case (UInt8(ascii: "c"), 8): return isPlain ? (isInOrder ? "C64" : descr, size) : nil
        case (UInt8(ascii: "f"), _), (UInt8(ascii: "c"), _), (UInt8(ascii: "S"), _), (UInt8(ascii: "V"), _):
            return isPlain ? (descr, size) : nil
        case (UInt8(ascii: "U"), _): return isPlain ? (descr, 4 * size) : nil
        case (UInt8(ascii: "M"), 8), (UInt8(ascii: "m"), 8): return (descr, size)
        default: return nil
        }
    }
}

/// Reads the few literals of Python that such a header has.
private struct LiteralReader {
    private let text: [UInt8]
    private let place: UInt64
    private var offset = 0

    init(_ text: [UInt8], at place: UInt64) {
        self.text = text
        self.place = place
    }

    var malformed: ContainerError { .malformed(offset: place + UInt64(offset)) }

    /// Passes over white space and, where it comes next, `expected`.
    mutating func skip(_ expected: StaticString) -> Bool {
        while offset < text.count, [UInt8(ascii: " "), UInt8(ascii: "\n")].contains(text[offset]) {
            offset += 1
        }
        let size = expected.utf8CodeUnitCount
        guard text.count - offset >= size else { return false }
        for index in 0..<size where text[offset + index] != expected.utf8Start[index] { return false }
        offset += size
        return true
    }

    mutating func expect(_ expected: StaticString) throws(ContainerError) {
        guard skip(expected) else { throw malformed }
    }

    mutating func expectEnd() throws(ContainerError) {
        _ = skip("")
        guard offset == text.count else { throw malformed }
    }

    mutating func bool() throws(ContainerError) -> Bool {
        if skip("True") { return true }
        try expect("False")
        return false
    }

    mutating func string() throws(ContainerError) -> String {
        try expect("'")
        let rest = text[offset...]
        guard let end = rest.firstIndex(of: UInt8(ascii: "'")),
            rest[..<end].allSatisfy({ (0x20..<0x7f).contains($0) && $0 != UInt8(ascii: "\\") }),
            let string = String(validating: rest[..<end], as: UTF8.self)
        else { throw malformed }
        offset = end + 1
        return string
    }

    mutating func tuple() throws(ContainerError) -> [UInt64] {
        try expect("(")
        var numbers: [UInt64] = []
        while !skip(")") {
            let digits = text[offset...].prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            guard (1...19).contains(digits.count), numbers.count < 64 else { throw malformed }
            // Nineteen digits fit.
            numbers.append(digits.reduce(0) { 10 * $0 + UInt64($1 - UInt8(ascii: "0")) })
            offset = digits.endIndex
            if !skip(",") {
                try expect(")")
                break
            }
        }
        return numbers
    }
}
