// SPDX-License-Identifier: Apache-2.0
internal import RegChunk
internal import RegTensor
internal import RegTesting

/// A whole file, of whatever container.
enum ContainerTarget: FuzzTarget {
    static let name = "container"

    static func run(_ input: [UInt8]) {
        guard let file = try? Container.read(MemoryBytes(input)) else { return }
        let end = UInt64(input.count)
        claim(file.parts.reduce(0) { $0 + $1.byteCount } == end, "the parts are the whole file")
        claim(file.tensors.allSatisfy { $0.range.upperBound <= end }, "tensors are in the file")
        claim(Set(file.tensors.map { Array($0.name.utf8) }).count == file.tensors.count, "names are unique")
        if let draft = try? SafetensorsDraft(file.tensors, of: file) {
            let header = try? SafetensorsHeader.parse(prefix: draft.header, fileSize: draft.byteCount)
            claim(header?.tensors.count == file.tensors.count, "a pulled file has the tensors")
            claim(header?.byteCount == UInt64(draft.header.count), "its header is as long as it says")
        }
        let plan = CutPlan.container(file.parts.map { ($0.byteCount, $0.isHeader) })
        guard case .stretches(let lengths) = plan else { return }
        claim(lengths.reduce(0, +) == end, "the stretches are the whole file")
    }

    static func seeds() -> [[UInt8]] {
        let samples = [0, 1, 2, 5].map { count in
            (0..<count).map { SampleTensor("layer.\($0)", count: 1 + 300 * $0, seed: UInt64($0)) }
        }
        return samples.flatMap { tensors in
            [
                SampleTensor.safetensors(tensors), SampleTensor.gguf(tensors),
                SampleTensor.gguf(tensors, alignment: 8, version: 2), SampleTensor.npz(tensors),
                SampleTensor.torch(tensors),
            ] + tensors.prefix(1).map(\.npy)
        }
    }
}
