// SPDX-License-Identifier: Apache-2.0

/// One tensor of a file: what its header says about it, checked.
package struct Tensor: Equatable, Sendable {
    package let name: String
    /// The type of its elements: as safetensors writes it, for example `BF16`, else as the file's own header does; need
    /// not be one that this version knows.
    package let dtype: String
    /// Lengths of the dimensions, outermost first; empty for a scalar.
    package let shape: [UInt64]
    /// Where its bytes are in the file.
    package let range: Range<UInt64>

    package init(name: String, dtype: String, shape: [UInt64], range: Range<UInt64>) {
        self.name = name
        self.dtype = dtype
        self.shape = shape
        self.range = range
    }

    package var byteCount: UInt64 { range.upperBound - range.lowerBound }
}

/// The product of a shape, 1 for an empty one; nil where the lengths that are not 0 make 2^57 or more.
///
/// So its bits can be counted in 64 bits in any order, as every reader of safetensors files does, also of a tensor without
/// elements.
func product(of shape: some Sequence<UInt64>) -> UInt64? {
    var product: UInt64 = 1
    var isEmpty = false
    for dimension in shape {
        if dimension == 0 {
            isEmpty = true
            continue
        }
        let (next, overflows) = product.multipliedReportingOverflow(by: dimension)
        guard !overflows, next < 1 << 57 else { return nil }
        product = next
    }
    return isEmpty ? 0 : product
}

extension Tensor {
    /// Bits of one element; nil for a dtype that this version does not know.
    ///
    /// The dtypes of safetensors 0.8. Elements of fewer than 8 bits are packed.
    static func bitCount(dtype: String) -> UInt64? {
        switch dtype {
        case "F4": 4
        case "F6_E2M3", "F6_E3M2": 6
        case "BOOL", "U8", "I8": 8
        case "F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E5M2FNUZ", "F8_E4M3FNUZ": 8
        case "U16", "I16", "F16", "BF16": 16
        case "U32", "I32", "F32": 32
        case "U64", "I64", "F64", "C64": 64
        default: nil
        }
    }

    /// Whether dtype and shape make as many bytes as the range has; true for an unknown dtype.
    var sizeFits: Bool {
        guard var bits = Tensor.bitCount(dtype: dtype) else { return true }
        for dimension in shape {
            let (product, overflows) = bits.multipliedReportingOverflow(by: dimension)
            if overflows { return false }
            bits = product
        }
        return bits.isMultiple(of: 8) && bits / 8 == byteCount
    }
}
