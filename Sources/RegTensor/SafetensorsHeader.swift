// SPDX-License-Identifier: Apache-2.0

package import RegJSON

/// The header of a safetensors file: a u64 length, that many bytes of JSON, and then the tensors' bytes.
///
/// Only a header without any doubt is accepted: known dtypes fit their shapes, and the tensors cover the rest of the
/// file exactly, without gap or overlap.
/// - SeeAlso: docs/format.md, "Chunking"; <https://huggingface.co/docs/safetensors>.
package struct SafetensorsHeader: Equatable, Sendable {
    /// Length of the length field and the JSON together, in bytes: the tensors begin there.
    package let byteCount: UInt64
    /// In the order of their bytes in the file.
    package let tensors: [Tensor]
    /// What `__metadata__` says: texts by key.
    package let metadata: JSONObject
}

extension SafetensorsHeader {
    /// Length of the field that holds the JSON's length, in bytes.
    package static let lengthFieldByteCount = 8
    static let longestJSON: UInt64 = 8 << 20
    /// A tensor is some ten values, so this is 100,000 tensors; the parsed header stays below 100 MiB (measured).
    private static let limits = JSONLimits(byteCount: 8 << 20, valueCount: 1_000_000)

    /// How many bytes of the file ``parse(prefix:fileSize:)`` needs; `prefix` is its first 8 bytes or more.
    package static func byteCount(
        prefix: [UInt8], fileSize: UInt64
    ) throws(SafetensorsError) -> Int {
        guard prefix.count >= lengthFieldByteCount else { throw .truncated(needed: lengthFieldByteCount) }
        var length: UInt64 = 0
        for byte in prefix[..<lengthFieldByteCount].reversed() { length = length << 8 | UInt64(byte) }
        guard (2...longestJSON).contains(length), fileSize >= length + UInt64(lengthFieldByteCount) else {
            throw .badHeaderLength(length)
        }
        return lengthFieldByteCount + Int(length)
    }

    /// Reads the header from the file's first bytes; `prefix` may hold more than it needs.
    package static func parse(
        prefix: [UInt8], fileSize: UInt64
    ) throws(SafetensorsError) -> SafetensorsHeader {
        let byteCount = try byteCount(prefix: prefix, fileSize: fileSize)
        guard prefix.count >= byteCount else { throw .truncated(needed: byteCount) }
        var tensors: [Tensor] = []
        var metadata = JSONObject()
        for (name, value) in try members(Array(prefix[lengthFieldByteCount..<byteCount])) {
            if name == "__metadata__" {
                metadata = try checkedMetadata(value)
            } else {
                tensors.append(try tensor(name, value, start: UInt64(byteCount)))
            }
        }
        tensors.sort {
            ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
        }
        try checkCover(tensors, from: UInt64(byteCount), to: fileSize)
        return SafetensorsHeader(byteCount: UInt64(byteCount), tensors: tensors, metadata: metadata)
    }

    private static func members(_ bytes: [UInt8]) throws(SafetensorsError) -> [(key: String, value: JSON)] {
        guard bytes.first == UInt8(ascii: "{") else { throw .notAnObject }
        do {
            return try JSON.parse(bytes, limits: limits).objectValue?.members ?? []
        } catch {
            throw .badJSON(error)
        }
    }

    private static func checkedMetadata(_ value: JSON) throws(SafetensorsError) -> JSONObject {
        guard let object = value.objectValue, object.members.allSatisfy({ $0.value.stringValue != nil })
        else { throw .badMetadata }
        return object
    }

    /// The tensors are sorted; each must begin where the one before ends, and the last end with the file.
    private static func checkCover(
        _ tensors: [Tensor], from start: UInt64, to end: UInt64
    ) throws(SafetensorsError) {
        var place = start
        for tensor in tensors {
            guard tensor.range.lowerBound == place else { throw .badRange(name: tensor.name) }
            guard tensor.sizeFits else { throw .badSize(name: tensor.name) }
            place = tensor.range.upperBound
        }
        guard place == end else { throw .badEnd(place) }
    }
}

// One tensor's description.
extension SafetensorsHeader {
    private static func tensor(
        _ name: String, _ value: JSON, start: UInt64
    ) throws(SafetensorsError) -> Tensor {
        guard let object = value.objectValue, object.members.count == 3,
            let dtype = object["dtype"]?.stringValue,
            let shape = naturals(object["shape"]),
            let offsets = naturals(object["data_offsets"]), offsets.count == 2
        else { throw .badTensor(name: name) }
        guard offsets[0] <= offsets[1] else { throw .badRange(name: name) }
        // Both are below 2^63 and `start` is small, so the sums fit.
        return Tensor(name: name, dtype: dtype, shape: shape, range: start + offsets[0]..<start + offsets[1])
    }

    /// The elements of an array of integers from 0; nil for anything else.
    private static func naturals(_ value: JSON?) -> [UInt64]? {
        guard let elements = value?.arrayValue else { return nil }
        var result: [UInt64] = []
        for element in elements {
            guard let number = element.integerValue.flatMap(UInt64.init(exactly:)) else { return nil }
            result.append(number)
        }
        return result
    }
}
