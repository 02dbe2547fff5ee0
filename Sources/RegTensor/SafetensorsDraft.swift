// SPDX-License-Identifier: Apache-2.0

internal import RegJSON

/// Why some tensors make no safetensors file.
package enum SafetensorsDraftError: Error, Equatable, Sendable {
    /// A tensor that such a file cannot hold with its bytes as they are.
    case unfit(Tensor)
    /// The header would be longer than readers take.
    case headerTooLong
}

/// A safetensors file of some tensors of another file, still without their bytes.
package struct SafetensorsDraft: Sendable {
    /// The bytes in front of the tensors.
    package let header: [UInt8]
    /// Where the bytes of each tensor belong in the file.
    package let places: [(tensor: Tensor, offset: UInt64)]
    /// The length of the file.
    package let byteCount: UInt64

    /// `tensors`: some of `file`, whose metadata it keeps.
    package init(_ tensors: [Tensor], of file: TensorFile) throws(SafetensorsDraftError) {
        var metadata = file.metadata
        var forms: [(tensor: Tensor, form: Form)] = []
        for tensor in tensors {
            let form = try Form(tensor, file.container)
            if let type = form.originalType { metadata["\(tensor.name).type"] = .string(type) }
            forms.append((tensor, form))
        }
        // The longest elements first, as the library does it: so each tensor begins at a multiple of its elements' length.
        let order = forms.indices.sorted {
            (forms[$1].form.elementByteCount, $0) < (forms[$0].form.elementByteCount, $1)
        }
        var members: [String] = []
        if !metadata.members.isEmpty { members.append("\"__metadata__\":\(JSON.object(metadata).compact)") }
        var textByteCount = members.first?.utf8.count ?? 0
        var offset: UInt64 = 0
        var starts: [UInt64] = []
        for (tensor, form) in order.map({ forms[$0] }) {
            let shape = form.shape.map(String.init).joined(separator: ",")
            let end = offset + tensor.byteCount
            members.append(
                "\(JSON.string(tensor.name).compact):{\"dtype\":\(JSON.string(form.dtype).compact),"
                    + "\"shape\":[\(shape)],\"data_offsets\":[\(offset),\(end)]}")
            textByteCount += members.last?.utf8.count ?? 0
            guard textByteCount + members.count < SafetensorsHeader.longestJSON else { throw .headerTooLong }
            starts.append(offset)
            offset = end
        }
        let header = SafetensorsDraft.framed("{\(members.joined(separator: ","))}")
        self.header = header
        byteCount = UInt64(header.count) + offset
        places = zip(order, starts).map { (forms[$0].tensor, UInt64(header.count) + $1) }
    }

    /// With the length in front, and padded so that tensors begin at a multiple of 8.
    private static func framed(_ text: String) -> [UInt8] {
        var bytes = Array(text.utf8)
        while bytes.count % 8 != 0 { bytes.append(UInt8(ascii: " ")) }
        return (0..<8).map { UInt8(truncatingIfNeeded: bytes.count >> (8 * $0)) } + bytes
    }
}

/// How a safetensors file describes a tensor.
private struct Form {
    let dtype: String
    let shape: [UInt64]
    /// The length of an element; 1 where several share a byte.
    var elementByteCount: UInt64 = 1
    /// What the tensor is where `dtype` does not say it.
    var originalType: String?

    init(_ tensor: Tensor, _ container: Container) throws(SafetensorsDraftError) {
        if tensor.name == "__metadata__" { throw .unfit(tensor) }
        if let bits = Tensor.bitCount(dtype: tensor.dtype) {
            (dtype, shape, elementByteCount) = (tensor.dtype, tensor.shape, max(1, bits / 8))
        } else if container == .safetensors {
            (dtype, shape) = (tensor.dtype, tensor.shape)
        } else if container == .gguf, let row = tensor.shape.last,
            let type = GGUFHeader.types.values.first(where: { $0.name == tensor.dtype })
        {
            // Blocks as bytes, which the last dimension counts: the form that GGUF's own library gives them.
            dtype = "U8"
            shape = tensor.shape.dropLast() + [row / type.elementCount * type.byteCount]
            originalType = tensor.dtype
        } else {
            throw .unfit(tensor)
        }
    }
}
