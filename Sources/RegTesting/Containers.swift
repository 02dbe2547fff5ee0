// SPDX-License-Identifier: Apache-2.0
internal import RegBytes

// Files of tensors, built byte by byte, for tests of whoever reads them.

/// A tensor of F32 in one dimension; the bytes are its own.
package struct SampleTensor: Sendable {
    package let name: String
    package let bytes: [UInt8]

    /// `count`: of elements; `seed`: of their bytes, which are noise.
    package init(_ name: String, count: Int, seed: UInt64) {
        self.name = name
        bytes = seededBytes(count: 4 * count, seed: seed)
    }

    private var count: Int { bytes.count / 4 }

    /// A safetensors file of these tensors, in order.
    package static func safetensors(_ tensors: [SampleTensor]) -> [UInt8] {
        var place = 0
        let entries = tensors.map { tensor in
            defer { place += tensor.bytes.count }
            let range = "[\(place),\(place + tensor.bytes.count)]"
            return #""\#(tensor.name)":{"dtype":"F32","shape":[\#(tensor.count)],"data_offsets":\#(range)}"#
        }
        let header = Array(
            "{\(([#""__metadata__":{"format":"pt"}"#] + entries).joined(separator: ","))}".utf8)
        var writer = ByteWriter()
        writer.u64(UInt64(header.count))
        writer.append(header)
        for tensor in tensors { writer.append(tensor.bytes) }
        return writer.bytes
    }

    /// A GGUF file of these tensors, in order.
    package static func gguf(_ tensors: [SampleTensor], alignment: Int = 32, version: UInt32 = 3) -> [UInt8] {
        var writer = ByteWriter()
        func text(_ text: String) {
            writer.u64(UInt64(text.utf8.count))
            writer.append(text.utf8)
        }
        writer.append("GGUF".utf8)
        writer.u32(version)
        writer.u64(UInt64(tensors.count))
        writer.u64(2)
        text("general.alignment")
        writer.u32(4)
        writer.u32(UInt32(alignment))
        text("tokenizer.words")
        writer.u32(9)
        writer.u32(8)
        writer.u64(3)
        for word in ["a", "b", "cde"] { text(word) }
        var place = 0
        for tensor in tensors {
            text(tensor.name)
            writer.u32(1)
            writer.u64(UInt64(tensor.count))
            writer.u32(0)
            writer.u64(UInt64(place))
            place += aligned(tensor.bytes.count, alignment)
        }
        for tensor in tensors {
            writer.append([UInt8](repeating: 0, count: aligned(writer.count, alignment) - writer.count))
            writer.append(tensor.bytes)
        }
        return writer.bytes
    }

    /// A `.npy` file of this tensor.
    package var npy: [UInt8] {
        let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(count),), }"
        let header = Array((text + String(repeating: " ", count: 117 - text.utf8.count) + "\n").utf8)
        return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.count), 0] + header + bytes
    }

    /// A `.npz` file of these tensors.
    package static func npz(_ tensors: [SampleTensor]) -> [UInt8] {
        zipArchive(tensors.map { ("\($0.name).npy", $0.npy) })
    }

    /// What `torch.save` would make of a dictionary of these tensors.
    package static func torch(_ tensors: [SampleTensor]) -> [UInt8] {
        let storages = tensors.enumerated().map { ("model/data/\($0)", $1.bytes) }
        return zipArchive(
            [("model/data.pkl", pickle(tensors))] + storages + [("model/version", [0x33, 0x0a])])
    }

    private static func pickle(_ tensors: [SampleTensor]) -> [UInt8] {
        var writer = ByteWriter()
        func text(_ text: String) {
            writer.append("X".utf8)
            writer.u32(UInt32(text.utf8.count))
            writer.append(text.utf8)
        }
        writer.append([0x80, 2])
        writer.append("}(".utf8)
        for (key, tensor) in tensors.enumerated() {
            text(tensor.name)
            writer.append("ctorch._utils\n_rebuild_tensor_v2\n((".utf8)
            text("storage")
            writer.append("ctorch\nFloatStorage\n".utf8)
            text("\(key)")
            text("cpu")
            writer.append("J".utf8)
            writer.u32(UInt32(tensor.count))
            writer.append("tQK\u{0}J".utf8)
            writer.u32(UInt32(tensor.count))
            writer.append([0x85] + Array("K\u{1}".utf8) + [0x85, 0x89])
            writer.append("ccollections\nOrderedDict\n)RtR".utf8)
        }
        writer.append("u.".utf8)
        return writer.bytes
    }
}

/// A zip archive of members that are stored as they are; sums of bytes are left out.
package func zipArchive(_ members: [(name: String, bytes: [UInt8])]) -> [UInt8] {
    var archive = ByteWriter()
    var directory = ByteWriter()
    for (name, bytes) in members {
        let offset = UInt32(archive.count)
        archive.append("PK\u{3}\u{4}".utf8)
        archive.append(zipFields(name, bytes.count))
        archive.append(name.utf8)
        archive.append(bytes)
        directory.append("PK\u{1}\u{2}\u{14}\u{0}".utf8)
        directory.append(zipFields(name, bytes.count) + [UInt8](repeating: 0, count: 10))
        directory.u32(offset)
        directory.append(name.utf8)
    }
    let start = UInt32(archive.count)
    archive.append(directory.bytes)
    archive.append("PK\u{5}\u{6}\u{0}\u{0}\u{0}\u{0}".utf8)
    archive.u16(UInt16(members.count))
    archive.u16(UInt16(members.count))
    archive.u32(UInt32(directory.count))
    archive.u32(start)
    archive.u16(0)
    return archive.bytes
}

/// From the version needed to the length of the extra field, which is 0.
private func zipFields(_ name: String, _ byteCount: Int) -> [UInt8] {
    var writer = ByteWriter()
    writer.append([20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    writer.u32(UInt32(byteCount))
    writer.u32(UInt32(byteCount))
    writer.u16(UInt16(name.utf8.count))
    writer.u16(0)
    return writer.bytes
}

private func aligned(_ count: Int, _ alignment: Int) -> Int {
    (count + alignment - 1) / alignment * alignment
}
