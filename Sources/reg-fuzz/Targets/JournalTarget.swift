// SPDX-License-Identifier: Apache-2.0
internal import RegBytes
internal import RegLog
internal import RegTesting

/// A file of the journal: as it is, and as its two lines, with the seal of the second.
enum JournalTarget: FuzzTarget {
    static let name = "journal"

    static func run(_ input: [UInt8]) {
        check(input)
        guard let end = input.firstIndex(of: UInt8(ascii: "\n")) else { return }
        check(Array(input[...end]) + sealed(Array(input[(end + 1)...])))
    }

    private static func check(_ bytes: [UInt8]) {
        guard let pending = Journal.Pending(parsing: bytes) else { return }
        claim(Journal.Pending(parsing: pending.encoded) == pending, "what waits written again is the same")
    }

    static func seeds() throws -> [[UInt8]] {
        try (0..<10 as Range<UInt64>).flatMap { number in
            var random = SeededRandom(seed: 100 + number)
            let record = try RecordTarget.sample(number)
            let bytes = Journal.Pending(registry: try random.name(), record: record).encoded
            return [bytes, Array(bytes.dropLast(73))]
        }
    }
}
