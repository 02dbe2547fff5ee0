// SPDX-License-Identifier: Apache-2.0
package import RegBytes
package import RegHash
package import RegTensor

/// Statistics of the tensors of files, which a manifest may have (docs/format.md, "Statistics").
package struct StatisticsTable: Equatable, Sendable {
    static let extensionName = "tensor-statistics"
    private static let magic: StaticString = "RTS1"
    static let byteLimit = 8 << 20
    private static let fileLimit = 1_000
    /// Of the names of all tensors of a file together, decoded.
    private static let nameByteLimit = 16 << 20

    /// By name, as bytes.
    package typealias File = [BytePath: TensorStatistics]

    /// By the hash of the file.
    package private(set) var files: [Digest: File] = [:]

    /// The longest name of a tensor, in bytes.
    package static var nameLimit: Int { PathHazard.maximumByteCount }
    /// The least that a tensor takes.
    private static let tensorByteCount = 37

    private var tensorCount = 0
    /// Whether a manifest has no room for it, as far as that is known already.
    private var isTooLong = false

    package init() {}

    /// Takes in a file; of more than a manifest has room for, nothing is kept.
    package mutating func add(_ file: File, of hash: Digest) {
        guard !isTooLong, !file.isEmpty, files.updateValue(file, forKey: hash) == nil else { return }
        tensorCount += file.count
        guard
            files.count > StatisticsTable.fileLimit
                || tensorCount > StatisticsTable.byteLimit / StatisticsTable.tensorByteCount
        else { return }
        isTooLong = true
        files = [:]
    }

    /// Nil where a manifest has no room for it, or need not have it.
    package var encoded: [UInt8]? {
        if files.isEmpty { return nil }
        var writer = ByteWriter()
        writer.append(StatisticsTable.magic)
        writer.varint(files.count)
        for (hash, tensors) in files.sorted(by: { $0.key < $1.key }) {
            writer.append(hash.bytes)
            writer.varint(tensors.count)
            var names = PathEncoder()
            for (name, statistics) in tensors.sorted(by: { $0.key < $1.key }) {
                names.encode(name, to: &writer)
                writer.varint(statistics.elementCount)
                writer.varint(statistics.nanCount)
                writer.varint(statistics.infiniteCount)
                for number in [
                    statistics.mean, statistics.deviation, statistics.minimum, statistics.maximum,
                ] {
                    writer.u64(number.encodedBits)
                }
            }
            guard writer.bytes.count <= StatisticsTable.byteLimit else { return nil }
        }
        return writer.bytes
    }

    package static func decode(_ bytes: [UInt8]) throws(ManifestError) -> StatisticsTable {
        guard bytes.count <= byteLimit else { throw .overLimit("statistics of \(bytes.count) bytes") }
        return try parsing {
            var reader = ByteReader(bytes)
            guard reader.skip(magic) else { throw wrongMagic(&reader, "RTS", "statistics") }
            var table = StatisticsTable()
            var last: Digest?
            for _ in 0..<(try reader.count(limit: fileLimit)) {
                guard let hash = Digest(try reader.take(Digest.byteCount)), last.map({ $0 < hash }) ?? true
                else { throw ManifestError.malformed("the files of its statistics are not in order") }
                last = hash
                table.files[hash] = try readFile(&reader)
            }
            try reader.expectEnd()
            return table
        }
    }

    private static func readFile(_ reader: inout ByteReader) throws -> File {
        let count = try reader.count(limit: reader.remaining / tensorByteCount)
        guard count > 0 else { throw ManifestError.malformed("statistics of no tensor") }
        var names = PathDecoder(byteLimit: nameByteLimit)
        var tensors = File(minimumCapacity: count)
        var last: BytePath?
        for _ in 0..<count {
            let name = try names.decode(&reader)
            guard last.map({ $0 < name }) ?? true else {
                throw ManifestError.malformed("the tensors of its statistics are not in order")
            }
            last = name
            tensors[name] = try readTensor(&reader)
        }
        return tensors
    }

    private static func readTensor(_ reader: inout ByteReader) throws -> TensorStatistics {
        let (elements, nans, infinities) = (
            try reader.varint(), try reader.varint(), try reader.varint()
        )
        let (odd, overflows) = nans.addingReportingOverflow(infinities)
        guard elements > 0, !overflows, odd <= elements else {
            throw ManifestError.malformed("statistics of a tensor count more than it has")
        }
        let numbers = try (0..<4).map { _ in
            let bits = try reader.u64()
            let number = Double(bitPattern: bits)
            guard number.encodedBits == bits else {
                throw ManifestError.malformed("a number of its statistics is not in its one form")
            }
            return number
        }
        return TensorStatistics(
            elementCount: elements, nanCount: nans, infiniteCount: infinities, mean: numbers[0],
            deviation: numbers[1], minimum: numbers[2], maximum: numbers[3])
    }
}

extension Double {
    /// All that are not numbers have the same bits.
    fileprivate var encodedBits: UInt64 { isNaN ? 0x7ff8_0000_0000_0000 : bitPattern }
}
