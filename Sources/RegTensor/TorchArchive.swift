// SPDX-License-Identifier: Apache-2.0

/// What `torch.save` writes: a zip archive of `NAME/data.pkl`, a pickle, and of `NAME/data/KEY`, the bytes of storages.
///
/// Cuts follow from the archive's directory alone. The pickle is read as data for names, types and shapes; where it
/// cannot be understood, each storage is a tensor of bytes by the name of its member.
enum TorchArchive {
    private static let pickleName = "data.pkl"
    private static let pickleByteLimit: UInt64 = 4 << 20

    /// Nil where the archive is none of PyTorch.
    static func read(_ archive: ZipArchive, _ file: some FileBytes) throws -> TensorFile? {
        let pickles = archive.members.filter {
            let parts = $0.name.split(separator: "/", omittingEmptySubsequences: false)
            return parts.count == 2 && parts[1] == pickleName
        }
        guard let pickle = pickles.first, pickles.count == 1 else { return nil }
        let folder = String(pickle.name.dropLast(pickleName.count))
        let prefix = folder + "data/"
        let storages = archive.members.filter { $0.name.hasPrefix(prefix) }.map {
            Storage(key: String($0.name.dropFirst(prefix.count)), range: $0.range)
        }
        var tensors: [Tensor] = []
        if pickle.range.length <= pickleByteLimit, try isLittleEndian(archive, folder, file) {
            let bytes = try file.part(at: pickle.range.lowerBound, count: pickle.range.length)
            tensors = (try? self.tensors(in: bytes, storages)) ?? []  // then none has a name
        }
        return try TensorFile(
            .torch, byteCount: file.byteCount, headers: [pickle.range, archive.directory],
            tensors: tensors + unnamed(storages, beside: tensors),
            storages: storages.map { ($0.name, $0.range) })
    }

    private struct Storage {
        let key: String
        let range: Range<UInt64>

        /// What it is called where the pickle has no name for it.
        var name: String { "data/\(key)" }
    }

    /// Whether elements are as we take them; archives of versions before 2.1 do not say.
    private static func isLittleEndian(
        _ archive: ZipArchive, _ folder: String, _ file: some FileBytes
    ) throws -> Bool {
        guard let order = archive.members.first(where: { $0.name == folder + "byteorder" }) else {
            return true
        }
        let count = min(order.range.length, 16)
        return try file.part(at: order.range.lowerBound, count: count).elementsEqual("little".utf8)
    }

    /// The storages in which no tensor begins that has a name, as bytes.
    private static func unnamed(_ storages: [Storage], beside tensors: [Tensor]) -> [Tensor] {
        let starts = tensors.map(\.range.lowerBound).sorted()
        return storages.compactMap { storage in
            let next = starts.partition { $0 < storage.range.lowerBound }
            let end = max(storage.range.upperBound, storage.range.lowerBound + 1)
            if next < starts.count, starts[next] < end { return nil }
            return Tensor(
                name: storage.name, dtype: "U8", shape: [storage.range.length], range: storage.range)
        }
    }

    /// The tensors that a pickle names and that are plain runs of bytes of a storage.
    private static func tensors(in bytes: [UInt8], _ storages: [Storage]) throws(ContainerError) -> [Tensor] {
        let ranges = Dictionary(storages.map { ($0.key, $0.range) }, uniquingKeysWith: { first, _ in first })
        let pickle = try Pickle(bytes)
        var tensors: [Tensor] = []
        var names: Set<[UInt8]> = []
        for (name, view) in pickle.namedTensors() where view.isContiguous {
            let storage = pickle.storages[view.storage]
            guard let range = ranges[storage.key], let dtype = dtype(view.dtype ?? storage.type),
                let bits = Tensor.bitCount(dtype: dtype), let count = product(of: view.shape)
            else { continue }
            let (byteCount, isTooLong) = count.multipliedReportingOverflow(by: bits / 8)
            let (offset, isTooFar) = view.offset.multipliedReportingOverflow(by: bits / 8)
            guard !isTooLong, !isTooFar, offset <= range.length, byteCount <= range.length - offset else {
                throw .badRange(name: name)
            }
            guard names.insert(Array(name.utf8)).inserted else { continue }
            let start = range.lowerBound + offset
            tensors.append(
                Tensor(name: name, dtype: dtype, shape: view.shape, range: start..<start + byteCount))
        }
        return tensors
    }

    /// What a class of storages, or a dtype, of PyTorch is in safetensors' words; nil for one without a word there.
    private static func dtype(_ type: String) -> String? {
        switch type {
        case "torch FloatStorage", "torch float32": "F32"
        case "torch DoubleStorage", "torch float64": "F64"
        case "torch HalfStorage", "torch float16": "F16"
        case "torch BFloat16Storage", "torch bfloat16": "BF16"
        case "torch LongStorage", "torch int64": "I64"
        case "torch IntStorage", "torch int32": "I32"
        case "torch ShortStorage", "torch int16": "I16"
        case "torch CharStorage", "torch int8": "I8"
        case "torch ByteStorage", "torch uint8": "U8"
        case "torch BoolStorage", "torch bool": "BOOL"
        case "torch ComplexFloatStorage", "torch complex64": "C64"
        case "torch uint16": "U16"
        case "torch uint32": "U32"
        case "torch uint64": "U64"
        case "torch float8_e4m3fn": "F8_E4M3"
        case "torch float8_e5m2": "F8_E5M2"
        case "torch float8_e4m3fnuz": "F8_E4M3FNUZ"
        case "torch float8_e5m2fnuz": "F8_E5M2FNUZ"
        case "torch float8_e8m0fnu": "F8_E8M0"
        default: nil
        }
    }
}

extension Pickle.TensorView {
    /// Whether its elements follow one another, the last dimension fastest.
    fileprivate var isContiguous: Bool {
        var wanted: UInt64 = 1
        for (dimension, stride) in zip(shape, strides).reversed() where dimension != 1 {
            if dimension == 0 { return true }
            guard stride == wanted else { return false }
            let (next, overflows) = wanted.multipliedReportingOverflow(by: dimension)
            if overflows { return false }
            wanted = next
        }
        return true
    }
}

extension Range<UInt64> {
    fileprivate var length: UInt64 { upperBound - lowerBound }
}

extension [UInt64] {
    /// How many elements come first that are `smaller`, of sorted ones.
    fileprivate func partition(_ smaller: (UInt64) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if smaller(self[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
