// SPDX-License-Identifier: Apache-2.0
internal import CKernels

/// How the elements of a tensor are read as numbers.
package struct NumberType: Sendable {
    /// Of one element.
    package let byteCount: Int
    private let type: reg_number_type
    /// What each byte stands for, where that is an element; else empty.
    private let values: [Double]

    private init(_ byteCount: Int, _ type: reg_number_type) {
        self.byteCount = byteCount
        self.type = type
        values = []
    }

    private init(ofBytes value: (UInt8) -> Double) {
        byteCount = 1
        type = reg_number_table
        values = (0...255).map { value(UInt8($0)) }
    }

    /// Calls `body` with what the kernels take.
    func withNumbers<Result>(_ body: (reg_numbers) -> Result) -> Result {
        values.withUnsafeBufferPointer {
            body(reg_numbers(type: type, table: values.isEmpty ? nil : $0.baseAddress))
        }
    }

    /// The type of a dtype as safetensors writes it; nil for what is no plain number: packed, quantised or complex.
    package init?(dtype: String) {
        guard let known = NumberType.known[dtype] else { return nil }
        self = known
    }

    private static let known: [String: NumberType] = [
        "F64": NumberType(8, reg_number_f64), "F32": NumberType(4, reg_number_f32),
        "F16": NumberType(2, reg_number_f16), "BF16": NumberType(2, reg_number_bf16),
        "I64": NumberType(8, reg_number_i64), "I32": NumberType(4, reg_number_i32),
        "I16": NumberType(2, reg_number_i16), "I8": NumberType { Double(Int8(bitPattern: $0)) },
        "U64": NumberType(8, reg_number_u64), "U32": NumberType(4, reg_number_u32),
        "U16": NumberType(2, reg_number_u16), "U8": NumberType { Double($0) },
        "BOOL": NumberType { $0 == 0 ? 0 : 1 },
        "F8_E4M3": NumberType { float8($0, mantissaBits: 3, bias: 7, .nanIsAllOnes) },
        "F8_E5M2": NumberType { float8($0, mantissaBits: 2, bias: 15, .asIEEE) },
        "F8_E4M3FNUZ": NumberType { float8($0, mantissaBits: 3, bias: 8, .nanIsMinusZero) },
        "F8_E5M2FNUZ": NumberType { float8($0, mantissaBits: 2, bias: 16, .nanIsMinusZero) },
        "F8_E8M0": NumberType {
            $0 == 255 ? .nan : Double(sign: .plus, exponent: Int($0) - 127, significand: 1)
        },
    ]

    /// What floats of 8 bits have that are no finite numbers.
    private enum Special {
        /// Infinities and NaN have the highest exponent.
        case asIEEE
        /// No infinities; NaN has all bits set but the sign.
        case nanIsAllOnes
        /// No infinities; NaN is what would be minus zero.
        case nanIsMinusZero
    }

    private static func float8(_ bits: UInt8, mantissaBits: Int, bias: Int, _ special: Special) -> Double {
        let exponentBits = 7 - mantissaBits
        let exponent = Int(bits & 0x7f) >> mantissaBits
        let mantissa = Int(bits) & (1 << mantissaBits - 1)
        let sign: FloatingPointSign = bits & 0x80 == 0 ? .plus : .minus
        switch special {
        case .asIEEE where exponent == 1 << exponentBits - 1:
            return mantissa == 0 ? (sign == .plus ? .infinity : -.infinity) : .nan
        case .nanIsAllOnes where bits & 0x7f == 0x7f: return .nan
        case .nanIsMinusZero where bits == 0x80: return .nan
        default: break
        }
        let whole = exponent == 0 ? mantissa : mantissa + 1 << mantissaBits
        let magnitude = Double(
            sign: .plus, exponent: max(exponent, 1) - bias - mantissaBits, significand: Double(whole))
        return sign == .plus ? magnitude : -magnitude
    }
}
