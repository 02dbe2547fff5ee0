// SPDX-License-Identifier: Apache-2.0

package import RegJSON

/// A container of tensors: what its headers say, checked.
package struct TensorFile: Equatable, Sendable {
    /// A part of the file; parts follow one another without gaps.
    package struct Part: Equatable, Sendable {
        package let byteCount: UInt64
        /// Whether it describes tensors; else it is a tensor's, or lies between tensors.
        package let isHeader: Bool
    }

    package let container: Container
    /// The length of the file.
    package let byteCount: UInt64
    /// In the order of their bytes in the file; only those of PyTorch's files may share bytes.
    package let tensors: [Tensor]
    /// What a safetensors header says besides, texts by key; nothing for other containers.
    package let metadata: JSONObject
    /// What the file is made of, in order; padding and the like between tensors is a part of its own.
    package let parts: [Part]

    /// The most tensors that a file may have.
    static let tensorLimit = 100_000

    /// Checks that all parts lie inside the file and none overlaps with another, and that names are unique.
    ///
    /// `headers`: where tensors are described.
    /// `storages`: where bytes of tensors are, with a name for each; nil for where the tensors are.
    init(
        _ container: Container, byteCount: UInt64, headers: [Range<UInt64>], tensors: [Tensor],
        storages: [(name: String, range: Range<UInt64>)]? = nil, metadata: JSONObject = [:]
    ) throws(ContainerError) {
        self.container = container
        self.byteCount = byteCount
        self.metadata = metadata
        self.tensors = tensors.sorted {
            ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
        }
        try TensorFile.checkNames(tensors)
        var known = headers.map { (name: "", range: $0, isHeader: true) }
        for storage in storages ?? tensors.map({ ($0.name, $0.range) }) {
            known.append((name: storage.name, range: storage.range, isHeader: false))
        }
        var parts: [Part] = []
        var place: UInt64 = 0
        for part in known.sorted(by: { $0.range.lowerBound < $1.range.lowerBound }) {
            let range = part.range
            if range.isEmpty && range.upperBound <= byteCount { continue }
            guard range.lowerBound >= place, range.upperBound <= byteCount else {
                throw .badRange(name: part.name)
            }
            if range.lowerBound > place {
                parts.append(Part(byteCount: range.lowerBound - place, isHeader: false))
            }
            parts.append(Part(byteCount: range.upperBound - range.lowerBound, isHeader: part.isHeader))
            place = range.upperBound
        }
        if place < byteCount { parts.append(Part(byteCount: byteCount - place, isHeader: false)) }
        self.parts = parts
    }

    private static func checkNames(_ tensors: [Tensor]) throws(ContainerError) {
        guard tensors.count <= tensorLimit else { throw .tooLarge(offset: 0) }
        // By bytes: what Unicode calls equal are two names.
        var names: Set<[UInt8]> = []
        for tensor in tensors where !names.insert(Array(tensor.name.utf8)).inserted {
            throw .duplicate(name: tensor.name)
        }
    }
}
