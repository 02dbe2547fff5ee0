// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegManifest
internal import RegTensor
internal import RegTesting

/// What a manifest says of tensors.
enum StatisticsTarget: FuzzTarget {
    static let name = "statistics"

    static func run(_ input: [UInt8]) {
        guard let table = try? StatisticsTable.decode(input) else { return }
        claim(
            table.files.isEmpty || table.encoded == input, "a table of statistics has one way of writing")
    }

    static func seeds() throws -> [[UInt8]] {
        (1...12).compactMap { count -> [UInt8]? in
            var random = SeededRandom(seed: UInt64(count))
            var table = StatisticsTable()
            for _ in 0..<count {
                var file = StatisticsTable.File()
                for number in 0..<3 * count {
                    file[BytePath("layer.\(number).weight")] = TensorStatistics(
                        elementCount: 1 + random.next() % 1_000, nanCount: 0, infiniteCount: 1,
                        mean: Double(bitPattern: random.next()), deviation: .nan, minimum: -1,
                        maximum: .infinity)
                }
                table.add(file, of: random.digest())
            }
            return table.encoded
        }
    }
}
