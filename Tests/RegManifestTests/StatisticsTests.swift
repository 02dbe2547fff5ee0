// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegHash
import RegManifest
import RegTensor
import RegTesting
import Testing

private func statistics(_ elements: UInt64, nan: UInt64 = 0, mean: Double = 0.5) -> TensorStatistics {
    TensorStatistics(
        elementCount: elements, nanCount: nan, infiniteCount: 1, mean: mean, deviation: 0.25, minimum: -1,
        maximum: .infinity)
}

private func file(_ tensors: [String: TensorStatistics]) -> StatisticsTable.File {
    Dictionary(uniqueKeysWithValues: tensors.map { (BytePath($0), $1) })
}

/// The bytes of a tensor in a table, after docs/format.md.
private func tensor(
    _ shared: Int, _ rest: String, elements: UInt64 = 10, nan: UInt64 = 2, infinite: UInt64 = 0,
    bits: UInt64 = 0x3ff0_0000_0000_0000
) -> [UInt8] {
    var writer = ByteWriter()
    writer.append(RawPage.path(shared, rest))
    for count in [elements, nan, infinite] { writer.varint(count) }
    for _ in 0..<4 { writer.u64(bits) }
    return writer.bytes
}

private func table(
    _ files: [(hash: Digest, tensors: [[UInt8]])], magic: String = "RTS1", count: Int? = nil,
    tail: [UInt8] = []
) -> [UInt8] {
    var writer = ByteWriter()
    writer.append(magic.utf8)
    writer.varint(count ?? files.count)
    for file in files {
        writer.append(file.hash.bytes)
        writer.varint(file.tensors.count)
        for tensor in file.tensors { writer.append(tensor) }
    }
    return writer.bytes + tail
}

@Suite struct StatisticsTests {
    private let hashes = [hash(1), hash(2)].sorted()

    @Test func whatIsWrittenIsReadAgain() throws {
        var written = StatisticsTable()
        written.add(
            file(["b": statistics(7), "a.weight": statistics(1 << 40, nan: 3, mean: .nan)]), of: hash(1))
        written.add(file(["": statistics(1)]), of: hash(2))
        written.add([:], of: hash(3))
        let bytes = try #require(written.encoded)
        let read = try StatisticsTable.decode(bytes)
        #expect(read.files == written.files && read.files.count == 2 && read.encoded == bytes)
    }

    @Test func theFormatIsAsDocumented() throws {
        let bytes = table([
            (hashes[0], [tensor(0, "a.b"), tensor(2, "c", nan: 10)]), (hashes[1], [tensor(0, "")]),
        ])
        let read = try StatisticsTable.decode(bytes)
        #expect(read.encoded == bytes)
        #expect(
            read.files[hashes[0]]?[BytePath("a.c")]?.nanCount == 10
                && read.files[hashes[1]]?[BytePath("")]?.mean == 1)
    }

    @Test func everythingElseIsRefused() {
        let sound = table([(hashes[0], [tensor(0, "a"), tensor(0, "b")]), (hashes[1], [tensor(0, "a")])])
        #expect(throws: Never.self) { try StatisticsTable.decode(sound) }
        for count in sound.indices {
            #expect(throws: ManifestError.self) { try StatisticsTable.decode(Array(sound[..<count])) }
        }
        let hostile = [
            table([], tail: [0]), table([], magic: "RTS2"), table([], count: 1_001), table([], count: 1_000),
            table([(hashes[1], [tensor(0, "a")]), (hashes[0], [tensor(0, "a")])]),
            table([(hashes[0], [tensor(0, "a")]), (hashes[0], [tensor(0, "a")])]),
            table([(hashes[0], [])]), table([(hashes[0], [tensor(0, "b"), tensor(0, "a")])]),
            table([(hashes[0], [tensor(0, "a"), tensor(1, "")])]),
            table([(hashes[0], [tensor(0, "a", elements: 0, nan: 0)])]),
            table([(hashes[0], [tensor(0, "a", elements: 3, nan: 2, infinite: 2)])]),
            table([(hashes[0], [tensor(0, "a", nan: .max, infinite: 2)])]),
            table([(hashes[0], [tensor(0, "a", bits: 0x7ff8_0000_0000_0001)])]),
            table([(hashes[0], [tensor(1, "a")])]),
        ]
        for bytes in hostile { #expect(throws: ManifestError.self) { try StatisticsTable.decode(bytes) } }
    }

    @Test func tooMuchIsLeftOut() {
        var files = StatisticsTable()
        for number in 0..<1_001 {
            files.add(file(["a": statistics(1)]), of: SHA256.digest(of: [UInt8](repeating: 1, count: number)))
        }
        #expect(files.encoded == nil && files.files.isEmpty)
        var tensors = StatisticsTable()
        let name = String(repeating: "n", count: 100)
        let many = (0..<90_000).map { (BytePath("\(1_000_000 - $0)\(name)"), statistics(1)) }
        tensors.add(Dictionary(uniqueKeysWithValues: many), of: hash(1))
        #expect(tensors.files.count == 1 && tensors.encoded == nil)
    }

    @Test func aManifestKeepsItsTable() throws {
        var raw = RawManifest()
        #expect(try Manifest.decode(raw.bytes).statistics == nil)
        let bytes = table([(hashes[0], [tensor(0, "a")])])
        raw.extensions = [(Array("later".utf8), [1]), (Array("tensor-statistics".utf8), bytes)]
        #expect(try Manifest.decode(raw.bytes).statistics?.files.count == 1)
        raw.extensions = [(Array("tensor-statistics".utf8), bytes + [0])]
        #expect(try Manifest.decode(raw.bytes).statistics == nil)
        var writer = ManifestWriter { _, _ in throw ManifestError.malformed("no pages") }
        var draft = try writer.finish()
        draft.statistics.add(file(["w": statistics(3)]), of: hash(1))
        #expect(
            try Manifest.decode(draft.encoded { _ in 0 }).statistics?.files[hash(1)]
                == file(["w": statistics(3)]))
    }
}
