// SPDX-License-Identifier: Apache-2.0

/// The kinds of files that hold tensors.
package enum Container: String, CaseIterable, Sendable {
    case safetensors, gguf, npy, npz
    /// What `torch.save` writes since PyTorch 1.6: a zip archive.
    case torch
}

extension Container {
    /// Which container a file is, and what its headers say; nil for any other file, also one that is not quite sound.
    ///
    /// Only headers are read, and nothing of them is run: what they say is data.
    /// - Throws: whatever reading the file fails with.
    /// - SeeAlso: docs/format.md, "Chunking".
    package static func read(_ file: some FileBytes) throws -> TensorFile? {
        do {
            let start = try file.part(at: 0, count: min(file.byteCount, 9))
            if start.starts(with: GGUFHeader.magic) { return try GGUFHeader.read(file) }
            if start.starts(with: ArrayHeader.magic) { return try ArrayHeader.read(file) }
            if start.starts(with: ZipArchive.magic) {
                let archive = try ZipArchive(file)
                return try TorchArchive.read(archive, file) ?? archive.arrays(file)
            }
            if start.last == UInt8(ascii: "{") { return try SafetensorsHeader.read(file) }
            return nil
        } catch is ContainerError {
            return nil
        } catch is SafetensorsError {
            return nil
        }
    }
}

extension SafetensorsHeader {
    static func read(_ file: some FileBytes) throws -> TensorFile {
        let count = try byteCount(
            prefix: file.part(at: 0, count: UInt64(lengthFieldByteCount)), fileSize: file.byteCount)
        let header = try parse(
            prefix: file.part(at: 0, count: UInt64(count)), fileSize: file.byteCount)
        return try TensorFile(
            .safetensors, byteCount: file.byteCount, headers: [0..<header.byteCount], tensors: header.tensors,
            metadata: header.metadata)
    }
}
